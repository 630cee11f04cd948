package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// waitFlags configure when a publisher begins to send.
type waitFlags struct {
	Wait   *int `placeholder:"N" xor:"wait" help:"Begin to send when N subscribers would receive the first line, or one and the same argument. Default 1."`
	NoWait bool `xor:"wait" help:"Begin to send at once. Messages without a subscriber are lost."`
}

// waitTerms describes subscriptions in messages: those of a PUB to topics, or
// those of a RADIO to groups.
type waitTerms struct {
	peer       string                 // a peer with a subscription
	subscribe  string                 // the verb
	subscribed string                 // its participle
	topic      func(r *record) string // the topic or group that a message is sent to
}

var (
	subscription = waitTerms{"subscriber", "subscribe to", "subscribed to", func(r *record) string { return string(r.frames[0]) }}
	membership   = waitTerms{"member", "join", "joined", func(r *record) string { return r.group }}
)

// waitSubscribers is the method WaitSubscribers of a publisher.
type waitSubscribers func(ctx context.Context, n int, topic string, others ...string) error

// subscribers returns the number of subscribers to wait for.
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

// waitBeforeFirst makes the job wait for n subscribers before its first
// message.
func (j *job) waitBeforeFirst(n int, wait waitSubscribers, terms waitTerms) {
	j.awaitedPeer, j.waitTerms = terms.peer, terms
	j.beforeFirst = func(ctx context.Context, first *record) error {
		if n == 0 {
			return nil
		}
		return j.awaitSubscribers(ctx, wait, n, j.topics(first))
	}
}

// topics returns the topics of all arguments, or that of the first line.
func (j *job) topics(first *record) []string {
	list, ok := j.in.src.(*listSource)
	if !ok {
		return []string{j.waitTerms.topic(first)}
	}
	var topics []string
	seen := make(map[string]bool)
	for i := range list.list {
		if t := j.waitTerms.topic(&list.list[i]); !seen[t] {
			seen[t] = true
			topics = append(topics, t)
		}
	}
	return topics
}

// awaitSubscribers waits until one of the topics has n subscribers. The library
// counts the subscribers of one topic; a sum over several topics could count a
// peer twice.
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
		few := fmt.Sprintf("fewer than %d", n)
		if n == 1 {
			few = "no peer"
		}
		j.missing = fmt.Sprintf("%s %s %s", few, j.waitTerms.subscribed, topicList(n, topics))
	}
	return err
}

// hintSubscribers reports which subscribers a publisher with peers waits for.
// For a publisher without peers, reportNoPeer does.
func (j *job) hintSubscribers(n int, topics []string) {
	if j.sock.Stats().Peers > 0 {
		j.e.logCommandf("waiting for %d to %s %s (--no-wait does not)", n, j.waitTerms.subscribe, topicList(n, topics))
	}
}

// waitAny waits until one of the topics has n subscribers.
func waitAny(ctx context.Context, wait waitSubscribers, n int, topics []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, len(topics))
	for _, t := range topics {
		go func() { done <- wait(ctx, n, t) }()
	}
	return <-done
}

// topicList lists the topics that n subscribers are awaited for.
func topicList(n int, topics []string) string {
	if n > 1 && len(topics) > 1 {
		return "the same one of " + joinSome(topics)
	}
	return joinSome(topics)
}

// joinSome lists at most three topics.
func joinSome(topics []string) string {
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
