package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// env is the world a command runs in: that of the process, or one made up, so
// that several commands can run side by side in one process.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	terminal struct{ in, out, err bool }

	// inproc allows inproc endpoints: there are others in this process.
	inproc bool

	command string // the one that runs, as it was typed

	mu sync.Mutex // guards stderr, which several goroutines write to
}

// processEnv is the env of this process.
func processEnv() *env {
	e := &env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	e.terminal.in = term.IsTerminal(int(os.Stdin.Fd()))
	e.terminal.out = term.IsTerminal(int(os.Stdout.Fd()))
	e.terminal.err = term.IsTerminal(int(os.Stderr.Fd()))
	return e
}

// sayAs is say for what makes sense only with the name of the command.
func (e *env) sayAs(format string, args ...any) {
	if e.command != "" {
		format, args = "%s: "+format, append([]any{e.command}, args...)
	}
	e.say(format, args...)
}

// say writes one line to standard error. Parts of it may be a peer's words, so
// control characters are shown and not written.
func (e *env) say(format string, args ...any) {
	line := showControls([]byte("zmq: "), fmt.Appendf(nil, format, args...))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stderr.Write(append(line, '\n'))
}
