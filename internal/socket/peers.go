package socket

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// peers is the table of a socket's pipes, for calls that wait for a peer or
// describe the peers. Patterns have tables of their own, made for sending.
//
// A pipe is attached, then connected, and may go back and forth between the two.
// When it is detached it is unread until all that it has received is read.
type peers struct {
	mu         *sync.Mutex // Socket.mu, guards what follows
	pipes      map[*pipe.Pipe]connection
	nConnected int          // number of connected pipes
	unread     []unreadPipe // detached, and perhaps not read to the end
	sweep      int          // index in unread where the next sweep begins
	size       int          // upper bound of the bytes in unread; guarded by the socket's recvMu
	change     chan struct{}
	waits      int // number of calls that wait for change
	ended      bool
}

type pipeState uint8

const (
	attached  pipeState = iota + 1
	connected           // a peer is at the far end
)

// connection is the state of a pipe that is attached.
type connection struct {
	state pipeState
	since time.Time // when it was last connected
}

func (t *peers) init(mu *sync.Mutex) {
	t.mu = mu
	t.pipes = make(map[*pipe.Pipe]connection)
	t.change = make(chan struct{})
}

// changedLocked closes and replaces change, if a call waits for it.
func (t *peers) changedLocked() {
	if t.waits == 0 {
		return
	}
	close(t.change)
	t.change = make(chan struct{})
}

// changed wakes the calls that wait for a change of the peers.
func (t *peers) changed() {
	t.mu.Lock()
	t.changedLocked()
	t.mu.Unlock()
}

// await adds n to the number of waiting calls.
func (t *peers) await(n int) {
	t.mu.Lock()
	t.waits += n
	t.mu.Unlock()
}

func (t *peers) attach(p *pipe.Pipe) {
	t.mu.Lock()
	t.pipes[p] = connection{state: attached}
	t.changedLocked() // with Invert, a peer without subscriptions gets every message
	t.mu.Unlock()
}

// attached reports whether the pattern has the pipe.
func (t *peers) attached(p *pipe.Pipe) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pipes[p].state != 0
}

func (t *peers) connected(p *pipe.Pipe) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pipes[p].state == attached {
		t.pipes[p] = connection{connected, time.Now()}
		t.nConnected++
		t.changedLocked()
	}
}

// any reports whether the pattern has a pipe.
func (t *peers) any() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.pipes) > 0
}

func (t *peers) isConnected(p *pipe.Pipe) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pipes[p].state == connected
}

// numConnected returns the number of connected pipes.
func (t *peers) numConnected() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.nConnected
}

func (t *peers) disconnected(p *pipe.Pipe) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.disconnectedLocked(p)
}

func (t *peers) disconnectedLocked(p *pipe.Pipe) {
	if t.pipes[p].state == connected {
		t.pipes[p] = connection{state: attached}
		t.nConnected--
		t.changedLocked()
	}
}

// detach moves a pipe to the unread ones. The caller holds the socket's recvMu.
func (t *peers) detach(p *pipe.Pipe) {
	u := unreadPipe{Pipe: p}
	if p.In != nil {
		u.size = unreadSize(p) // without mu, like Ended below
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.disconnectedLocked(p)
	if t.pipes[p].state == 0 {
		return
	}
	delete(t.pipes, p)
	if p.In != nil {
		t.unread = append(t.unread, u)
		t.size += u.size
	}
}

// unreadPipe is a detached pipe, and about how much memory it took when that was
// last determined.
type unreadPipe struct {
	*pipe.Pipe
	size int // guarded by the socket's recvMu
}

// unreadSize returns about how much memory a detached pipe takes.
func unreadSize(p *pipe.Pipe) int {
	n := p.In.Size()
	if n > 0 {
		n += unreadPipeCost
	}
	return n
}

// unreadPipeCost is the memory of a detached pipe in addition to its unread
// messages: the pipe, its two queues, and the description of the peer. It counts
// because the unread messages may be empty. TestDetachedPipesCountTheirMemory
// measures it.
const unreadPipeCost = 2 << 10

// sweepUnread removes pipes that are read to the end. It stops when it has
// looked at a few that are not, and continues from there the next time, so that
// a call costs little compared with the pipes that were detached since. The
// caller holds the socket's recvMu, without which unread does not change.
func (t *peers) sweepUnread() {
	for misses := 0; misses < sweepMisses && misses < len(t.unread); {
		if t.sweep >= len(t.unread) {
			t.sweep = 0
		}
		// Without mu: Ended takes the lock of the socket that wrote the queue.
		if !t.unread[t.sweep].In.Ended() {
			t.sweep++
			misses++
			continue
		}
		t.mu.Lock()
		last := len(t.unread) - 1
		t.size -= t.unread[t.sweep].size
		t.unread[t.sweep], t.unread[last] = t.unread[last], unreadPipe{}
		t.unread = t.unread[:last]
		if cap(t.unread) > sweepMisses && last < cap(t.unread)/4 {
			t.unread = slices.Clone(t.unread)
		}
		t.mu.Unlock()
	}
}

// sweepMisses is how many pipes that are not read to the end one sweep looks at.
const sweepMisses = 16

// unreadLimitReached reports whether the unread messages of disconnected peers
// exceed limit bytes. The caller holds the socket's recvMu.
func (t *peers) unreadLimitReached(limit int) bool {
	if limit == 0 || t.size <= limit {
		return false
	}
	sum := 0
	for i, u := range t.unread {
		t.unread[i].size = unreadSize(u.Pipe)
		sum += t.unread[i].size
	}
	t.size = sum
	return sum > limit
}

func (t *peers) close() {
	t.mu.Lock()
	t.ended = true
	t.changedLocked()
	t.mu.Unlock()
}

// all returns every pipe, including the unread ones.
func (t *peers) all() []*pipe.Pipe {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*pipe.Pipe, 0, len(t.pipes)+len(t.unread))
	for i := range t.unread {
		list = append(list, t.unread[i].Pipe)
	}
	for p := range t.pipes {
		list = append(list, p)
	}
	return list
}

// wait calls test with the connected pipes, now and after each change, until test
// returns true or ctx ends.
func (t *peers) wait(ctx context.Context, test func(connected []*pipe.Pipe) bool) error {
	t.await(1)
	defer t.await(-1)
	for {
		t.mu.Lock()
		change, ended := t.change, t.ended
		list := make([]*pipe.Pipe, 0, t.nConnected)
		for p, c := range t.pipes {
			if c.state == connected {
				list = append(list, p)
			}
		}
		t.mu.Unlock()
		if ended {
			return ErrClosed
		}
		if test(list) {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// WaitConnected waits until n peers are connected.
func (s *Socket) WaitConnected(ctx context.Context, n int) error {
	return s.peers.wait(ctx, func(list []*pipe.Pipe) bool { return len(list) >= n })
}

// Peers describes the connected peers.
func (s *Socket) Peers() []*msg.Peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*msg.Peer, 0, s.peers.nConnected)
	for p, c := range s.peers.pipes {
		if peer := p.Peer(); c.state == connected && peer != nil {
			list = append(list, peer)
		}
	}
	return list
}
