// Package pyzmqtest runs the foreign peer of a test: testdata/peer.py of the package that is
// tested, with pyzmq.
package pyzmqtest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// interpreter is the Python that has pyzmq.
const interpreter = "/usr/bin/python3"

// Process is a process that runs testdata/peer.py with pyzmq.
type Process struct {
	t     *testing.T
	In    io.Writer // the input of the process
	lines chan string
}

// Start starts the process with arguments, which is killed at the end of the test.
func Start(t *testing.T, args ...string) *Process {
	t.Helper()
	if err := exec.Command(interpreter, "-I", "-c", "import zmq").Run(); err != nil {
		if os.Getenv("ZMQ_INTEROP_REQUIRED") == "1" {
			t.Fatalf("%s with pyzmq: %v", interpreter, err)
		}
		t.Skipf("%s with pyzmq is not available: %v", interpreter, err)
	}
	cmd := exec.Command(interpreter, append([]string{"-I", "testdata/peer.py"}, args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	f := &Process{t: t, In: in, lines: make(chan string, 100)}
	go func() {
		defer close(f.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			f.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		for range f.lines {
		}
		cmd.Wait()
	})
	return f
}

// Line returns the next line of output.
func (f *Process) Line() string {
	f.t.Helper()
	select {
	case text, ok := <-f.lines:
		if ok {
			return text
		}
		f.t.Fatal("the process has ended")
	case <-time.After(20 * time.Second):
		f.t.Fatal("no output")
	}
	return ""
}

// Do sends commands, each of which the process answers with ok.
func (f *Process) Do(commands ...string) {
	f.t.Helper()
	for _, c := range commands {
		fmt.Fprintln(f.In, c)
		if got := f.Line(); got != "ok" {
			f.t.Fatalf("%s: %s", c, got)
		}
	}
}

// Prints checks the next lines of output.
func (f *Process) Prints(lines ...string) {
	f.t.Helper()
	for _, want := range lines {
		if got := f.Line(); got != want {
			f.t.Errorf("printed %q, want %q", got, want)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
