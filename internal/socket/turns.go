package socket

import (
	"runtime"
	"time"
)

// turns shares sendMu between calls that send and connections whose peers change
// their subscriptions. Otherwise all these connections would compete for the lock
// and for a processor, with as many changes as their peers send: with 64 such
// connections a publisher reaches a hundredth of its rate.
//
// One connection at a time has the turn, in which it makes at most
// changesAtOnce changes. The others wait for the turn and read nothing from
// their peers meanwhile, so that TCP flow control slows the peers down. While
// the socket sends messages, there is a pause after every changesAtOnce
// changes. A pause is often much longer than it should be, because timers have a
// resolution of 1 ms on some systems. The next pauses are then shorter or omitted.
type turns struct {
	// taken is a semaphore: it has an element while a connection has the turn.
	// Connections get the turn in the order in which they began to wait, so a
	// connection with a single change waits for at most one turn of each other
	// connection.
	taken chan struct{}
	made  int                 // changes since the last pause, about
	sent  uint64              // sent.msgs at the end of the last turn
	end   time.Time           // of the last turn, if busy is set
	over  time.Duration       // how much longer the pauses were than they should be, at most maxOver
	sleep func(time.Duration) // time.Sleep, except in tests
	busy  time.Time           // when a turn last found that messages had been sent; zero if more than busyTime ago
}

const (
	// changesAtOnce is how many messages of a peer are processed in one turn: about
	// 10 us of work.
	changesAtOnce = 64
	// turnPause is the length of a pause, during which no connection makes
	// changes.
	turnPause = 100 * time.Microsecond
	// maxOver limits how many pauses are omitted after a long one.
	maxOver = time.Millisecond
	// busyTime is how long pauses continue after the last message was sent. It
	// is longer than a sender can wait for sendMu while connections make
	// changes: a sync.Mutex is handed to a goroutine that has waited for 1 ms.
	// So pauses do not stop while a sender waits.
	busyTime = 2 * time.Millisecond
)

func (t *turns) init() { t.taken, t.sleep = make(chan struct{}, 1), time.Sleep }

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
		runtime.Gosched() // to a sender that Unlock has woken, so that it gets the lock before the next turn
	}
}

// pause sleeps until turnPause after the last turn, if at least changesAtOnce
// changes were made since the last pause, unless earlier pauses were too long.
func (t *turns) pause() {
	now := time.Now()
	left := turnPause - now.Sub(t.end)
	switch {
	case now.Sub(t.busy) > busyTime:
		t.busy = time.Time{}
	case left > 0 && t.made < changesAtOnce:
		return
	case left > 0:
		if t.over -= left; t.over < 0 {
			t.sleep(-t.over)
			t.over = min(t.over+time.Since(now), maxOver)
		}
	}
	t.made = 0
}
