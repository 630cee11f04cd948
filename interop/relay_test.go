package interop

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"
)

// relay forwards TCP connections from a connecting to a bound socket. It counts
// commands and can block either direction.
type relay struct {
	t        *testing.T
	listener net.Listener
	target   string
	patterns []string // commands to count; all have the same length

	mu         sync.Mutex
	cond       *sync.Cond
	conns      []net.Conn
	directions [2]direction
	done       bool
}

// direction is the state of one direction.
type direction struct {
	blocked bool
	counts  map[string]int // forwarded commands by pattern
}

const (
	toBinder    = 0
	toConnector = 1
)

// The byte patterns that a relay counts: the length of a command name, and the
// name. CURVE encrypts heartbeats like messages, as one MESSAGE for each frame.
var (
	heartbeatCommands = []string{"\x04PING", "\x04PONG"}
	sealedFrame       = "\x07MESSAGE"
)

// newRelay starts a relay to a bound TCP endpoint, which counts commands. It
// returns the relay and the endpoint at which it listens.
func newRelay(t *testing.T, target string, patterns []string) (r *relay, endpoint string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, addr := address(target)
	r = &relay{t: t, listener: l, target: addr, patterns: patterns}
	r.cond = sync.NewCond(&r.mu)
	for i := range r.directions {
		r.directions[i].counts = make(map[string]int)
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

// pass forwards bytes in one direction until either connection ends.
func (r *relay) pass(from, to net.Conn, way int) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	tail := 0 // bytes of the previous read that may begin a pattern
	for {
		n, err := from.Read(buf[tail:])
		if err != nil || !r.waitUnblocked(way, buf[:tail+n], tail) {
			return
		}
		if _, err := to.Write(buf[tail : tail+n]); err != nil {
			return
		}
		kept := min(tail+n, len(r.patterns[0])-1)
		copy(buf, buf[tail+n-kept:tail+n])
		tail = kept
	}
}

// waitUnblocked waits while the direction is blocked, and then counts the
// commands in b. It reports whether the relay is still open.
func (r *relay) waitUnblocked(way int, b []byte, tail int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.directions[way]
	for l.blocked && !r.done {
		r.cond.Wait()
	}
	for _, p := range r.patterns {
		l.counts[p] += bytes.Count(b, []byte(p))
	}
	r.cond.Broadcast()
	return !r.done
}

// block stops one direction, or lets it continue if on is false. Bytes read in
// between are then forwarded.
func (r *relay) block(way int, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.directions[way].blocked = on
	r.cond.Broadcast()
}

// count returns how often a command was forwarded in one direction.
func (r *relay) count(way int, command string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.directions[way].counts[command]
}

// wait waits until a command was forwarded n times in one direction.
func (r *relay) wait(ctx context.Context, way int, command string, n int) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	stop := context.AfterFunc(ctx, r.cond.Broadcast)
	defer stop()
	for r.directions[way].counts[command] < n {
		if ctx.Err() != nil {
			r.t.Fatalf("only %d of %d %q were forwarded", r.directions[way].counts[command], n, command)
		}
		r.cond.Wait()
	}
}
