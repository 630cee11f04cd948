package session

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestConnStateTransitions makes every transition from every state: those of the
// table change the state and set the reason once, the others do nothing.
func TestConnStateTransitions(t *testing.T) {
	reason, earlier := errors.New("reason"), errors.New("earlier")
	type result struct {
		to  connState
		err error // the reason afterwards; earlier if the state had one
	}
	transitions := []struct {
		name string
		make func(c *conn)
		want map[connState]result
	}{
		{"open", (*conn).openLocked, map[connState]result{
			stateHandshake: {stateOpen, nil},
		}},
		{"half-close", (*conn).halfCloseLocked, map[connState]result{
			stateOpen: {stateHalfClosed, nil},
		}},
		{"begin to reject", func(c *conn) { c.beginRejectLocked(reason) }, map[connState]result{
			stateOpen: {stateRejecting, reason},
		}},
		{"end to reject", func(c *conn) { c.endRejectLocked() }, map[connState]result{
			stateRejecting: {stateRejected, earlier},
		}},
		{"close the sending direction", func(c *conn) { c.closeWriteLocked() }, map[connState]result{
			stateOpen:       {stateWriteClosed, errFinished},
			stateHalfClosed: {stateWriteClosed, errFinished},
		}},
		{"fail to write", func(c *conn) { c.failWriteLocked(reason) }, map[connState]result{
			stateHandshake:  {stateWriteFailed, reason},
			stateOpen:       {stateWriteFailed, reason},
			stateHalfClosed: {stateWriteFailed, reason},
			stateRejecting:  {stateRejected, earlier},
		}},
		{"close", func(c *conn) { c.enterClosedLocked(reason) }, map[connState]result{
			stateHandshake:   {stateClosed, reason},
			stateOpen:        {stateClosed, reason},
			stateHalfClosed:  {stateClosed, reason},
			stateRejecting:   {stateClosed, earlier},
			stateRejected:    {stateClosed, earlier},
			stateWriteClosed: {stateClosed, earlier},
			stateWriteFailed: {stateClosed, earlier},
		}},
	}
	for _, tr := range transitions {
		for from := range numConnStates {
			c := &conn{state: from}
			if from.ending() {
				c.err = earlier
			}
			want, ok := tr.want[from]
			if !ok {
				want = result{from, c.err}
			}
			tr.make(c)
			if c.state != want.to || c.err != want.err {
				t.Errorf("%s in %v: %v because of %v, want %v because of %v", tr.name, from, c.state, c.err, want.to, want.err)
			}
		}
	}
}

// TestConnStateAllowsFlusherOnlyInTraffic lists the states in which a flusher may
// start.
func TestConnStateAllowsFlusherOnlyInTraffic(t *testing.T) {
	may := map[connState]bool{
		stateHandshake:   false,
		stateOpen:        true,
		stateHalfClosed:  true,
		stateRejecting:   true,
		stateRejected:    false,
		stateWriteClosed: false,
		stateWriteFailed: false,
		stateClosed:      false,
	}
	if len(may) != int(numConnStates) {
		t.Fatalf("%d of %d states are listed", len(may), numConnStates)
	}
	for s, want := range may {
		c := &conn{state: s}
		if got := c.becomeFlusher(); got != want {
			t.Errorf("a flusher starts in %v: %v, want %v", s, got, want)
		}
	}
}

// TestFlusherLooksAgainAfterRequest: a request during a flusher's work does not
// start a second one, and does not get lost.
func TestFlusherLooksAgainAfterRequest(t *testing.T) {
	var f flusherState
	if f.request(false) || !f.request(true) {
		t.Error("the first request starts a flusher when it may, and only then")
	}
	f.looking()
	if f.request(true) {
		t.Error("a second flusher starts")
	}
	if f.becomeIdle() {
		t.Error("the flusher rests in spite of a request")
	}
	f.looking()
	if !f.becomeIdle() || f != flusherIdle {
		t.Error("the flusher does not rest without a request")
	}
}

// TestFlusherDoesNotStartAfterStop: a failed write is the last.
func TestFlusherDoesNotStartAfterStop(t *testing.T) {
	var f flusherState
	f.request(true)
	f.stop()
	if f.request(true) {
		t.Error("a flusher starts after a failed write")
	}
}

// TestThrottledReaderEndsWithConnection: also if the signal of the close was taken
// before, by a wait that both the close and Finish have ended.
func TestThrottledReaderEndsWithConnection(t *testing.T) {
	for _, signals := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			c := &conn{state: stateClosed}
			for range signals {
				c.Room(nil)
			}
			start := time.Now()
			c.sleep(time.Second)
			if d := time.Since(start); d != 0 {
				t.Errorf("%d signals: slept for %v", signals, d)
			}
		})
	}
}
