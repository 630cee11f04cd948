package socket

import "time"

// turns shares sendMu between the calls that send and the connections whose peers
// change their subscriptions. Each connection would otherwise be one more that
// competes for the lock and for a processor, with as many changes as its peer
// cares to send: with 64 of them a publisher has a hundredth of its rate.
//
// One connection at a time has the turn, in which it makes a bounded number of
// changes. The others wait, and read nothing more from their peers meanwhile, so
// that TCP slows those down. While messages are being sent there is a pause after
// as many changes as one turn may make.
type turns struct {
	// taken has an element while there is a turn. Connections have it in the
	// order in which they came: a peer with a single change waits for one turn of
	// each other peer.
	taken chan struct{}
	made  int       // changes since the last pause, about
	sent  uint64    // sent.msgs at the end of the last turn
	end   time.Time // of the last turn, if busy is set
	busy  time.Time // when a turn last found that messages had been sent; zero if that is long ago
}

const (
	// changesAtOnce is how many messages of a peer are looked at in one turn:
	// some 10 us of work.
	changesAtOnce = 64
	// turnPause is how long sendMu is then left to senders.
	turnPause = 100 * time.Microsecond
	// busyTime is how long there are pauses after a message was sent. A sender
	// that is kept from sending by turns that follow each other has the lock within
	// that time, as a sync.Mutex goes to one that has waited for 1 ms.
	busyTime = 2 * time.Millisecond
)

func (t *turns) init() { t.taken = make(chan struct{}, 1) }

// turn calls f under sendMu, when it is the caller's turn. f returns how many
// changes it made.
func (s *Socket) turn(f func() int) {
	t := &s.turns
	t.taken <- struct{}{}
	defer func() { <-t.taken }()
	if !t.busy.IsZero() {
		t.pause()
	}
	s.sendMu.Lock()
	if s.sent.msgs != t.sent {
		t.busy = time.Now()
	}
	t.made += f()
	t.sent = s.sent.msgs
	s.sendMu.Unlock()
	if !t.busy.IsZero() {
		t.end = time.Now()
	}
}

// pause leaves sendMu to senders, if as many changes as one turn may make have
// been made since it last was for so long.
func (t *turns) pause() {
	now := time.Now()
	left := turnPause - now.Sub(t.end)
	switch {
	case now.Sub(t.busy) > busyTime:
		t.busy = time.Time{}
	case left > 0 && t.made < changesAtOnce:
		return
	case left > 0:
		time.Sleep(left)
	}
	t.made = 0
}
