package clone_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/clone"
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

// prints checks the next lines of output.
func (f *foreign) prints(lines ...string) {
	f.t.Helper()
	for _, want := range lines {
		if got := f.line(); got != want {
			f.t.Errorf("printed %q, want %q", got, want)
		}
	}
}

func TestClientOfForeignServer(t *testing.T) {
	f := startForeign(t, "server")
	at := strings.Fields(f.line())
	c, err := clone.NewClient([]clone.Endpoints{{Snapshot: at[0], Publisher: at[1], Collector: at[2]}}, nil)
	must(t, err)
	defer c.Close()
	must(t, c.WaitSynced(t.Context()))
	if value, ok := c.Get("/first"); !ok || string(value) != "1" {
		t.Errorf("value %q", value)
	}
	must(t, c.Set(t.Context(), "/second", []byte("2"), 3*time.Second))
	f.prints("set /second 2 ttl=3;")
	if value, _ := c.Get("/second"); string(value) != "2" {
		t.Errorf("value %q", value)
	}
	must(t, c.Delete(t.Context(), "/first"))
	f.prints("set /first  ")
	if keys := c.Keys(""); len(keys) != 1 {
		t.Errorf("keys %q", keys)
	}
}

func TestForeignClientOfServer(t *testing.T) {
	ends := freeEndpoints(t)
	s, err := clone.NewServer(ends, &clone.ServerOptions{Heartbeat: 200 * time.Millisecond})
	must(t, err)
	defer s.Close()
	go s.Run(t.Context())
	c, err := clone.NewClient([]clone.Endpoints{ends}, nil)
	must(t, err)
	defer c.Close()
	must(t, c.Set(t.Context(), "/a/1", []byte("one"), 0))
	must(t, c.Set(t.Context(), "/b/1", []byte("two"), 0))
	f := startForeign(t, "client", ends.Snapshot, ends.Publisher, ends.Collector, "/a/")
	f.prints("sync /a/1 one", "end 2", "hugz")
	must(t, c.Set(t.Context(), "/a/2", []byte("x"), 9*time.Second))
	must(t, c.Set(t.Context(), "/b/2", []byte("x"), 0))
	f.prints("pub /a/2 x ttl=9;")
	fmt.Fprintln(f.in, "/a/3 foreign 1")
	f.prints("pub /a/3 foreign ttl=1;", "pub /a/3  ") // it expires
}

// freeEndpoints returns endpoints whose ports are free.
func freeEndpoints(t testing.TB) clone.Endpoints {
	t.Helper()
	var ends [3]string
	for i := range ends {
		pull, err := zmq.NewPull(nil)
		check(t, err)
		ends[i], err = pull.Bind("tcp://127.0.0.1:*")
		check(t, err)
		defer pull.Close()
	}
	return clone.Endpoints{Snapshot: ends[0], Publisher: ends[1], Collector: ends[2]}
}
