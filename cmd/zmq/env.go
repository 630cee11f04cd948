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

	mu   sync.Mutex // guards stderr and live
	live string     // the last line of the terminal that standard error is
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
	e.writeError(append(line, '\n'))
}

// eraseLine erases the line of the cursor on a terminal.
const eraseLine = "\r\x1b[K"

// writeError writes lines to standard error, above the live line.
func (e *env) writeError(lines []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.live == "" {
		e.stderr.Write(lines)
		return
	}
	io.WriteString(e.stderr, eraseLine+string(lines)+e.live)
}

// setLive replaces the live line: a last line on the terminal, which is rewritten
// and does not scroll. The empty text removes it.
func (e *env) setLive(text string) {
	if width, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && width > 0 && len(text) >= width {
		text = text[:width-1] // a line that wraps cannot be erased
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if text != e.live {
		io.WriteString(e.stderr, eraseLine+text)
	}
	e.live = text
}
