package pipe_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// model is what a queue is without a reason to be fast: messages in a slice.
// It knows nothing of batches and acknowledgements, so it cannot say when
// exactly a queue has room, only within which bounds.
type model struct {
	*ends
	rng  *rand.Rand
	hwm  int
	max  int // bytes
	pool bool

	msgs   []message // written and not read
	taken  msg.Batch // by Take, and in the hands of the reader
	hold   []message // what is in it
	count  int       // all messages written, to tell them apart
	flying bool      // it did not count, and the reader has not been back since
	slept  bool      // the reader found nothing since it was told
	ready  int       // how often it should have been told
	closed bool
	dead   bool
	step   string
	log    []byte // what PutCommon is given is of it

	blocked bool // the writer found no room
	room    int  // how often it had been told of some then
	lagMost int  // how many messages a reader may have read unknown to the writer
}

func newModel(t *testing.T, rng *rand.Rand) *model {
	m := &model{rng: rng, slept: true, pool: rng.IntN(2) == 0}
	if rng.IntN(4) > 0 {
		m.hwm = 1 + rng.IntN(12)
	}
	if rng.IntN(3) == 0 {
		m.max = 1 + rng.IntN(20_000)
	}
	m.lagMost = lagMost(m.hwm)
	m.ends = newEnds(t, pipe.Config{HWM: m.hwm, MaxBytes: m.max, Pooled: m.pool})
	return m
}

// lagMost is the number of messages that the reader of a queue acknowledges at
// a time: any number if it has no limit.
func lagMost(hwm int) int {
	if hwm == 0 {
		return 1 << 30
	}
	return (hwm + 1) / 2
}

// next is a message unlike all before.
func (m *model) next() message {
	m.count++
	made := message{fmt.Sprint(m.count)}
	for m.rng.IntN(3) == 0 {
		made = append(made, body(m.rng.IntN(100)))
	}
	if m.rng.IntN(20) == 0 {
		made[m.rng.IntN(len(made))] += body([]int{250, 256, msg.LargeFrame, 30_000}[m.rng.IntN(4)])
	}
	return made
}

// woken notes that something was written, or the queue closed.
func (m *model) woken() {
	if m.slept {
		m.slept = false
		m.ready++
	}
}

// write puts messages in one of the five ways.
func (m *model) write() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.dead || m.Full() && m.rng.IntN(10) > 0 {
		return
	}
	written := message{fmt.Sprint(m.count)}
	switch m.count++; m.rng.IntN(5) {
	case 0:
		m.step = "PutFrame"
		written[0] += body(m.rng.IntN(300))
		m.PutFrame([]byte(written[0]))
	case 1:
		m.step = "PutRest"
		written = m.next()
		m.PutEncoded(written.msg().AppendEncoded(nil))
	case 2:
		m.step = "PutBatch"
		var b msg.Batch
		for range 1 + m.rng.IntN(4) {
			more := m.next()
			b.Add(msg.Seg{B: more.msg().AppendEncoded(nil)})
			b.Msgs++
			m.msgs = append(m.msgs, more)
		}
		m.PutBatch(&b)
		m.woken()
		return
	case 3:
		m.step = "PutCommon"
		written = m.next()
		m.PutCommon(m.common(written))
	default:
		m.step = "Put"
		written = m.next()
		m.Put(written.msg())
	}
	m.msgs = append(m.msgs, written)
	m.woken()
}

// common is a message in a log, in which there may be others before it.
func (m *model) common(c message) (b []byte, first bool) {
	if m.rng.IntN(3) == 0 {
		m.log = append(m.log, "x"...)
	}
	b = c.msg().AppendEncoded(nil)
	if len(b) > cap(m.log)-len(m.log) {
		m.log = make([]byte, 0, max(len(b), m.rng.IntN(1000)))
	}
	at := len(m.log)
	m.log = append(m.log, b...)
	return m.log[at:], at == 0
}

// read takes messages one at a time, as sockets do.
func (m *model) read() {
	m.step = "Next"
	n := 1 + m.rng.IntN(6)
	got := m.ends.read(n)
	want := min(n, len(m.msgs))
	if !equalMessages(got, m.msgs[:want]) {
		m.fail("read %.100q, want %.100q", got, m.msgs[:want])
	}
	m.msgs = m.msgs[want:]
	m.slept = m.slept || want < n
}

// take takes all at once, as connections do, or deals with what it has.
func (m *model) take() {
	if m.hold == nil {
		m.step = "Take"
		m.flying = false
		if got := m.Take(&m.taken); got != (len(m.msgs) > 0) || m.taken.Msgs != len(m.msgs) {
			m.fail("took %d of %d messages", m.taken.Msgs, len(m.msgs))
		}
		if len(m.msgs) == 0 {
			m.slept = true
			return
		}
		m.hold, m.msgs = m.msgs, nil
		m.flying = !m.taken.Counted
	}
	if got := readBatch(&m.taken); !equalMessages(got, m.hold) {
		m.fail("holds %.100q, want %.100q", got, m.hold)
	}
	switch m.rng.IntN(4) {
	case 0:
		m.step = "Return"
		m.Return(&m.taken)
		if !m.dead {
			m.msgs = append(m.hold, m.msgs...)
		}
		m.hold, m.flying = nil, false
	case 1:
		m.step = "Recycle"
		m.done(len(m.hold))
		m.taken.Recycle()
		m.hold = nil
	default:
		m.step = "Done"
		m.done(m.rng.IntN(len(m.hold)))
	}
}

// done says that the first n messages taken are written.
func (m *model) done(n int) {
	size := 0
	for _, w := range m.hold[:n] {
		size += w.size()
	}
	if m.taken.Counted && n > 0 {
		m.Ack(n, size)
	}
	m.taken.Skip(size, n)
	m.hold = m.hold[n:]
}

// end ends the queue from either side, or changes what it holds.
func (m *model) end() {
	switch m.rng.IntN(20) {
	case 2, 3, 4:
		m.step = "SetHWM"
		m.hwm = m.rng.IntN(12)
		m.lagMost = max(m.lagMost, lagMost(m.hwm)) // until the reader learns of it
		m.ends.write(func() { m.SetHWM(m.hwm) })
	case 5:
		m.step = "Discard"
		m.ends.write(func() {
			if n := m.Discard(); n > len(m.msgs) || m.pool && n != len(m.msgs) {
				m.fail("%d of %d messages", n, len(m.msgs))
			} else {
				m.msgs = m.msgs[:len(m.msgs)-n]
			}
		})
	case 0:
		m.step = "Close"
		m.close()
		m.closed = true
		m.woken()
	case 1:
		m.step = "CloseRead"
		want := len(m.msgs)
		if m.taken.Counted {
			want += len(m.hold)
		}
		if m.dead {
			want = 0
		}
		if n := m.CloseRead(); n != want {
			m.fail("CloseRead() = %d, want %d", n, want)
		}
		m.dead, m.msgs = true, nil
	}
}

func (m *model) fail(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf(m.step+": "+format, args...)
}

// check compares what can be known at any time.
func (m *model) check() {
	m.t.Helper()
	msgs, bytes := len(m.msgs), 0
	for _, w := range m.msgs {
		bytes += w.size()
	}
	if m.taken.Counted {
		msgs += len(m.hold)
		bytes += m.taken.Bytes
	}
	m.ends.write(func() { m.checkLimits(msgs, bytes) })
	if m.ends.ready != m.ready {
		m.fail("told Ready %d times, want %d", m.ends.ready, m.ready)
	}
	if m.hold != nil {
		if m.Ended() && !m.dead {
			m.fail("ended with %d messages in hand", len(m.hold))
		}
		return
	}
	if n := m.Unread(); n != len(m.msgs) {
		m.fail("Unread() = %d, want %d", n, len(m.msgs))
	}
	if n := m.Size(); n != bytes {
		m.fail("Size() = %d, want %d", n, bytes)
	}
	if m.Ended() != (m.dead || m.closed && !m.flying && len(m.msgs) == 0) {
		m.fail("ended %v with %d messages, flying %v, closed %v, dead %v", m.Ended(), len(m.msgs), m.flying, m.closed, m.dead)
	}
}

// checkLimits compares the writing half with what is written and not done. One
// that reads with Next may lag behind by less than half of each limit.
func (m *model) checkLimits(msgs, bytes int) {
	m.t.Helper()
	if m.blocked && m.ends.room == m.room && m.slept && msgs == 0 && !m.dead {
		m.fail("all is read, and a writer that found no room was not told")
	}
	full := m.Full()
	m.blocked, m.room = full, m.ends.room
	if m.dead {
		if !full || !m.ReadClosed() || m.Len() != 0 {
			m.fail("dead, it is full %v and holds %d", full, m.Len())
		}
		return
	}
	lag := m.Len() - msgs
	over := m.hwm > 0 && m.Len() >= m.hwm || m.max > 0 && bytes >= m.max
	under := (m.hwm == 0 || m.Len() < m.hwm) && (m.max == 0 || bytes < m.max && m.pool || bytes < m.max/2)
	if over && !full || under && full || m.ReadClosed() {
		m.fail("full %v with %d messages of %d bytes, limits %d and %d", full, msgs, bytes, m.hwm, m.max)
	}
	if lag < 0 || m.pool && lag > 0 || lag >= max(m.lagMost, 1) {
		m.fail("Len() = %d with %d messages, limit %d", m.Len(), msgs, m.hwm)
	}
}

// TestQueueModel compares a queue with a slice through random histories.
func TestQueueModel(t *testing.T) {
	for seed := range uint64(400) {
		m := newModel(t, seeded(seed))
		for range 150 {
			switch k := m.rng.IntN(10); {
			case k < 5:
				m.write()
			case k < 9 && m.pool:
				m.take()
			case k < 9:
				m.read()
			default:
				m.end()
			}
			m.check()
		}
	}
}
