package socket

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// peers is the table of a socket's pipes, for those who wait for a peer or
// want to know of them. Patterns have tables of their own, made for sending.
type peers struct {
	mu     sync.Mutex
	pipes  map[*pipe.Pipe]bool // whether somebody is at the far end
	ready  int                 // how many are true
	left   []leftover          // taken away, and maybe not yet read to the end
	sweep  int                 // where in left to look next
	unread int                 // bytes of left, at most; guarded by the socket's receive lock
	change chan struct{}       // closed and replaced at every change, if anybody waits
	waits  int                 // how many wait for that
	ended  bool
}

func (t *peers) init() {
	t.pipes = make(map[*pipe.Pipe]bool)
	t.change = make(chan struct{})
}

func (t *peers) changedLocked() {
	if t.waits == 0 {
		return
	}
	close(t.change)
	t.change = make(chan struct{})
}

// changed wakes those who wait for anything about peers.
func (t *peers) changed() {
	t.mu.Lock()
	t.changedLocked()
	t.mu.Unlock()
}

// await adds n to those who wait.
func (t *peers) await(n int) {
	t.mu.Lock()
	t.waits += n
	t.mu.Unlock()
}

func (t *peers) attach(p *pipe.Pipe) {
	t.mu.Lock()
	t.pipes[p] = false
	t.changedLocked() // with Invert set, whoever subscribes to nothing gets everything
	t.mu.Unlock()
}

// attached reports whether the pipe is one of the pattern's.
func (t *peers) attached(p *pipe.Pipe) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, known := t.pipes[p]
	return known
}

func (t *peers) connected(p *pipe.Pipe) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if on, known := t.pipes[p]; known && !on {
		t.pipes[p] = true
		t.ready++
		t.changedLocked()
	}
}

func (t *peers) isConnected(p *pipe.Pipe) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pipes[p]
}

func (t *peers) disconnected(p *pipe.Pipe) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pipes[p] {
		t.pipes[p] = false
		t.ready--
		t.changedLocked()
	}
}

// detach forgets a pipe, but for what is still in it to be read. The caller
// holds the socket's receive lock.
func (t *peers) detach(p *pipe.Pipe) {
	t.disconnected(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.pipes[p]; !known {
		return
	}
	delete(t.pipes, p)
	if p.In != nil {
		l := leftover{p, leftSize(p)}
		t.left = append(t.left, l)
		t.unread += l.size
	}
}

// leftover is a pipe that was taken away, and about how much memory it took when
// that was last looked at.
type leftover struct {
	*pipe.Pipe
	size int
}

// leftSize is about how much memory a pipe takes that was taken away.
func leftSize(p *pipe.Pipe) int {
	n := p.In.Size()
	if n > 0 {
		n += leftCost
	}
	return n
}

// leftCost is for the pipe itself, its two queues, and who was there: its last
// message may be an empty one. TestLeaversCost measures it.
const leftCost = 2 << 10

// sweepLeft forgets pipes that have been read to the end. It gives up when it has
// looked at a few that have not, and goes on from there the next time, so that a
// call costs little beside what has been taken away since. The caller holds the
// socket's receive lock, without which left is not changed.
func (t *peers) sweepLeft() {
	for misses := 0; misses < sweepMisses && misses < len(t.left); {
		if t.sweep >= len(t.left) {
			t.sweep = 0
		}
		// Without our lock: this takes the lock of who wrote there.
		if !t.left[t.sweep].In.Ended() {
			t.sweep++
			misses++
			continue
		}
		t.mu.Lock()
		last := len(t.left) - 1
		t.unread -= t.left[t.sweep].size
		t.left[t.sweep], t.left[last] = t.left[last], leftover{}
		t.left = t.left[:last]
		if cap(t.left) > sweepMisses && last < cap(t.left)/4 {
			t.left = slices.Clone(t.left)
		}
		t.mu.Unlock()
	}
}

// sweepMisses is how many pipes that are not read to the end are looked at for
// others that are.
const sweepMisses = 16

// crowded reports whether peers that have gone left more than limit bytes
// unread. The caller holds the socket's receive lock.
func (t *peers) crowded(limit int) bool {
	if limit == 0 || t.unread <= limit {
		return false
	}
	unread := 0
	for i, l := range t.left {
		size := leftSize(l.Pipe)
		t.mu.Lock()
		t.left[i].size = size
		t.mu.Unlock()
		unread += size
	}
	t.unread = unread
	return unread > limit
}

func (t *peers) close() {
	t.mu.Lock()
	t.ended = true
	t.changedLocked()
	t.mu.Unlock()
}

// all returns every pipe, also those that are only read.
func (t *peers) all() []*pipe.Pipe {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*pipe.Pipe, 0, len(t.pipes)+len(t.left))
	for i := range t.left {
		list = append(list, t.left[i].Pipe)
	}
	for p := range t.pipes {
		list = append(list, p)
	}
	return list
}

// wait calls test with the pipes that have a peer, now and after each change,
// until it says true or ctx ends.
func (t *peers) wait(ctx context.Context, test func(connected []*pipe.Pipe) bool) error {
	t.await(1)
	defer t.await(-1)
	for {
		t.mu.Lock()
		change, ended := t.change, t.ended
		list := make([]*pipe.Pipe, 0, t.ready)
		for p, on := range t.pipes {
			if on {
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

// WaitSubscribers waits until n peers would get a message with this first
// frame. The socket is a PUB or an XPUB.
func (s *Socket) WaitSubscribers(ctx context.Context, n int, topic []byte) error {
	return s.peers.wait(ctx, func([]*pipe.Pipe) bool {
		s.sendMu.Lock()
		defer s.sendMu.Unlock()
		return s.pub.Subscribers(topic) >= n
	})
}

// WaitSubscribed waits until a publisher has processed all subscriptions made
// so far, as far as its version of ZMTP can tell us.
//
// It asks twice. Who answers a PING has read what came before it, but libzmq
// passes the subscriptions of one read on only after it has answered; when it
// answers the second PING, sent after the first answer, it has done that too.
//
// Nobody answers where datagrams come in, and nobody has to: what is wanted of
// them we choose ourselves, at once.
func (s *Socket) WaitSubscribed(ctx context.Context) error {
	if s.onlyDatagrams() {
		return nil
	}
	s.peers.await(1)
	defer s.peers.await(-1)
	for {
		s.peers.mu.Lock()
		change := s.peers.change
		s.peers.mu.Unlock()
		answers := make(chan struct{}, 1)
		err := s.peers.wait(ctx, func(list []*pipe.Pipe) bool {
			for _, p := range list {
				probeTwice(p.Sub, answers)
			}
			return len(list) > 0
		})
		if err != nil {
			return err
		}
		select {
		case <-answers:
			return nil
		case <-change: // maybe the one we asked is gone
			select {
			case <-answers:
				return nil
			default:
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// probeTwice puts an element in answers, if there is room, when the far side
// has answered two probes, one after the other.
func probeTwice(sub pipe.Subscriptions, answers chan<- struct{}) {
	sub.Probe(func(ok bool) {
		if !ok {
			return
		}
		sub.Probe(func(ok bool) {
			if !ok {
				return
			}
			select {
			case answers <- struct{}{}:
			default:
			}
		})
	})
}

// Peers describes everybody connected.
func (s *Socket) Peers() []*msg.Peer {
	s.peers.mu.Lock()
	defer s.peers.mu.Unlock()
	list := make([]*msg.Peer, 0, s.peers.ready)
	for p, on := range s.peers.pipes {
		if peer := p.Peer(); on && peer != nil {
			list = append(list, peer)
		}
	}
	return list
}

// TopicCount is the number of different prefixes that are subscribed to, by us
// or by our peers.
func (s *Socket) TopicCount() int {
	c, ok := s.pat.(interface{ TopicCount() int })
	if !ok {
		return 0
	}
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return c.TopicCount()
}

// Assign subscribes a peer of an XPUB to topics, or no longer, on the
// application's word, which the options must leave it to. No peer is the one whose
// subscription was received last; for one that is gone nothing is done.
func (s *Socket) Assign(peer *msg.Peer, topics []string, on bool) error {
	defer s.peers.changed()
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	if s.closed.Load() {
		return ErrClosed
	}
	if !s.opts.Pattern.Manual {
		return fmt.Errorf("%w: its peers subscribe for themselves", pattern.ErrInvalidState)
	}
	if pub, ok := s.pat.(*pattern.Pub); ok {
		var to *pipe.Pipe
		if peer != nil {
			if to = pub.PipeOf(peer); to == nil {
				return nil
			}
		}
		for _, topic := range topics {
			pub.Assign(to, on, []byte(topic))
		}
		s.wakeSenders() // who has no room may get the message no more
	}
	return nil
}
