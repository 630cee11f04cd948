package seq_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/patterns/seq"
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

// do sends commands.
func (f *foreign) do(commands ...string) {
	f.t.Helper()
	for _, c := range commands {
		fmt.Fprintln(f.in, c)
		if got := f.line(); got != "ok" {
			f.t.Fatalf("%s: %s", c, got)
		}
	}
}

func TestSubscriberReadsForeignPublisher(t *testing.T) {
	f := startForeign(t, "pub")
	endpoints := strings.Fields(f.line())
	s, err := seq.NewSubscriber(&seq.SubscriberOptions{Topics: []string{"kv"}, ReplayTimeout: 5 * time.Second})
	must(t, err)
	defer s.Close()
	must(t, s.Connect(endpoints[0], endpoints[1]))
	must(t, s.WaitSubscribed(t.Context()))
	f.do("publish a", "skip b", "skip c", "publish d")
	check(t, receive(t, s, 4), "a", "b", "c", "d")
	f.do("skip e", "skip f", "skip g", "skip h", "skip i", "publish j")
	check(t, receive(t, s, 6), fmt.Sprintf("seq: messages 4 to 4 of %s are lost: expired", endpoints[0]),
		"f", "g", "h", "i", "j")
	f.do("restart", "publish A", "skip B", "publish C")
	check(t, receive(t, s, 4), fmt.Sprintf("seq: publisher %s has restarted after message 9", endpoints[0]),
		"A", "B", "C")
}

func TestForeignSubscriberReadsPublisher(t *testing.T) {
	p, err := seq.NewPublisher(&seq.PublisherOptions{Topic: "kv"})
	must(t, err)
	defer p.Close()
	endpoint, err := p.Bind("tcp://127.0.0.1:*")
	must(t, err)
	replay, err := p.BindReplay("tcp://127.0.0.1:*")
	must(t, err)
	publish(t, p, "a", "b") // before the subscriber is there
	f := startForeign(t, "sub", endpoint, replay)
	must(t, p.WaitSubscribers(t.Context(), 1))
	publish(t, p, "c", "d")
	for _, want := range []string{"replay 0 a", "replay 1 b", "live 2 c", "live 3 d"} {
		if got := f.line(); got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	}
	if got := startForeign(t, "req", replay, "3").line(); got != "3 d" {
		t.Errorf("REQ received %q", got)
	}
	if got := startForeign(t, "req", replay, "4").line(); got != "-1 " {
		t.Errorf("REQ received %q", got)
	}
}
