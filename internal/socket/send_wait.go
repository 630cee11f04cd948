package socket

import (
	"container/list"
	"context"
	"runtime"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Calls that wait to send are in lines, one for each condition that they can wait
// for. Free capacity wakes the first call of a line. When that call has sent or its
// context ends, it wakes the next; if it would still block, it remains the first.
// So the calls of a line send in the order in which they began to wait.
//
// A call that does not wait yet may use capacity before the line: a goroutine that
// is running sends many messages in the time that it takes to wake another. The
// number of messages that pass the first call is bounded. At the bound a new call
// joins the line, and a Try call gets pattern.ErrWouldBlock.

const (
	// maxPassed is how many messages may pass the first of up to manyWaiting calls.
	// A wake-up then costs little for each message.
	maxPassed = 256
	// manyWaiting is the number of calls above which the bound falls: at most
	// maxPassed*manyWaiting/n messages pass the first of n calls. So each of them
	// sends within about maxPassed*manyWaiting+n messages.
	manyWaiting = 256
)

// waitKey is what a call waits for.
type waitKey struct {
	kind   waitKind
	id     string // of byID
	number uint32 // of byNumber
}

type waitKind uint8

const (
	byAny    waitKind = iota // capacity for a message
	byCall                   // a REQ: a connected peer with capacity
	byID                     // capacity of the peer with that routing ID
	byNumber                 // capacity of the peer with that routing number
	byAll                    // any change: calls that wait for different conditions, in no order
)

// sendLine is a line of send calls that wait for the same condition.
type sendLine struct {
	calls  list.List // of channels, each gets an element when its call is woken
	passed int       // messages sent past the first call since it became the first
}

// remove removes a call from the line. If it was the first, it may have been woken,
// so the next call is woken instead.
func (l *sendLine) remove(e *list.Element) {
	first := l.calls.Front() == e
	l.calls.Remove(e)
	if first {
		l.passed = 0
		l.wakeFirst()
	}
}

func (l *sendLine) wakeFirst() {
	if e := l.calls.Front(); e != nil {
		wake(e)
	}
}

func (l *sendLine) wakeAll() {
	for e := l.calls.Front(); e != nil; e = e.Next() {
		wake(e)
	}
}

func wake(e *list.Element) {
	select {
	case e.Value.(chan struct{}) <- struct{}{}:
	default: // it is woken already
	}
}

// mayPass reports whether a call outside the line may send before its first one.
func (l *sendLine) mayPass() bool {
	return l.passed == 0 || l.passed*max(l.calls.Len(), manyWaiting) < maxPassed*manyWaiting
}

// pass counts a message that a call outside the line has sent.
func (l *sendLine) pass() {
	if l.calls.Len() > 0 {
		l.passed++
	}
}

// sendLines holds the lines of blocked send calls of a socket. sendMu guards it.
type sendLines struct {
	any   sendLine // of byAny
	other map[waitKey]*sendLine
	spin  spinning
}

// spinning decides which calls look for capacity for a while before they sleep. A
// reader in the same process frees half of a queue within some 20 us. To sleep and to
// be woken by it takes longer, and the reader, which has to wake the call, meanwhile
// reads the other half and has to sleep too.
type spinning struct {
	inproc   bool // the last capacity was freed by a socket of the same process
	skip     int  // number of calls that sleep at once
	lastSkip int  // what skip was after the last call that has looked in vain; 0 after a success
}

const (
	// maxSpins is how many times a call yields the processor before it sleeps: about
	// 30 us if no other goroutine can run.
	maxSpins = 256
	// maxSpinTime is how long it does so. A yield may take 10 ms for each goroutine
	// that computes. Virtual time does not pass meanwhile, so maxSpins is needed too.
	maxSpinTime = 50 * time.Microsecond
	// maxSkip is how many calls at most sleep at once after one has looked in vain.
	maxSkip = 63
)

// begin reports whether a call is to look for capacity.
func (s *spinning) begin() bool {
	if s.skip > 0 {
		s.skip--
		return false
	}
	return s.inproc
}

// end takes the result of a call for which begin returned true.
func (s *spinning) end(found bool) {
	if found {
		s.lastSkip = 0
	} else {
		s.lastSkip = min(2*s.lastSkip+1, maxSkip)
	}
	s.skip = s.lastSkip
}

// spin looks for an element in w while it yields the processor. It reports whether it
// has taken one.
func spin(w <-chan struct{}, now func() time.Time) bool {
	began := now()
	for range maxSpins {
		select {
		case <-w:
			return true
		default:
			runtime.Gosched()
		}
		if now().Sub(began) > maxSpinTime {
			break
		}
	}
	return false
}

// line returns the line of a key, or nil if no call waits for it.
func (l *sendLines) line(key waitKey) *sendLine {
	if key.kind == byAny {
		return &l.any
	}
	return l.other[key]
}

// join adds a call that w wakes to the line of a key.
func (l *sendLines) join(key waitKey, w chan struct{}) *list.Element {
	at := l.line(key)
	if at == nil {
		if l.other == nil {
			l.other = make(map[waitKey]*sendLine)
		}
		at = new(sendLine)
		l.other[key] = at
	}
	return at.calls.PushBack(w)
}

// leave removes a call from the line of a key.
func (l *sendLines) leave(key waitKey, e *list.Element) {
	at := l.line(key)
	at.remove(e)
	if at.calls.Len() == 0 && key.kind != byAny {
		delete(l.other, key)
	}
}

// wake wakes the first call of the line of a key, or all calls if they have no
// order.
func (l *sendLines) wake(key waitKey) {
	at := l.line(key)
	switch {
	case at == nil:
	case key.kind == byAll:
		at.wakeAll()
	default:
		at.wakeFirst()
	}
}

// wakeAll wakes the first call of every line, because something other than
// capacity has changed. The caller holds sendMu.
func (l *sendLines) wakeAll() {
	l.any.wakeFirst()
	for key := range l.other {
		l.wake(key)
	}
}

// wakeForRoom wakes the calls that wait for capacity of a pipe. The caller holds
// sendMu.
func (l *sendLines) wakeForRoom(p *pipe.Pipe) {
	l.spin.inproc = p.Out.To() != nil
	l.any.wakeFirst()
	if len(l.other) == 0 {
		return
	}
	l.wake(waitKey{kind: byCall})
	l.wake(waitKey{kind: byAll})
	l.wake(waitKey{kind: byNumber, number: p.Number})
	id := p.Alias
	if peer := p.Peer(); id == "" && peer != nil {
		id = peer.RoutingID
	}
	l.wake(waitKey{kind: byID, id: id})
}

// sendKey returns what Send of m waits for.
func (s *Socket) sendKey(m msg.Msg) waitKey {
	switch {
	case s.router != nil && len(m.Rest) > 0 && s.waitsForID():
		return s.idKey(string(m.First), m.Size()-len(m.First))
	case s.pub != nil, s.router != nil, s.numbers != nil, s.groups != nil:
		return waitKey{kind: byAll}
	case s.lockstep != nil:
		// When one of these calls has sent, the others get ErrInvalidState.
		return waitKey{kind: byAll}
	}
	return waitKey{}
}

// waitsForID reports whether a message whose first frame is a routing ID waits
// for capacity instead of being dropped.
func (s *Socket) waitsForID() bool { return s.mandatory.Load() || s.typ == pattern.STREAM }

// idKey returns what a message of size bytes to a routing ID waits for.
func (s *Socket) idKey(id string, size int) waitKey {
	if size == 0 && s.raw != nil {
		return waitKey{kind: byAll} // it ends the connection, which needs no capacity
	}
	return waitKey{kind: byID, id: id}
}

// waitSend is the part of send that waits. The caller holds the send lock, and
// waitSend releases it.
func (s *Socket) waitSend(ctx context.Context, key waitKey, size int, put func() error) error {
	w := make(chan struct{}, 1)
	e := s.lines.join(key, w)
	for {
		spins := s.lines.line(key).calls.Front() == e && s.lines.spin.begin()
		s.unlockSend()
		found := spins && spin(w, time.Now)
		if !found {
			select {
			case <-w:
			case <-ctx.Done():
			case <-s.callsEnd:
				return ErrClosed
			}
		}
		err := ctx.Err() // without a lock, as a method of the application
		s.lockSend()
		if spins {
			s.lines.spin.end(found)
		}
		wait := false
		if err == nil {
			if err = s.put(size, put); err == pattern.ErrWouldBlock {
				err, wait = s.overflow(size)
			}
		}
		if !wait {
			s.lines.leave(key, e)
			s.unlockSend()
			return err
		}
	}
}
