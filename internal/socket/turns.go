package socket

import "time"

// turns shares sendMu between calls that send and connections whose peers change
// their subscriptions. Otherwise all these connections would compete for the lock
// and for a processor, with as many changes as their peers send: with 64 such
// connections a publisher reaches a hundredth of its rate.
//
// One connection at a time has the turn, in which it makes a bounded number of
// changes. The others wait and read nothing from their peers meanwhile, so that TCP
// slows these down. While messages are sent, a pause follows as many changes as one
// turn may make.
type turns struct {
	// taken has an element while a connection has the turn. Connections get it in
	// the order in which they began to wait: a peer with a single change waits for
	// one turn of each other peer.
	taken chan struct{}
	made  int       // changes since the last pause, about
	sent  uint64    // sent.msgs at the end of the last turn
	end   time.Time // of the last turn, if busy is set
	busy  time.Time // when a turn last found that messages had been sent; zero if more than busyTime ago
}

const (
	// changesAtOnce is how many messages of a peer are processed in one turn: about
	// 10 us of work.
	changesAtOnce = 64
	// turnPause is how long no connection takes sendMu then.
	turnPause = 100 * time.Microsecond
	// busyTime is how long after a message was sent there are pauses. A sender that
	// waits for the lock while turns follow each other gets it within that time,
	// because a sync.Mutex goes to a goroutine that has waited for 1 ms.
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

// pause sleeps until turnPause after the last turn, if as many changes as one turn
// may make were made since the last pause of that length.
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
