package interop

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"
)

// relay is a network between a connector and a binder that can be listened to
// and brought to silence.
type relay struct {
	t        *testing.T
	listener net.Listener
	target   string

	mu    sync.Mutex
	cond  *sync.Cond
	conns []net.Conn
	lanes [2]lane
	done  bool
}

// lane is one direction.
type lane struct {
	silent bool
	counts map[string]int // of the patterns that have passed
}

const (
	toBinder    = 0
	toConnector = 1
)

// pulses is what a relay counts: the commands' size, name size and name.
var pulses = []string{"\x04PING", "\x04PONG"}

// newRelay returns a relay to a TCP endpoint that is bound, and the endpoint
// to connect to in its place.
func newRelay(t *testing.T, target string) (r *relay, endpoint string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, addr := address(target)
	r = &relay{t: t, listener: l, target: addr}
	r.cond = sync.NewCond(&r.mu)
	for i := range r.lanes {
		r.lanes[i].counts = make(map[string]int)
	}
	var running sync.WaitGroup
	running.Go(func() { r.accept(&running) })
	t.Cleanup(func() {
		r.close()
		running.Wait()
	})
	return r, "tcp://" + l.Addr().String()
}

func (r *relay) close() {
	r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = true
	for _, c := range r.conns {
		c.Close()
	}
	r.cond.Broadcast()
}

func (r *relay) accept(running *sync.WaitGroup) {
	for {
		in, err := r.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp4", r.target)
		if err != nil {
			in.Close()
			continue
		}
		r.mu.Lock()
		r.conns = append(r.conns, in, out)
		if r.done {
			in.Close()
			out.Close()
		}
		r.mu.Unlock()
		running.Go(func() { r.pass(in, out, toBinder) })
		running.Go(func() { r.pass(out, in, toConnector) })
	}
}

// pass moves bytes one way until either side is gone.
func (r *relay) pass(from, to net.Conn, way int) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	tail := 0 // bytes of the last read that may begin a pattern
	for {
		n, err := from.Read(buf[tail:])
		if err != nil || !r.let(way, buf[:tail+n], tail) {
			return
		}
		if _, err := to.Write(buf[tail : tail+n]); err != nil {
			return
		}
		keep := min(tail+n, len(pulses[0])-1)
		copy(buf, buf[tail+n-keep:tail+n])
		tail = keep
	}
}

// let waits while the lane is silent and counts what is about to pass.
func (r *relay) let(way int, b []byte, tail int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.lanes[way]
	for l.silent && !r.done {
		r.cond.Wait()
	}
	for _, p := range pulses {
		l.counts[p] += bytes.Count(b, []byte(p))
	}
	r.cond.Broadcast()
	return !r.done
}

// silence holds up everything that goes one way; without it everything goes
// on, for connections that are still there.
func (r *relay) silence(way int, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lanes[way].silent = on
	r.cond.Broadcast()
}

// wait waits until a command has passed n times one way.
func (r *relay) wait(ctx context.Context, way int, command string, n int) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	stop := context.AfterFunc(ctx, r.cond.Broadcast)
	defer stop()
	for r.lanes[way].counts[command] < n {
		if ctx.Err() != nil {
			r.t.Fatalf("only %d of %d %q passed", r.lanes[way].counts[command], n, command)
		}
		r.cond.Wait()
	}
}
