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

// launcher starts zmq commands.
type launcher interface {
	start(ctx context.Context, args []string, input string) *running
}

// running is a started command.
type running struct {
	name   string
	out    bytes.Buffer
	stderr stderrLog
	done   chan struct{} // closed when the command has ended
	err    error         // set before done is closed
}

func newRunning(args []string) *running {
	return &running{name: args[0], stderr: stderrLog{bound: make(chan struct{})}, done: make(chan struct{})}
}

// endpoint returns the endpoint that the command has bound. asked is the
// endpoint in its arguments.
func (r *running) endpoint(asked string) (string, error) {
	if !ephemeral(asked) {
		return asked, nil
	}
	select {
	case <-r.stderr.bound:
		return r.stderr.endpoint, nil
	case <-r.done:
		return "", errors.New("the command ended before it was bound")
	}
}

// wait waits until the command has ended, and returns its output and its error.
func (r *running) wait() (string, error) {
	<-r.done
	if r.err != nil {
		return "", fmt.Errorf("%s: %w%s", r.name, r.err, r.stderr.last())
	}
	return r.out.String(), nil
}

// stderrLog collects standard error, and finds the bound endpoint in it.
type stderrLog struct {
	mu       sync.Mutex
	text     bytes.Buffer
	bound    chan struct{} // closed when endpoint is known
	endpoint string
}

func (n *stderrLog) Write(b []byte) (int, error) {
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

// last returns the last line, in brackets.
func (n *stderrLog) last() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := strings.TrimSpace(n.text.String())
	if text == "" {
		return ""
	}
	return " (" + text[strings.LastIndexByte(text, '\n')+1:] + ")"
}

// processes starts commands as processes.
type processes struct{ exe string } // the path of this command

func (p processes) start(ctx context.Context, args []string, input string) *running {
	r := newRunning(args)
	cmd := exec.CommandContext(ctx, p.exe, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &r.out, &r.stderr
	cmd.WaitDelay = interruptDrain + time.Second
	cmd.Cancel = func() error { // an interrupt lets it remove its ipc files
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

// inproc runs an exchange between the sockets of one new process.
func (p processes) inproc(ctx context.Context, pattern string, scale int) error {
	_, err := p.start(ctx, []string{"demo-inproc", pattern, fmt.Sprint(scale)}, "").wait()
	return err
}

// goroutines starts commands in this process.
type goroutines struct{}

func (goroutines) start(ctx context.Context, args []string, input string) *running {
	r := newRunning(args)
	e := &env{stdin: strings.NewReader(input), stdout: &r.out, stderr: &r.stderr, inproc: true}
	go func() {
		defer close(r.done)
		if status := run(ctx, args, e); status != exitOK {
			r.err = fmt.Errorf("exit status %d", status)
		}
	}()
	return r
}
