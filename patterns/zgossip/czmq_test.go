package zgossip_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/patterns/zgossip"
)

// interpreter is Debian's Python.
const interpreter = "/usr/bin/python3"

// actor is the zgossip actor of libczmq.
type actor struct {
	t     *testing.T
	in    io.Writer
	lines chan string
}

// startActor starts the actor, or skips the test if libczmq is missing. With
// ZMQ_INTEROP_REQUIRED=1 it fails the test instead.
func startActor(t *testing.T) *actor {
	t.Helper()
	out, err := exec.Command(interpreter, "-I", "-c", `import ctypes; ctypes.CDLL("libczmq.so.4")`).CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("ZMQ_INTEROP_REQUIRED") == "1":
		t.Fatalf("ZMQ_INTEROP_REQUIRED=1, but no libczmq: %v %s", err, out)
	default:
		t.Skipf("no libczmq: %v", err)
	}
	cmd := exec.Command(interpreter, "-I", "testdata/czmq.py")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		defer time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() }).Stop()
		cmd.Wait()
	})
	a := &actor{t: t, in: in, lines: make(chan string, 1000)}
	go func() {
		defer close(a.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			a.lines <- s.Text()
		}
	}()
	return a
}

func (a *actor) command(format string, args ...any) {
	a.t.Helper()
	if _, err := fmt.Fprintf(a.in, format+"\n", args...); err != nil {
		a.t.Fatal(err)
	}
}

func (a *actor) want(line string) {
	a.t.Helper()
	if got := a.next(); got != line {
		a.t.Fatalf("the actor reported %q, want %q", got, line)
	}
}

func (a *actor) next() string {
	a.t.Helper()
	select {
	case line := <-a.lines:
		return line
	case <-time.After(20 * time.Second):
		a.t.Fatal("the actor reported nothing")
		return ""
	}
}

// bind binds the actor to a port of the loopback interface and returns the endpoint.
func (a *actor) bind() string {
	a.command("BIND tcp://127.0.0.1:*")
	a.command("PORT")
	return "tcp://127.0.0.1:" + strings.TrimPrefix(a.next(), "PORT ")
}

func TestConnectToCZMQ(t *testing.T) {
	a := startActor(t)
	a.command("PUBLISH before czmq")
	a.want("DELIVER before czmq")
	endpoint := a.bind()
	n := newNode(t, zgossip.Options{})
	publish(t, n, "ours", "1")
	connect(t, n, endpoint)
	a.want("DELIVER ours 1")
	wantTuple(t, n, "before", "czmq")
	// CZMQ forgets a client that is silent for a second: the PINGs prevent that.
	time.Sleep(2500 * time.Millisecond)
	a.command("PUBLISH after czmq")
	wantTuple(t, n, "after", "czmq")
	publish(t, n, "ours", "2")
	a.want("DELIVER after czmq")
	a.want("DELIVER ours 2")
	a.command("STATUS")
	a.want("STATUS 3")
	if s := n.Stats(); s.Malformed+s.Invalid+s.Rejected != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAcceptCZMQ(t *testing.T) {
	a := startActor(t)
	n := newNode(t, zgossip.Options{})
	endpoint, err := n.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	publish(t, n, "before", "ours")
	a.command("PUBLISH czmq 1")
	a.command("CONNECT %s", endpoint)
	wantTuple(t, n, "czmq", "1")
	a.want("DELIVER czmq 1")
	a.want("DELIVER before ours")
	publish(t, n, "after", "ours")
	a.want("DELIVER after ours")
	a.command("PUBLISH czmq 2")
	wantTuple(t, n, "czmq", "2")
	if s := n.Stats(); s.Malformed+s.Rejected != 0 || s.Clients != 1 {
		t.Errorf("%+v", s)
	}
}

// Two actors of CZMQ exchange tuples through a node of this package.
func TestForwardBetweenActorsOfCZMQ(t *testing.T) {
	a, b := startActor(t), startActor(t)
	n := newNode(t, zgossip.Options{})
	endpoint, err := n.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	a.command("CONNECT %s", endpoint)
	connect(t, n, b.bind())
	a.command("PUBLISH from-a 1")
	a.want("DELIVER from-a 1")
	b.want("DELIVER from-a 1")
	b.command("PUBLISH from-b 2")
	a.want("DELIVER from-b 2")
}
