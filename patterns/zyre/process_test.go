package zyre_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// interpreter is Debian's Python.
const interpreter = "/usr/bin/python3"

// process is a foreign program that prints lines and ends with its standard input.
type process struct {
	t     *testing.T
	in    io.WriteCloser
	lines chan string
	ended chan error
}

// run starts a program.
func run(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	p := &process{t: t, in: in, lines: make(chan string, 10_000), ended: make(chan error, 1)}
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
		p.ended <- cmd.Wait()
	}()
	t.Cleanup(func() { p.end() })
	return p
}

// end ends the program and waits for that.
func (p *process) end() {
	p.in.Close()
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Errorf("the program ended with %v", err)
		}
		p.ended <- nil
	case <-time.After(20 * time.Second):
		p.t.Error("the program does not end")
	}
}

// next returns the next line.
func (p *process) next() string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatal("the program has ended")
		}
		return line
	case <-time.After(20 * time.Second):
		p.t.Fatal("the program prints nothing")
		return ""
	}
}

// want reads the next lines, which must be the given ones.
func (p *process) want(lines ...string) {
	p.t.Helper()
	for _, w := range lines {
		if got := p.next(); got != w {
			p.t.Fatalf("the program printed %q, want %q", got, w)
		}
	}
}

// command writes a line.
func (p *process) command(format string, args ...any) {
	p.t.Helper()
	_, err := fmt.Fprintf(p.in, format+"\n", args...)
	must(p.t, err)
}

// requirePython skips the test if a statement of Python fails. With
// ZMQ_INTEROP_REQUIRED=1 it fails the test instead.
func requirePython(t *testing.T, statement string) {
	t.Helper()
	out, err := exec.Command(interpreter, "-I", "-c", statement).CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("ZMQ_INTEROP_REQUIRED") == "1":
		t.Fatalf("ZMQ_INTEROP_REQUIRED=1, but %q fails: %v %s", statement, err, out)
	default:
		t.Skipf("%q fails: %v", statement, err)
	}
}
