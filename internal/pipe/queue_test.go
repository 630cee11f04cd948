package pipe_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// message is the frames of a message.
type message []string

// size returns the encoded size of m.
func (m message) size() (n int) {
	for _, f := range m {
		n += msg.HeaderSize(len(f)) + len(f)
	}
	return n
}

func (m message) msg() *msg.Msg {
	frames := make([][]byte, len(m))
	for i, f := range m {
		frames[i] = []byte(f)
	}
	made := msg.Of(frames...)
	return &made
}

func framesOf(m *msg.Msg) (frames message) {
	for i := range m.Len() {
		frames = append(frames, string(m.Frame(i)))
	}
	return frames
}

func readBatch(b *msg.Batch) (msgs []message) {
	cur := b.Cursor()
	for m, ok := cur.Message(); ok; m, ok = cur.Message() {
		msgs = append(msgs, framesOf(&m))
	}
	return msgs
}

func equalMessages(a, b []message) bool { return slices.EqualFunc(a, b, slices.Equal[message]) }

// body returns n bytes that differ by position and by n.
func body(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i) ^ byte(i>>8) ^ byte(n)
	}
	return string(b)
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// ends is a queue with a reader and a writer that count the calls of Wake and
// Room.
type ends struct {
	*pipe.Queue
	t     testing.TB
	mu    sync.Mutex
	wakes int
	room  int
}

func newEnds(t testing.TB, c pipe.Config) *ends {
	e := &ends{t: t}
	c.Lock = &e.mu
	c.Reader, c.Writer = e, e
	e.Queue = pipe.NewQueue(c)
	return e
}

func (e *ends) Wake(*pipe.Queue) { e.wakes++ }
func (e *ends) Room(*pipe.Queue) { e.room++ }

// write calls f with the writer's lock held.
func (e *ends) write(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
}

func (e *ends) put(msgs ...message) {
	e.write(func() {
		for _, m := range msgs {
			e.Put(m.msg())
		}
	})
}

// fill puts messages until the queue is full, and returns their number.
func (e *ends) fill(m message) (n int) {
	e.write(func() {
		for !e.Full() {
			e.Put(m.msg())
			n++
		}
	})
	return n
}

func (e *ends) full() (full bool) {
	e.write(func() { full = e.Full() })
	return full
}

func (e *ends) queued() (n int) {
	e.write(func() { n = e.Len() })
	return n
}

func (e *ends) close() { e.write(e.Close) }

// read reads up to n messages with Next.
func (e *ends) read(n int) (msgs []message) {
	var m msg.Msg
	for ; n > 0 && e.Next(&m); n-- {
		msgs = append(msgs, framesOf(&m))
	}
	return msgs
}

// readAll reads until Next returns false.
func (e *ends) readAll() []message { return e.read(1 << 30) }

func (e *ends) wantCalls(wakes, room int) {
	e.t.Helper()
	if e.wakes != wakes || e.room != room {
		e.t.Fatalf("Wake called %d times and Room %d times, want %d and %d", e.wakes, e.room, wakes, room)
	}
}

func (e *ends) wantRead(want ...message) {
	e.t.Helper()
	if got := e.readAll(); !equalMessages(got, want) {
		e.t.Fatalf("read %.200q, want %.200q", got, want)
	}
}

var hello = message{"hello"}
