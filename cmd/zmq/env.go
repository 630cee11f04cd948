package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// env is the environment of a command: that of the process, or another one, so
// that one process can run several commands.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	terminal struct{ in, out, err bool }

	// inproc allows inproc endpoints: the process has other sockets.
	inproc bool

	command string // the name of the command, such as "perf local_thr"

	mu sync.Mutex // guards stderr
}

// processEnv is the env of this process.
func processEnv() *env {
	e := &env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	e.terminal.in = term.IsTerminal(int(os.Stdin.Fd()))
	e.terminal.out = term.IsTerminal(int(os.Stdout.Fd()))
	e.terminal.err = term.IsTerminal(int(os.Stderr.Fd()))
	return e
}

// logCommandf is like logf with the name of the command before the text.
func (e *env) logCommandf(format string, args ...any) {
	if e.command != "" {
		format, args = "%s: "+format, append([]any{e.command}, args...)
	}
	e.logf(format, args...)
}

// logf writes one line to standard error. It escapes control characters,
// because the text may contain text from a peer.
func (e *env) logf(format string, args ...any) {
	line := showControls([]byte("zmq: "), fmt.Appendf(nil, format, args...))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stderr.Write(append(line, '\n'))
}
