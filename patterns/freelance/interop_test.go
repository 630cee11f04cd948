package freelance_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/patterns/freelance"
)

const interpreter = "/usr/bin/python3"

// pyzmq starts testdata/freelance.py and returns the lines of its output. The process
// ends with the test. The test is skipped if pyzmq is missing.
func pyzmq(t *testing.T, arguments ...string) *bufio.Scanner {
	t.Helper()
	if out, err := exec.Command(interpreter, "-I", "-c", "import zmq").CombinedOutput(); err != nil {
		if os.Getenv("ZMQ_INTEROP_REQUIRED") == "1" {
			t.Fatalf("ZMQ_INTEROP_REQUIRED=1, but no pyzmq: %v: %s", err, out)
		}
		t.Skipf("no pyzmq for %s: %v", interpreter, err)
	}
	cmd := exec.Command(interpreter, append([]string{"-I", "testdata/freelance.py"}, arguments...)...)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
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
	kill := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		kill.Stop()
		stdin.Close()
		cmd.Wait()
	})
	return bufio.NewScanner(stdout)
}

// line returns the next line.
func line(t *testing.T, s *bufio.Scanner) string {
	t.Helper()
	if !s.Scan() {
		t.Fatalf("the process ended: %v", s.Err())
	}
	return s.Text()
}

var models = map[string]freelance.Strategy{"1": freelance.Failover, "2": freelance.Shotgun, "3": freelance.Tracked}

func TestClientUsesPyzmqServers(t *testing.T) {
	for model, strategy := range models {
		t.Run(strategy.String(), func(t *testing.T) {
			t.Parallel()
			mute, server := line(t, pyzmq(t, "server", model, "1")), line(t, pyzmq(t, "server", model, "0"))
			c, err := freelance.NewClient([]string{mute, server}, &freelance.ClientOptions{
				Strategy: strategy, Timeout: 500 * time.Millisecond, Attempts: 30, PingInterval: 200 * time.Millisecond, Liveness: 10,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for n := range 5 {
				reply, err := c.Request(t.Context(), fmt.Append(nil, n))
				if err != nil || text(reply) != fmt.Sprintf("python|%d", n) {
					t.Fatalf("request %d: %v, %v", n, reply, err)
				}
			}
			if st := c.Stats(); st.Replies != 5 || st.Drops.Malformed != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

func TestServerServesPyzmqClients(t *testing.T) {
	for model, strategy := range models {
		t.Run(strategy.String(), func(t *testing.T) {
			t.Parallel()
			s := openServer(t, strategy)
			defer s.Close()
			if got := line(t, pyzmq(t, "client", model, "20", s.Endpoint())); got != "ok" {
				t.Errorf("the client printed %q", got)
			}
			if st := s.Stats(); st.Replies != 20 || st.Drops != (freelance.ServerDrops{}) {
				t.Errorf("%+v", st)
			}
		})
	}
}

// openServer returns a server at a free port. The port is in its identity, so that it
// must be known before.
func openServer(t *testing.T, strategy freelance.Strategy) *freelance.Server {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		s, err := freelance.NewServer("tcp://"+l.Addr().String(), named("go"), &freelance.ServerOptions{Strategy: strategy})
		if errors.Is(err, syscall.EADDRINUSE) { // another process has taken it
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}
