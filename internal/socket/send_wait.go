package socket

import (
	"container/list"
	"context"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Calls that wait to send stand in lines, one for each thing that they can
// wait for. Room for one message wakes the first of a line; when that has sent,
// or gives up, it wakes the next, which may find that there was room for one
// only, and then takes its place at the front again. So a call is woken only for
// room, and calls send in the order in which they began to wait.

// waitKey is what a call waits for.
type waitKey struct {
	kind   waitKind
	id     string // of byID
	number uint32 // of byNumber
}

type waitKind uint8

const (
	byAny    waitKind = iota // room for a message
	byCall                   // a REQ: a connected peer with room
	byID                     // room for the peer with that routing ID
	byNumber                 // room for the peer with that routing number
	byAll                    // anything: each call of the line waits for something else
)

// sendWaiter is one call that waits. sendMu guards its fields.
type sendWaiter struct {
	c  chan struct{} // gets an element when the call is woken
	in *list.List    // the line; nil while the call is woken
	el *list.Element
}

// sendLines are the lines of a socket. sendMu guards them.
type sendLines struct {
	any   list.List // of byAny
	other map[waitKey]*list.List
}

// line returns the line of a key. If there is none it returns nil, unless it is
// to be created.
func (l *sendLines) line(key waitKey, create bool) *list.List {
	if key.kind == byAny {
		return &l.any
	}
	at := l.other[key]
	if at == nil && create {
		if l.other == nil {
			l.other = make(map[waitKey]*list.List)
		}
		at = list.New()
		l.other[key] = at
	}
	return at
}

// wakeFirst wakes the first call of a line.
func (l *sendLines) wakeFirst(key waitKey) {
	at := l.line(key, false)
	if at == nil {
		return
	}
	if e := at.Front(); e != nil {
		at.Remove(e)
		w := e.Value.(*sendWaiter)
		w.in, w.el = nil, nil
		w.c <- struct{}{} // it has room: w is in a line only while it is empty
	}
	l.forget(key, at)
}

// forget forgets a line that is empty.
func (l *sendLines) forget(key waitKey, at *list.List) {
	if key.kind != byAny && at.Len() == 0 {
		delete(l.other, key)
	}
}

// wakeLine wakes every call of a line.
func (l *sendLines) wakeLine(key waitKey) {
	for at := l.line(key, false); at != nil && at.Len() > 0; {
		l.wakeFirst(key)
	}
}

// wakeSenders has every call that waits to send try again, when more has
// changed than that there is room. The caller holds sendMu.
func (s *Socket) wakeSenders() {
	s.lines.wakeLine(waitKey{})
	for key := range s.lines.other {
		s.lines.wakeLine(key)
	}
}

// wakeForRoom wakes the first of those that wait for room in a pipe. The
// caller holds sendMu.
func (s *Socket) wakeForRoom(p *pipe.Pipe) {
	l := &s.lines
	l.wakeFirst(waitKey{})
	if len(l.other) == 0 {
		return
	}
	l.wakeFirst(waitKey{kind: byCall})
	l.wakeLine(waitKey{kind: byAll})
	if s.router != nil {
		id := p.Alias
		if peer := p.Peer(); id == "" && peer != nil {
			id = peer.RoutingID
		}
		l.wakeFirst(waitKey{kind: byID, id: id})
	}
	if s.numbers != nil {
		l.wakeFirst(waitKey{kind: byNumber, number: p.Number})
	}
}

// sendKey is what Send waits for: room, if any room is room for every message.
func (s *Socket) sendKey() waitKey {
	if _, publishes := s.pat.(pattern.Publisher); publishes || s.router != nil || s.numbers != nil || s.grouper != nil {
		return waitKey{kind: byAll}
	}
	return waitKey{}
}

// inLine reports whether others wait for the same and come first. The caller
// holds sendMu.
func (s *Socket) inLine(key waitKey) bool {
	switch key.kind {
	case byAny:
		// Only where Send has no error to return instead of waiting.
		return s.balance != nil && s.lines.any.Len() > 0
	case byCall:
		return s.lines.line(key, false) != nil
	}
	return false // a message may need no room, as one that ends a connection
}

// waitSend tries to send each time that what key names may have changed.
func (s *Socket) waitSend(ctx context.Context, key waitKey, size int, send func() error) error {
	ctx.Err() // a nil context is to panic here, before anything is locked
	var w *sendWaiter
	for {
		s.lockSend()
		err := pattern.ErrWouldBlock
		switch {
		case s.closed.Load():
			err = ErrClosed
		case w != nil || !s.inLine(key):
			err = s.attemptLocked(size, send)
		}
		if err == pattern.ErrWouldBlock && ctx.Err() != nil {
			err = ctx.Err()
		}
		if err != pattern.ErrWouldBlock {
			if w != nil && key.kind != byAll {
				s.lines.wakeFirst(key)
			}
			s.unlockSend()
			return err
		}
		at := s.lines.line(key, true)
		if w == nil {
			w = &sendWaiter{c: make(chan struct{}, 1)}
			w.el = at.PushBack(w)
		} else {
			w.el = at.PushFront(w)
		}
		w.in = at
		s.unlockSend()
		select {
		case <-w.c:
		case <-ctx.Done():
			s.forgetSender(key, w)
			return ctx.Err()
		case <-s.closedc:
			return ErrClosed
		}
	}
}

// forgetSender takes a call out of its line, or passes on what it was woken
// for.
func (s *Socket) forgetSender(key waitKey, w *sendWaiter) {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	switch {
	case w.in != nil:
		w.in.Remove(w.el)
		s.lines.forget(key, w.in)
	case key.kind != byAll:
		s.lines.wakeFirst(key)
	}
}
