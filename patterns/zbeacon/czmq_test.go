package zbeacon_test

import (
	"bufio"
	"context"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/patterns/zbeacon"
)

// interpreter is Debian's Python.
const interpreter = "/usr/bin/python3"

// requireCZMQ skips the test if libczmq is missing. With ZMQ_INTEROP_REQUIRED=1 it fails
// the test instead.
func requireCZMQ(t *testing.T) {
	t.Helper()
	out, err := exec.Command(interpreter, "-I", "-c", `import ctypes; ctypes.CDLL("libczmq.so.4")`).CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("ZMQ_INTEROP_REQUIRED") == "1":
		t.Fatalf("ZMQ_INTEROP_REQUIRED=1, but no libczmq: %v %s", err, out)
	default:
		t.Skipf("no libczmq: %v", err)
	}
}

// startCZMQ starts CZMQ's zbeacon. It returns the host name that the actor reports, empty
// if it finds no interface, and its further lines.
func startCZMQ(t *testing.T, args ...string) (host string, lines <-chan string) {
	t.Helper()
	cmd := exec.Command(interpreter, append([]string{"-I", "testdata/czmq.py"}, args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
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
	c := make(chan string, 1000)
	go func() {
		defer close(c)
		for s := bufio.NewScanner(out); s.Scan(); {
			c <- s.Text()
		}
	}()
	first, ok := strings.CutPrefix(<-c, "ready ")
	if !ok {
		t.Fatal("the actor did not start")
	}
	return first, c
}

// both exchanges beacons between a Beacon and CZMQ's zbeacon.
func both(t *testing.T, o zbeacon.Options, port, version string) {
	t.Helper()
	requireCZMQ(t)
	ours, err := zbeacon.New(&o)
	if err != nil {
		t.Skipf("no socket for beacons: %v", err)
	}
	defer ours.Close()
	host, lines := startCZMQ(t, port, "", version, "foreign", "own")
	if host == "" {
		t.Skip("CZMQ finds no interface for beacons")
	}
	if host != ours.Addr().String() {
		t.Errorf("CZMQ selects the interface with %s, this package that with %s", host, ours.Addr())
	}
	ours.Subscribe([]byte("for"))
	if err := ours.Publish([]byte("own beacon"), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if s, err := ours.Recv(ctx); err != nil || string(s.Payload) != "foreign" || s.Source.String() != host {
		t.Fatalf("received %q from %s, %v", s.Payload, s.Source, err)
	}
	select {
	case line := <-lines:
		if line != ours.Addr().String()+" own beacon" {
			t.Fatalf("CZMQ received %q", line)
		}
	case <-ctx.Done():
		t.Fatal("CZMQ received no beacon")
	}
}

func TestBroadcastsWithCZMQ(t *testing.T) {
	both(t, zbeacon.Options{Port: 45681}, "45681", "4")
}

func TestMulticastIPv6WithCZMQ(t *testing.T) {
	both(t, zbeacon.Options{Port: 45682, Multicast: netip.MustParseAddr("ff02::1")}, "45682", "6")
}
