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

// stream is a queue with two writers and a reader in goroutines of their own,
// in a bubble: if all of them wait, a wake-up was lost and the test fails.
type stream struct {
	*pipe.Queue
	t       *testing.T
	mu      sync.Mutex
	room    *sync.Cond
	ready   chan struct{}
	hwm     int
	written [2]uint64
	total   atomic.Int64 // written
	read    atomic.Int64 // about to be read, or read
	next    [2]uint64    // by the reader
}

func newStream(t *testing.T, c pipe.Config) *stream {
	s := &stream{t: t, ready: make(chan struct{}, 2), hwm: c.HWM}
	s.room = sync.NewCond(&s.mu)
	c.Lock, c.Reader, c.Writer = &s.mu, s, s
	s.Queue = pipe.NewQueue(c)
	return s
}

func (s *stream) Room(*pipe.Queue) { s.room.Broadcast() }

func (s *stream) Ready(*pipe.Queue) {
	select {
	case s.ready <- struct{}{}:
	default:
		// One more may be left over from before the reader's first look: a new
		// queue is asleep, and the reader need not have been.
		s.t.Error("told Ready twice without having slept")
	}
}

// writer writes n numbered messages, or until the queue is dead.
func (s *stream) writer(who byte, n uint64) {
	rng := seeded(uint64(who))
	for i := range n {
		s.mu.Lock()
		for s.Full() {
			if s.ReadClosed() {
				s.mu.Unlock()
				return
			}
			s.room.Wait()
		}
		frame := append([]byte{who}, binary.BigEndian.AppendUint64(nil, i)...)
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
		s.written[who]++
		if over := s.total.Add(1) - s.read.Load(); s.hwm > 0 && over > int64(s.hwm) {
			s.t.Errorf("%d messages in a queue of %d", over, s.hwm)
		}
		s.mu.Unlock()
	}
}

// see checks that a message is the next of its writer.
func (s *stream) see(frame []byte) {
	who, i := frame[0], binary.BigEndian.Uint64(frame[1:])
	if i != s.next[who] {
		s.t.Errorf("message %d of writer %d, want %d", i, who, s.next[who])
	}
	s.next[who] = i + 1
}

// sleep waits for Ready, or reports that the queue has ended.
func (s *stream) sleep() bool {
	if s.Ended() {
		return false
	}
	<-s.ready
	return true
}

// readOne reads up to n messages one at a time.
func (s *stream) readOne(n uint64) {
	var m msg.Msg
	for s.next[0]+s.next[1] < n {
		s.read.Add(1)
		if s.Next(&m) {
			s.see(m.First)
			continue
		}
		s.read.Add(-1)
		if !s.sleep() {
			return
		}
	}
}

// readBatches takes all at once, is done with it in parts, and now and then
// returns the rest.
func (s *stream) readBatches() {
	rng := seeded(99)
	var b msg.Batch
	for {
		if !s.Take(&b) {
			if !s.sleep() {
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
			s.see(m.First)
			if b.Counted {
				s.Ack(1, size)
			}
			b.Skip(size, 1)
		}
		s.Return(&b)
	}
}

// run runs the writers and a reader to their ends.
func (s *stream) run(n uint64, read func()) {
	var writers, reader sync.WaitGroup
	for who := range byte(2) {
		writers.Go(func() { s.writer(who, n) })
	}
	reader.Go(read)
	writers.Wait()
	s.Lock()
	s.Close()
	s.Unlock()
	reader.Wait()
}

var concurrent = []pipe.Config{
	{}, {HWM: 1}, {HWM: 2}, {HWM: 3}, {HWM: 100}, {HWM: 1000}, {MaxBytes: 1}, {MaxBytes: 5000}, {HWM: 50, MaxBytes: 10_000},
}

// TestConcurrentNext: everything arrives once and in order, and never is there
// more than the HWM.
func TestConcurrentNext(t *testing.T) {
	for _, c := range concurrent {
		synctest.Test(t, func(t *testing.T) {
			s := newStream(t, c)
			const n = 2000
			s.run(n, func() { s.readOne(1 << 62) })
			if s.next != [2]uint64{n, n} || !s.Ended() {
				t.Errorf("%+v: read %d, ended %v", c, s.next, s.Ended())
			}
		})
	}
}

func TestConcurrentTake(t *testing.T) {
	for _, c := range concurrent {
		synctest.Test(t, func(t *testing.T) {
			c.Pooled = true
			s := newStream(t, c)
			s.hwm = 0 // batches go free
			const n = 2000
			s.run(n, s.readBatches)
			if s.next != [2]uint64{n, n} || !s.Ended() {
				t.Errorf("%+v: read %d, ended %v", c, s.next, s.Ended())
			}
		})
	}
}

// TestConcurrentKill: what was not read is counted, to the message.
func TestConcurrentKill(t *testing.T) {
	for _, c := range concurrent {
		for _, n := range []uint64{0, 1, 100, 1999} {
			synctest.Test(t, func(t *testing.T) {
				s := newStream(t, c)
				killed := 0
				s.run(2000, func() {
					s.readOne(n)
					killed = s.CloseRead()
				})
				if got, want := s.next[0]+s.next[1]+uint64(killed), s.written[0]+s.written[1]; got != want {
					t.Errorf("%+v: read %d and killed %d, written %d", c, s.next, killed, want)
				}
			})
		}
	}
}

// TestConcurrentSetHWM: the limit of a live queue may be changed by whoever
// holds the writer's lock.
func TestConcurrentSetHWM(t *testing.T) {
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
			s.readOne(1 << 62)
			done.Store(true)
		})
		changes.Wait()
		if s.next != [2]uint64{n, n} {
			t.Errorf("read %d", s.next)
		}
	})
}
