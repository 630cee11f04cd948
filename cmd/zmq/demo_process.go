package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// launcher starts commands of ours.
type launcher interface {
	start(ctx context.Context, args []string, input string) *running
}

// running is a command that was started.
type running struct {
	name    string
	out     bytes.Buffer
	notices notices
	done    chan struct{} // closed when it has ended
	err     error         // how; set before done is closed
}

func newRunning(args []string) *running {
	return &running{name: args[0], notices: notices{bound: make(chan struct{})}, done: make(chan struct{})}
}

// endpoint is where it is bound, which it says if that is not what it was
// asked.
func (r *running) endpoint(asked string) (string, error) {
	if !ephemeral(asked) {
		return asked, nil
	}
	select {
	case <-r.notices.bound:
		return r.notices.endpoint, nil
	case <-r.done:
		return "", errors.New("ended before it was bound")
	}
}

// wait returns what it printed and how it ended.
func (r *running) wait() (string, error) {
	<-r.done
	if r.err != nil {
		return "", fmt.Errorf("%s: %w%s", r.name, r.err, r.notices.last())
	}
	return r.out.String(), nil
}

// notices is a standard error that is searched for where the command is bound.
type notices struct {
	mu       sync.Mutex
	text     bytes.Buffer
	bound    chan struct{} // closed when endpoint is known
	endpoint string
}

func (n *notices) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text.Write(b)
	if n.endpoint == "" {
		_, after, _ := strings.Cut(n.text.String(), listening)
		if endpoint, _, whole := strings.Cut(after, "\n"); whole {
			n.endpoint = endpoint
			close(n.bound)
		}
	}
	return len(b), nil
}

// last is the last line, in brackets.
func (n *notices) last() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := strings.TrimSpace(n.text.String())
	if text == "" {
		return ""
	}
	return " (" + text[strings.LastIndexByte(text, '\n')+1:] + ")"
}

// processes is the launcher of processes: the path of this command.
type processes struct{ exe string }

func (p processes) start(ctx context.Context, args []string, input string) *running {
	r := newRunning(args)
	cmd := exec.CommandContext(ctx, p.exe, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &r.out, &r.notices
	cmd.WaitDelay = interruptDrain + time.Second
	cmd.Cancel = func() error { // kindly, so that it removes its ipc files
		if cmd.Process.Signal(os.Interrupt) == nil {
			return nil
		}
		return cmd.Process.Kill()
	}
	go func() {
		defer close(r.done)
		r.err = cmd.Run()
	}()
	return r
}

// inproc has a process run an exchange within itself.
func (p processes) inproc(ctx context.Context, pattern string, scale int) error {
	_, err := p.start(ctx, []string{"demo-inproc", pattern, fmt.Sprint(scale)}, "").wait()
	return err
}

// goroutines is the launcher of commands within this process.
type goroutines struct{}

func (goroutines) start(ctx context.Context, args []string, input string) *running {
	r := newRunning(args)
	e := &env{stdin: strings.NewReader(input), stdout: &r.out, stderr: &r.notices, inproc: true}
	go func() {
		defer close(r.done)
		if status := run(ctx, args, e); status != exitOK {
			r.err = fmt.Errorf("exit status %d", status)
		}
	}()
	return r
}
