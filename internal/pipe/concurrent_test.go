package pipe_test

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// stream is a queue with two writers and one reader, each in its own goroutine.
// It runs in a synctest bubble: if a wake-up is missing, all goroutines wait and
// the test fails.
type stream struct {
	*pipe.Queue
	t       *testing.T
	mu      sync.Mutex
	room    *sync.Cond
	wake    chan struct{}
	hwm     int
	written [2]uint64
	total   atomic.Int64 // written
	read    atomic.Int64 // read or being read
	next    [2]uint64    // for each writer, the next message that the reader expects
}

func newStream(t *testing.T, c pipe.Config) *stream {
	s := &stream{t: t, wake: make(chan struct{}, 2), hwm: c.HWM}
	s.room = sync.NewCond(&s.mu)
	c.Lock, c.Reader, c.Writer = &s.mu, s, s
	s.Queue = pipe.NewQueue(c)
	return s
}

func (s *stream) Room(*pipe.Queue) { s.room.Broadcast() }

func (s *stream) Wake(*pipe.Queue) {
	select {
	case s.wake <- struct{}{}:
	default:
		// The channel has two places because a new queue calls Wake for its
		// first message even if the reader has not looked for one.
		s.t.Error("Wake was called again before the reader found the queue empty")
	}
}

// writer writes n numbered messages. It stops earlier if the reader closes.
func (s *stream) writer(id byte, n uint64) {
	rng := seeded(uint64(id))
	for i := range n {
		s.mu.Lock()
		for s.Full() {
			if s.ReadClosed() {
				s.mu.Unlock()
				return
			}
			s.room.Wait()
		}
		frame := append([]byte{id}, binary.BigEndian.AppendUint64(nil, i)...)
		switch rng.IntN(4) {
		case 0:
			s.PutFrame(frame)
		case 1:
			s.Put(&msg.Msg{First: frame, Rest: [][]byte{make([]byte, rng.IntN(300)), nil}})
		case 2:
			s.Put(&msg.Msg{First: frame, Rest: [][]byte{make([]byte, msg.LargeFrame)}})
		default:
			s.PutEncoded(msg.AppendFrame(nil, frame, false))
		}
		s.written[id]++
		if over := s.total.Add(1) - s.read.Load(); s.hwm > 0 && over > int64(s.hwm) {
			s.t.Errorf("the queue contains %d messages, HWM %d", over, s.hwm)
		}
		s.mu.Unlock()
	}
}

// check checks that a message is the next one of its writer.
func (s *stream) check(frame []byte) {
	id, i := frame[0], binary.BigEndian.Uint64(frame[1:])
	if i != s.next[id] {
		s.t.Errorf("message %d of writer %d, want %d", i, id, s.next[id])
	}
	s.next[id] = i + 1
}

// wait waits for Wake. It returns false if the queue has ended.
func (s *stream) wait() bool {
	if s.Ended() {
		return false
	}
	<-s.wake
	return true
}

// readMessages reads up to n messages with Next.
func (s *stream) readMessages(n uint64) {
	var m msg.Msg
	for s.next[0]+s.next[1] < n {
		s.read.Add(1)
		if s.Next(&m) {
			s.check(m.First)
			continue
		}
		s.read.Add(-1)
		if !s.wait() {
			return
		}
	}
}

// readBatches reads batches with Take. It acknowledges each message, and
// sometimes returns the rest of a batch.
func (s *stream) readBatches() {
	rng := seeded(99)
	var b msg.Batch
	for {
		if !s.Take(&b) {
			if !s.wait() {
				return
			}
			continue
		}
		cur := b.Cursor()
		for range b.Msgs {
			if rng.IntN(100) == 0 {
				break
			}
			size := b.FirstSize()
			m, _ := cur.Message()
			s.check(m.First)
			if b.Counted {
				s.Ack(1, size)
			}
			b.Skip(size, 1)
		}
		s.Return(&b)
	}
}

// run runs two writers of n messages each, and read as the reader. It returns
// when all have finished.
func (s *stream) run(n uint64, read func()) {
	var writers, reader sync.WaitGroup
	for id := range byte(2) {
		writers.Go(func() { s.writer(id, n) })
	}
	reader.Go(read)
	writers.Wait()
	s.Lock()
	s.Close()
	s.Unlock()
	reader.Wait()
}

var concurrentConfigs = []pipe.Config{
	{}, {HWM: 1}, {HWM: 2}, {HWM: 3}, {HWM: 100}, {HWM: 1000}, {MaxBytes: 1}, {MaxBytes: 5000}, {HWM: 50, MaxBytes: 10_000},
}

// TestConcurrentNextReturnsAllMessagesInOrder also checks that the queue never
// exceeds its high-water mark.
func TestConcurrentNextReturnsAllMessagesInOrder(t *testing.T) {
	for _, c := range concurrentConfigs {
		synctest.Test(t, func(t *testing.T) {
			s := newStream(t, c)
			const n = 2000
			s.run(n, func() { s.readMessages(1 << 62) })
			if s.next != [2]uint64{n, n} || !s.Ended() {
				t.Errorf("%+v: read %d, ended %v", c, s.next, s.Ended())
			}
		})
	}
}

func TestConcurrentTakeReturnsAllMessagesInOrder(t *testing.T) {
	for _, c := range concurrentConfigs {
		synctest.Test(t, func(t *testing.T) {
			c.Pooled = true
			s := newStream(t, c)
			s.hwm = 0 // small batches do not count against the HWM
			const n = 2000
			s.run(n, s.readBatches)
			if s.next != [2]uint64{n, n} || !s.Ended() {
				t.Errorf("%+v: read %d, ended %v", c, s.next, s.Ended())
			}
		})
	}
}

func TestConcurrentCloseReadCountsUnreadMessages(t *testing.T) {
	for _, c := range concurrentConfigs {
		for _, n := range []uint64{0, 1, 100, 1999} {
			synctest.Test(t, func(t *testing.T) {
				s := newStream(t, c)
				dropped := 0
				s.run(2000, func() {
					s.readMessages(n)
					dropped = s.CloseRead(pipe.DropConnLost)
				})
				if got, want := s.next[0]+s.next[1]+uint64(dropped), s.written[0]+s.written[1]; got != want {
					t.Errorf("%+v: read %d and dropped %d messages, written %d", c, s.next, dropped, want)
				}
			})
		}
	}
}

// TestConcurrentSetHWMLosesNoMessage changes the limit in a goroutine that is
// neither the writer nor the reader.
func TestConcurrentSetHWMLosesNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStream(t, pipe.Config{HWM: 100})
		s.hwm = 0
		const n = 2000
		var changes sync.WaitGroup
		var done atomic.Bool
		s.run(n, func() {
			changes.Go(func() {
				for i := 0; !done.Load(); i++ {
					s.mu.Lock()
					s.SetHWM(100 + i%100)
					s.mu.Unlock()
				}
			})
			s.readMessages(1 << 62)
			done.Store(true)
		})
		changes.Wait()
		if s.next != [2]uint64{n, n} {
			t.Errorf("read %d messages of each writer, want %d", s.next, n)
		}
	})
}
