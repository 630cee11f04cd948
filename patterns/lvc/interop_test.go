package lvc_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/lvc"
)

// interpreter is the Python that has pyzmq.
const interpreter = "/usr/bin/python3"

// foreign is a process that runs testdata/peer.py with pyzmq.
type foreign struct {
	t     *testing.T
	in    io.Writer
	lines chan string
}

// startForeign starts the process, which is killed at the end of the test.
func startForeign(t *testing.T, args ...string) *foreign {
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
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	f := &foreign{t: t, in: in, lines: make(chan string, 100)}
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

// line returns the next line of output.
func (f *foreign) line() string {
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

// do sends lines of input.
func (f *foreign) do(lines ...string) {
	f.t.Helper()
	for _, c := range lines {
		fmt.Fprintln(f.in, c)
		if got := f.line(); got != "ok" {
			f.t.Fatalf("%s: %s", c, got)
		}
	}
}

func TestProxyBetweenForeignSockets(t *testing.T) {
	p, err := lvc.New(nil)
	must(t, err)
	defer p.Close()
	front, err := p.Front().Bind("tcp://127.0.0.1:*")
	must(t, err)
	back, err := p.Back().Bind("tcp://127.0.0.1:*")
	must(t, err)
	go p.Run(t.Context())
	pub := startForeign(t, "pub", front)
	if got := pub.line(); got != "ready" {
		t.Fatal(got)
	}
	pub.do("a1 1", "b 1", "a2 1", "a1 2")
	watch, err := zmq.NewSub(nil)
	must(t, err)
	defer watch.Close()
	must(t, watch.Subscribe(""))
	must(t, watch.Connect(back))
	for got := ""; got != "a1\t2"; { // the proxy has the last message
		m, err := watch.Recv(t.Context())
		must(t, err)
		got = m.String()
	}
	a, all := startForeign(t, "sub", back, "a"), startForeign(t, "sub", back, "")
	for _, c := range []struct {
		f    *foreign
		want []string
	}{{a, []string{"a2 1", "a1 2"}}, {all, []string{"b 1", "a2 1", "a1 2"}}} {
		for _, want := range c.want {
			if got := c.f.line(); got != want {
				t.Errorf("printed %q, want %q", got, want)
			}
		}
	}
	pub.do("b 2", "a2 2")
	for _, want := range []string{"b 2", "a2 2"} {
		if got := all.line(); got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	}
	if got := a.line(); got != "a2 2" {
		t.Errorf("printed %q", got)
	}
}
