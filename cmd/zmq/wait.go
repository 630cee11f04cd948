package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// waitFlags say when a publisher begins.
type waitFlags struct {
	Wait   *int `placeholder:"N" xor:"wait" help:"Send nothing before N subscribers want the same message: the first line, or any one of the arguments. Default 1."`
	NoWait bool `xor:"wait" help:"Send at once: what nobody subscribes to is lost."`
}

// interest is how peers of a publisher say what they want.
type interest struct {
	peer      string                 // who they are to it
	say, said string                 // what they do, and have done
	topic     func(r *record) string // what they must want to get a message
}

var (
	subscription = interest{"subscriber", "subscribe to", "subscribed to", func(r *record) string { return string(r.frames[0]) }}
	membership   = interest{"member", "join", "joined", func(r *record) string { return r.group }}
)

// waitSubscribers is the method of publishers.
type waitSubscribers func(ctx context.Context, n int, topic string) error

// subscribers is how many to wait for.
func (f *waitFlags) subscribers() (int, error) {
	switch {
	case f.NoWait:
		return 0, nil
	case f.Wait == nil:
		return 1, nil
	case *f.Wait < 0:
		return 0, usagef("--wait must not be negative")
	}
	return *f.Wait, nil
}

// awaitFirst has the job wait for n subscribers before its first message.
func (j *job) awaitFirst(n int, wait waitSubscribers, how interest) {
	j.awaited, j.interest = how.peer, how
	j.ready = func(ctx context.Context, first *record) error {
		if n == 0 {
			return nil
		}
		return j.awaitSubscribers(ctx, wait, n, j.topics(first))
	}
}

// topics is what subscribers may want: of arguments we know all.
func (j *job) topics(first *record) []string {
	list, ok := j.in.src.(*listSource)
	if !ok {
		return []string{j.interest.topic(first)}
	}
	var topics []string
	seen := make(map[string]bool)
	for i := range list.list {
		if t := j.interest.topic(&list.list[i]); !seen[t] {
			seen[t] = true
			topics = append(topics, t)
		}
	}
	return topics
}

// awaitSubscribers waits until n peers subscribe to one of the topics, all to
// the same: the library counts the subscribers of a topic, and not those of
// several without counting some twice.
func (j *job) awaitSubscribers(ctx context.Context, wait waitSubscribers, n int, topics []string) error {
	hinting, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		hint(hinting, func(ctx context.Context) error { return waitAny(ctx, wait, n, topics) },
			func() { j.hintSubscribers(n, topics) })
	})
	defer wg.Wait()
	defer stop()
	err := waitAny(ctx, wait, n, topics)
	if err != nil {
		j.waiting = fmt.Sprintf("fewer than %d %s %s", n, j.interest.said, wanted(n, topics))
	}
	return err
}

// hintSubscribers says what a publisher with peers waits for. One without says
// that it is alone.
func (j *job) hintSubscribers(n int, topics []string) {
	if j.sock.Stats().Peers > 0 {
		j.e.sayAs("waiting for %d to %s %s (--no-wait does not)", n, j.interest.say, wanted(n, topics))
	}
}

// waitAny waits until n peers subscribe to one of the topics.
func waitAny(ctx context.Context, wait waitSubscribers, n int, topics []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, len(topics))
	for _, t := range topics {
		go func() { done <- wait(ctx, n, t) }()
	}
	return <-done
}

// wanted says what n peers are to subscribe to.
func wanted(n int, topics []string) string {
	if n > 1 && len(topics) > 1 {
		return "the same one of " + someOf(topics)
	}
	return someOf(topics)
}

// someOf lists topics, but not a screenful.
func someOf(topics []string) string {
	const most = 3
	var list []string
	for _, t := range topics[:min(most, len(topics))] {
		list = append(list, fmt.Sprintf("%.60q", t))
	}
	if more := len(topics) - most; more > 0 {
		list = append(list, fmt.Sprintf("%d others", more))
	}
	return strings.Join(list, " or ")
}
