package pipe_test

import (
	"math"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestQueueAcceptsMessagesUpToHWM fills a queue to its HWM. It is then full until
// (HWM+1)/2 messages are read, and accepts this number of messages again.
func TestQueueAcceptsMessagesUpToHWM(t *testing.T) {
	for hwm := 1; hwm <= 40; hwm++ {
		lwm := (hwm + 1) / 2
		for _, m := range []message{hello, {"two", "frames"}, {body(msg.LargeFrame)}} {
			e := newEnds(t, pipe.Config{HWM: hwm})
			if n := e.fill(m); n != hwm {
				t.Fatalf("HWM %d: accepted %d messages", hwm, n)
			}
			for round := range 5 {
				for k := 1; k <= lwm; k++ {
					if !e.full() {
						t.Fatalf("HWM %d: not full after %d messages read, want %d", hwm, k-1, lwm)
					}
					e.wantCalls(1, round)
					if len(e.read(1)) != 1 {
						t.Fatalf("HWM %d: nothing to read", hwm)
					}
				}
				e.wantCalls(1, round+1)
				if n := e.fill(m); n != lwm {
					t.Fatalf("HWM %d: accepted %d messages, want %d", hwm, n, lwm)
				}
			}
			if n := len(e.readAll()); n != hwm {
				t.Fatalf("HWM %d: read %d messages at the end", hwm, n)
			}
		}
	}
}

func TestRoomIsCalledOnceAfterFullReturnedTrue(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 4})
	e.put(hello, hello, hello, hello)
	e.readAll()
	e.wantCalls(1, 0)
	e.fill(hello)
	for range 3 {
		if !e.full() {
			t.Fatal("not full")
		}
	}
	e.readAll()
	e.wantCalls(2, 1)
}

func TestQueueWithoutHWMIsNeverFull(t *testing.T) {
	e := newEnds(t, pipe.Config{})
	for range 5000 {
		e.put(hello)
	}
	if e.full() || e.queued() != 5000 {
		t.Errorf("Full() = %v with %d messages, want false with 5000", e.full(), e.queued())
	}
	if n := len(e.readAll()); n != 5000 {
		t.Errorf("read %d", n)
	}
	e.wantCalls(1, 0)
}

// TestQueueIsFullAtMaxBytes also checks that Room is called when at most half of
// MaxBytes is unread.
func TestQueueIsFullAtMaxBytes(t *testing.T) {
	for _, size := range []int{0, 8, 98, 100, 300, 998, 5000, msg.LargeFrame, 100_000} {
		for _, limit := range []int{1, 100, 1000, 64 << 10} {
			m := message{body(size)}
			e := newEnds(t, pipe.Config{MaxBytes: limit})
			want := (limit + m.size() - 1) / m.size()
			for round := 1; round < 4; round++ {
				e.fill(m)
				if n := e.queued(); n != want {
					t.Fatalf("MaxBytes %d: accepted %d messages of %d bytes, want %d", limit, n, m.size(), want)
				}
				e.wantCalls(e.wakes, round-1)
				for e.room < round {
					if len(e.read(1)) == 0 {
						t.Fatalf("MaxBytes %d: all messages are read, Room was not called", limit)
					}
				}
				if left := e.Unread() * m.size(); left > limit/2 {
					t.Fatalf("MaxBytes %d: Room was called with %d bytes unread", limit, left)
				}
			}
		}
	}
}

// TestQueueIsFullAtFirstOfTwoLimits also checks that Room is called only when
// half of both limits is free.
func TestQueueIsFullAtFirstOfTwoLimits(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 10, MaxBytes: 10_000})
	if n := e.fill(hello); n != 10 {
		t.Errorf("accepted %d small messages, want 10", n)
	}
	e.readAll()
	e.wantCalls(1, 1)
	if n := e.fill(message{body(4000)}); n != 3 {
		t.Errorf("accepted %d large messages, want 3", n)
	}
	e.read(1)
	e.wantCalls(2, 1)
	e.readAll()
	e.wantCalls(2, 2)
}

// TestRoomIsCalledWhenAllMessagesAreRead uses random limits and message sizes.
func TestRoomIsCalledWhenAllMessagesAreRead(t *testing.T) {
	for seed := range uint64(300) {
		rng := seeded(seed)
		e := newEnds(t, pipe.Config{HWM: rng.IntN(20), MaxBytes: 1 + rng.IntN(2000)})
		for range 50 {
			blocked := false
			for !blocked && rng.IntN(30) > 0 {
				if blocked = e.full(); !blocked {
					e.put(message{body(rng.IntN(300))})
				}
			}
			calls := e.room
			if e.readAll(); e.full() || blocked && e.room != calls+1 {
				t.Fatalf("seed %d: all messages read: Full() = %v, Room called %d times, writer waited: %v",
					seed, e.full(), e.room-calls, blocked)
			}
		}
	}
}

func TestSetHWMChangesLimitOfQueueInUse(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 4})
	e.fill(hello)
	e.write(func() { e.SetHWM(10) })
	e.wantCalls(1, 1)
	if n := e.fill(hello); n != 6 {
		t.Errorf("accepted %d more messages at HWM 10, want 6", n)
	}
	e.write(func() { e.SetHWM(2) }) // the queue keeps its messages and is full
	e.wantCalls(1, 1)
	if n := len(e.read(8)); n != 8 || !e.full() {
		t.Errorf("HWM lowered to 2: read %d messages, Full() = %v", n, e.full())
	}
	if n := len(e.readAll()); n != 2 || e.full() {
		t.Errorf("HWM lowered to 2: read %d messages, Full() = %v", n, e.full())
	}
	if n := e.fill(hello); n != 2 {
		t.Errorf("accepted %d messages at HWM 2, want 2", n)
	}
	e.write(func() { e.SetHWM(0) })
	if e.full() {
		t.Error("Full() = true without a limit")
	}
}

// TestSetHWMDoesNotCountReadMessages: otherwise a lowered limit could block the
// writer until the reader acknowledges, which a reader without messages never
// does.
func TestSetHWMDoesNotCountReadMessages(t *testing.T) {
	for _, hwm := range []int{1000, 0} {
		for unread := range 3 {
			e := newEnds(t, pipe.Config{HWM: hwm})
			for range 400 {
				e.put(hello)
			}
			e.readAll()
			for range unread {
				e.put(hello)
			}
			e.write(func() { e.SetHWM(10) })
			if n := e.fill(hello); n != 10-unread {
				t.Errorf("HWM lowered from %d to 10, %d messages unread: added %d messages, want %d", hwm, unread, n, 10-unread)
			}
			e.readAll()
			if n := e.fill(hello); n != 10 {
				t.Errorf("HWM lowered from %d to 10, queue read: added %d messages, want 10", hwm, n)
			}
		}
	}
}

func TestDiscardCallsRoom(t *testing.T) {
	for _, c := range []pipe.Config{{HWM: 4}, {MaxBytes: 28}} {
		e := newEnds(t, c)
		e.fill(hello)
		e.write(func() {
			if n := e.Discard(pipe.DropConnLost); n != 4 || e.Len() != 0 {
				t.Errorf("Discard() = %d, Len() = %d, want 4 and 0", n, e.Len())
			}
		})
		e.wantCalls(1, 1)
		if n := e.fill(hello); n != 4 {
			t.Errorf("accepted %d messages after Discard, want 4", n)
		}
		e.wantRead(hello, hello, hello, hello)
	}
}

// TestQueueAcceptsMaxIntAsHWM: the mark must not overflow in computations.
func TestQueueAcceptsMaxIntAsHWM(t *testing.T) {
	var mu sync.Mutex
	q := pipe.NewQueue(pipe.Config{Lock: &mu, HWM: math.MaxInt, MaxBytes: 1000})
	for range 10 {
		n := 0
		mu.Lock()
		for ; !q.Full(); n++ {
			q.PutFrame(make([]byte, 98))
		}
		mu.Unlock()
		if n == 0 {
			t.Fatal("the queue stays full after all messages are read")
		}
		var m msg.Msg
		for range n {
			if !q.Next(&m) {
				t.Fatal("no message")
			}
		}
		q.Next(&m)
	}
}

// TestRaisedHWMCallsRoomAtOnce: the writer does not wait until half of the
// messages are read. If a socket fills its queue before its inproc endpoint is
// bound, the HWM of the binding socket is added.
func TestRaisedHWMCallsRoomAtOnce(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 4})
	e.fill(hello)
	e.write(func() { e.SetHWM(5) })
	e.wantCalls(1, 1)
	if n := e.fill(hello); n != 1 {
		t.Errorf("accepted %d more messages at HWM 5, want 1", n)
	}
	e.write(func() { e.SetHWM(5) })
	e.wantCalls(1, 1)
}
