package transport_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

// lateEcho is the variable of the environment that makes this program the peer of
// TestGoroutineIsPreemptedAfterRead: it has the address to connect to.
const lateEcho = "ZMQ_TEST_LATE_ECHO"

func init() {
	addr := os.Getenv(lateEcho)
	if addr == "" {
		return
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		os.Exit(1)
	}
	b := make([]byte, 1)
	for {
		if _, err := io.ReadFull(c, b); err != nil {
			os.Exit(0)
		}
		// The other process has nothing to do meanwhile.
		time.Sleep(50 * time.Millisecond)
		c.Write(b)
	}
}

// TestGoroutineIsPreemptedAfterRead: bytes arrive while the monitor of the Go runtime
// sleeps, and the goroutine that has read them makes no system call. With one
// processor, another goroutine runs only if the monitor is woken.
func TestGoroutineIsPreemptedAfterRead(t *testing.T) {
	l := listen(t, tcp, "127.0.0.1:0", nil)
	peer := exec.Command(os.Args[0])
	peer.Env = append(os.Environ(), lateEcho+"="+l.Addr())
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Wait()
	defer c.Close()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	w, r := new(transport.TryWriter), transport.NewReader(c)
	spare := make([]byte, 64)
	get, put := func() []byte { return spare }, func([]byte) {}
	for range 10 {
		if n := w.TryWrite(r.Descriptor(), [][]byte{{1}}); n != 1 {
			t.Fatalf("wrote %d bytes", n)
		}
		if _, _, err := r.Read(get, put); err != nil {
			t.Fatal(err)
		}
		var ran atomic.Bool
		go ran.Store(true)
		for start := time.Now(); !ran.Load(); {
			if time.Since(start) > 20*time.Second {
				t.Fatal("the other goroutine has not run for 20 s")
			}
		}
	}
}
