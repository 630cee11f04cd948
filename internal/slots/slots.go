// Package slots limits how many calls run at a time, for calls that the peers of many
// sources cause. The sources get slots in turn, so that one source with many calls does
// not delay the calls of the others. It does not know what the calls do.
package slots

import (
	"container/list"
	"context"
	"net"
	"sync"
)

// Slots has a fixed number of slots. Its methods may be called concurrently.
type Slots struct {
	mu      sync.Mutex // guards what follows
	free    int
	most    int // of one source
	sources map[string]*source
	turns   list.List // of *source: those with waiting calls, the next one first
}

// source has running or waiting calls.
type source struct {
	running int
	waiting list.List     // of chan struct{}, which is closed when the call has a slot
	turn    *list.Element // in Slots.turns; nil if no call waits
}

// New returns n slots, at least one. A source has at most three quarters of them,
// rounded up, so that one source with slow calls cannot take all.
func New(n int) *Slots { return &Slots{free: n, most: n - n/4, sources: make(map[string]*source)} }

// Acquire waits for a slot for a call of a source. It returns the error of ctx if that
// ends first. Otherwise the caller must call Release.
func (s *Slots) Acquire(ctx context.Context, from string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	src := s.sources[from]
	if src == nil {
		src = &source{}
		s.sources[from] = src
	}
	if src.turn == nil {
		src.turn = s.turns.PushBack(src)
	}
	granted := make(chan struct{})
	call := src.waiting.PushBack(granted)
	s.grantLocked()
	s.mu.Unlock()
	select {
	case <-granted:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-granted: // meanwhile
		return nil
	default:
	}
	src.waiting.Remove(call)
	s.settleLocked(from, src)
	return ctx.Err()
}

// Release returns the slot of a call.
func (s *Slots) Release(from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	src := s.sources[from]
	src.running--
	s.free++
	s.settleLocked(from, src)
	s.grantLocked()
}

// grantLocked gives free slots to waiting calls. The caller holds mu.
func (s *Slots) grantLocked() {
	var next *list.Element
	for e := s.turns.Front(); e != nil && s.free > 0; e = next {
		next = e.Next()
		src := e.Value.(*source)
		if src.running == s.most {
			continue
		}
		s.free--
		src.running++
		close(src.waiting.Remove(src.waiting.Front()).(chan struct{}))
		if src.waiting.Len() > 0 {
			s.turns.MoveToBack(e)
			if next == nil {
				next = e
			}
			continue
		}
		s.turns.Remove(e)
		src.turn = nil
	}
}

// settleLocked removes a source that has no turn or no call any longer. The caller
// holds mu.
func (s *Slots) settleLocked(from string, src *source) {
	if src.waiting.Len() > 0 {
		return
	}
	if src.turn != nil {
		s.turns.Remove(src.turn)
		src.turn = nil
	}
	if src.running == 0 {
		delete(s.sources, from)
	}
}

// Source returns the source of a peer: its IPv4 address or IPv6 /64 prefix, since one
// host usually has the whole prefix. Peers without an IP address are one source, "".
func Source(a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return ""
	}
	if ip4 := t.IP.To4(); ip4 != nil {
		return string(ip4)
	}
	return string(t.IP.Mask(net.CIDRMask(64, 128)))
}
