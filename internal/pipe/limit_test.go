package pipe_test

import (
	"math"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestHWM: a queue takes as many messages as its HWM, and then none until
// LWM = (HWM+1)/2 of them have been read: it takes as many again.
func TestHWM(t *testing.T) {
	for hwm := 1; hwm <= 40; hwm++ {
		lwm := (hwm + 1) / 2
		for _, m := range []message{hello, {"two", "frames"}, {body(msg.LargeFrame)}} {
			e := newEnds(t, pipe.Config{HWM: hwm})
			if n := e.fill(m); n != hwm {
				t.Fatalf("HWM %d: took %d messages", hwm, n)
			}
			for round := range 5 {
				for k := 1; k <= lwm; k++ {
					if !e.full() {
						t.Fatalf("HWM %d: room after %d of %d messages", hwm, k-1, lwm)
					}
					e.wantTold(1, round)
					if len(e.read(1)) != 1 {
						t.Fatalf("HWM %d: nothing to read", hwm)
					}
				}
				e.wantTold(1, round+1)
				if n := e.fill(m); n != lwm {
					t.Fatalf("HWM %d: took %d messages after %d", hwm, n, lwm)
				}
			}
			if n := len(e.readAll()); n != hwm {
				t.Fatalf("HWM %d: %d messages left", hwm, n)
			}
		}
	}
}

// TestNoRoomForNobody: Room is told to a writer that found none, once.
func TestNoRoomForNobody(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 4})
	e.put(hello, hello, hello, hello)
	e.readAll()
	e.wantTold(1, 0)
	e.fill(hello)
	for range 3 {
		if !e.full() {
			t.Fatal("not full")
		}
	}
	e.readAll()
	e.wantTold(2, 1)
}

func TestHWMUnlimited(t *testing.T) {
	e := newEnds(t, pipe.Config{})
	for range 5000 {
		e.put(hello)
	}
	if e.full() || e.queued() != 5000 {
		t.Errorf("full %v with %d messages", e.full(), e.queued())
	}
	if n := len(e.readAll()); n != 5000 {
		t.Errorf("read %d", n)
	}
	e.wantTold(1, 0)
}

// TestMaxBytes: a queue is full when it holds as many bytes at rest, or more,
// and tells of room when no more than half of them are left.
func TestMaxBytes(t *testing.T) {
	for _, size := range []int{0, 8, 98, 100, 300, 998, 5000, msg.LargeFrame, 100_000} {
		for _, limit := range []int{1, 100, 1000, 64 << 10} {
			m := message{body(size)}
			e := newEnds(t, pipe.Config{MaxBytes: limit})
			want := (limit + m.size() - 1) / m.size()
			for round := 1; round < 4; round++ {
				e.fill(m)
				if n := e.queued(); n != want {
					t.Fatalf("limit %d: took %d messages of %d bytes, want %d", limit, n, m.size(), want)
				}
				e.wantTold(e.ready, round-1)
				for e.room < round {
					if len(e.read(1)) == 0 {
						t.Fatalf("limit %d: no Room although all is read", limit)
					}
				}
				if left := e.Unread() * m.size(); left > limit/2 {
					t.Fatalf("limit %d: room with %d bytes left", limit, left)
				}
			}
		}
	}
}

// TestBothLimits: whichever is reached first counts, and both must be clear of
// for Room.
func TestBothLimits(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 10, MaxBytes: 10_000})
	if n := e.fill(hello); n != 10 {
		t.Errorf("took %d small messages", n)
	}
	e.readAll()
	e.wantTold(1, 1)
	if n := e.fill(message{body(4000)}); n != 3 {
		t.Errorf("took %d large messages", n)
	}
	e.read(1)
	e.wantTold(2, 1)
	e.readAll()
	e.wantTold(2, 2)
}

// TestRoomWhenAllIsRead: however the limits and sizes fall together, a reader
// that has read everything leaves room.
func TestRoomWhenAllIsRead(t *testing.T) {
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
			told := e.room
			if e.readAll(); e.full() || blocked && e.room != told+1 {
				t.Fatalf("seed %d: full %v when all is read, Room told %d times to a blocked writer (%v)",
					seed, e.full(), e.room-told, blocked)
			}
		}
	}
}

// TestSetHWM changes the limit of a queue in use.
func TestSetHWM(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 4})
	e.fill(hello)
	e.write(func() { e.SetHWM(10) })
	e.wantTold(1, 1)
	if n := e.fill(hello); n != 6 {
		t.Errorf("took %d more at HWM 10", n)
	}
	e.write(func() { e.SetHWM(2) }) // lowered: nothing is lost, and it is full until drained
	e.wantTold(1, 1)
	if n := len(e.read(8)); n != 8 || !e.full() {
		t.Errorf("read %d, full %v", n, e.full())
	}
	if n := len(e.readAll()); n != 2 || e.full() {
		t.Errorf("read %d, full %v", n, e.full())
	}
	if n := e.fill(hello); n != 2 {
		t.Errorf("took %d at HWM 2", n)
	}
	e.write(func() { e.SetHWM(0) })
	if e.full() {
		t.Error("full without a limit")
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

// TestRoomAfterDiscard: what is dropped makes room like what is read.
func TestRoomAfterDiscard(t *testing.T) {
	for _, c := range []pipe.Config{{HWM: 4}, {MaxBytes: 28}} {
		e := newEnds(t, c)
		e.fill(hello)
		e.write(func() {
			if n := e.Discard(); n != 4 || e.Len() != 0 {
				t.Errorf("dropped %d, %d left", n, e.Len())
			}
		})
		e.wantTold(1, 1)
		if n := e.fill(hello); n != 4 {
			t.Errorf("took %d", n)
		}
		e.wantRead(hello, hello, hello, hello)
	}
}

// TestHugeHWM: a mark that stands for no limit is none that overflows.
func TestHugeHWM(t *testing.T) {
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
			t.Fatal("full for ever")
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

// TestRaisedHWMMakesRoomAtOnce: the new limit counts, and not how much of the
// old one has been read. A connector over inproc that was full before the bind
// may write as much more as the binder allows.
func TestRaisedHWMMakesRoomAtOnce(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 4})
	e.fill(hello)
	e.write(func() { e.SetHWM(5) })
	e.wantTold(1, 1)
	if n := e.fill(hello); n != 1 {
		t.Errorf("took %d more at HWM 5", n)
	}
	e.write(func() { e.SetHWM(5) })
	e.wantTold(1, 1)
}
