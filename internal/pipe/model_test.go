package pipe_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// model is a simple implementation of a queue: a slice of messages. It has no
// batches and no acknowledgements. It therefore cannot predict exactly when a
// queue is full, only within bounds.
type model struct {
	*ends
	rng  *rand.Rand
	hwm  int
	max  int // bytes
	pool bool

	msgs        []message // written and not read
	taken       msg.Batch // the last batch from Take
	takenMsgs   []message // the messages in taken
	count       int       // number of messages written, which makes each unique
	inFlight    bool      // taken is not Counted, and Take was not called again
	readerWaits bool      // the reader found no message since the last Wake
	wakes       int       // expected number of calls of Wake
	writeClosed bool
	readClosed  bool
	step        string
	log         []byte // contains the messages for PutCommon

	writerWaits bool // Full returned true
	room        int  // number of calls of Room at that time
	maxPending  int  // maximum number of messages read and not acknowledged
}

func newModel(t *testing.T, rng *rand.Rand) *model {
	m := &model{rng: rng, readerWaits: true, pool: rng.IntN(2) == 0}
	if rng.IntN(4) > 0 {
		m.hwm = 1 + rng.IntN(12)
	}
	if rng.IntN(3) == 0 {
		m.max = 1 + rng.IntN(20_000)
	}
	m.maxPending = maxPending(m.hwm)
	m.ends = newEnds(t, pipe.Config{HWM: m.hwm, MaxBytes: m.max, Pooled: m.pool})
	return m
}

// maxPending returns the number of messages that the reader of a queue
// acknowledges at a time. Without a limit any number is allowed.
func maxPending(hwm int) int {
	if hwm == 0 {
		return 1 << 30
	}
	return (hwm + 1) / 2
}

// next returns a message that differs from all earlier ones.
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

// woken records that a message was written, or the queue was closed.
func (m *model) woken() {
	if m.readerWaits {
		m.readerWaits = false
		m.wakes++
	}
}

// write writes with one of the five Put methods.
func (m *model) write() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.writeClosed || m.readClosed || m.Full() && m.rng.IntN(10) > 0 {
		return
	}
	written := message{fmt.Sprint(m.count)}
	switch m.count++; m.rng.IntN(5) {
	case 0:
		m.step = "PutFrame"
		written[0] += body(m.rng.IntN(300))
		m.PutFrame([]byte(written[0]))
	case 1:
		m.step = "PutEncoded"
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

// common appends c to the log, sometimes after bytes of a message that the queue
// does not get. It returns the arguments of PutCommon.
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

// read reads messages with Next, as sockets do.
func (m *model) read() {
	m.step = "Next"
	n := 1 + m.rng.IntN(6)
	got := m.ends.read(n)
	want := min(n, len(m.msgs))
	if !equalMessages(got, m.msgs[:want]) {
		m.fail("read %.100q, want %.100q", got, m.msgs[:want])
	}
	m.msgs = m.msgs[want:]
	m.readerWaits = m.readerWaits || want < n
}

// take takes a batch, as connections do. Then it writes, acknowledges or returns
// messages of it.
func (m *model) take() {
	if m.takenMsgs == nil {
		m.step = "Take"
		m.inFlight = false
		if got := m.Take(&m.taken); got != (len(m.msgs) > 0) || m.taken.Msgs != len(m.msgs) {
			m.fail("batch of %d messages, want %d", m.taken.Msgs, len(m.msgs))
		}
		if len(m.msgs) == 0 {
			m.readerWaits = true
			return
		}
		m.takenMsgs, m.msgs = m.msgs, nil
		m.inFlight = !m.taken.Counted
	}
	if got := readBatch(&m.taken); !equalMessages(got, m.takenMsgs) {
		m.fail("the batch contains %.100q, want %.100q", got, m.takenMsgs)
	}
	switch m.rng.IntN(4) {
	case 0:
		m.step = "Return"
		m.Return(&m.taken)
		if !m.readClosed {
			m.msgs = append(m.takenMsgs, m.msgs...)
		}
		m.takenMsgs, m.inFlight = nil, false
	case 1:
		m.step = "Recycle"
		m.ack(len(m.takenMsgs))
		m.taken.Recycle()
		m.takenMsgs = nil
	default:
		m.step = "Ack"
		m.ack(m.rng.IntN(len(m.takenMsgs)))
	}
}

// ack acknowledges the first n messages of the batch.
func (m *model) ack(n int) {
	size := 0
	for _, w := range m.takenMsgs[:n] {
		size += w.size()
	}
	if m.taken.Counted && n > 0 {
		m.Ack(n, size)
	}
	m.taken.Skip(size, n)
	m.takenMsgs = m.takenMsgs[n:]
}

// control changes the HWM, discards messages, or closes either half.
func (m *model) control() {
	switch m.rng.IntN(20) {
	case 2, 3, 4:
		m.step = "SetHWM"
		m.hwm = m.rng.IntN(12)
		m.maxPending = max(m.maxPending, maxPending(m.hwm)) // until the reader takes the next batch
		m.ends.write(func() { m.SetHWM(m.hwm) })
	case 5:
		m.step = "Discard"
		m.ends.write(func() {
			if n := m.Discard(pipe.DropConnLost); n > len(m.msgs) || m.pool && n != len(m.msgs) {
				m.fail("Discard() = %d with %d messages unread", n, len(m.msgs))
			} else {
				m.msgs = m.msgs[:len(m.msgs)-n]
			}
		})
	case 0:
		m.step = "Close"
		m.close()
		m.writeClosed = true
		m.woken()
	case 1:
		m.step = "CloseRead"
		want := len(m.msgs)
		if m.taken.Counted {
			want += len(m.takenMsgs)
		}
		if m.readClosed {
			want = 0
		}
		if n := m.CloseRead(pipe.DropConnLost); n != want {
			m.fail("CloseRead() = %d, want %d", n, want)
		}
		m.readClosed, m.msgs = true, nil
	}
}

func (m *model) fail(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf(m.step+": "+format, args...)
}

// check compares the queue with the model.
func (m *model) check() {
	m.t.Helper()
	msgs, bytes := len(m.msgs), 0
	for _, w := range m.msgs {
		bytes += w.size()
	}
	if m.taken.Counted {
		msgs += len(m.takenMsgs)
		bytes += m.taken.Bytes
	}
	m.ends.write(func() { m.checkLimits(msgs, bytes) })
	if m.ends.wakes != m.wakes {
		m.fail("Wake called %d times, want %d", m.ends.wakes, m.wakes)
	}
	if m.takenMsgs != nil {
		if m.Ended() && !m.readClosed {
			m.fail("Ended() = true with %d messages taken", len(m.takenMsgs))
		}
		return
	}
	if n := m.Unread(); n != len(m.msgs) {
		m.fail("Unread() = %d, want %d", n, len(m.msgs))
	}
	if n := m.Size(); n != bytes {
		m.fail("Size() = %d, want %d", n, bytes)
	}
	if m.Ended() != (m.readClosed || m.writeClosed && !m.inFlight && len(m.msgs) == 0) {
		m.fail("Ended() = %v with %d messages, in flight %v, closed %v, reading closed %v", m.Ended(), len(m.msgs), m.inFlight, m.writeClosed, m.readClosed)
	}
}

// checkLimits compares the writing half with the messages that are written and
// not acknowledged. A reader that uses Next may have read less than half of each
// limit without acknowledging it.
func (m *model) checkLimits(msgs, bytes int) {
	m.t.Helper()
	if m.writerWaits && m.ends.room == m.room && m.readerWaits && msgs == 0 && !m.readClosed {
		m.fail("all messages are read, Room was not called for the waiting writer")
	}
	full := m.Full()
	m.writerWaits, m.room = full, m.ends.room
	if m.readClosed {
		if !full || !m.ReadClosed() || m.Len() != 0 {
			m.fail("after CloseRead: Full() = %v, Len() = %d", full, m.Len())
		}
		return
	}
	pending := m.Len() - msgs
	over := m.hwm > 0 && m.Len() >= m.hwm || m.max > 0 && bytes >= m.max
	under := (m.hwm == 0 || m.Len() < m.hwm) && (m.max == 0 || bytes < m.max && m.pool || bytes < m.max/2)
	if over && !full || under && full || m.ReadClosed() {
		m.fail("Full() = %v with %d messages of %d bytes, limits %d and %d", full, msgs, bytes, m.hwm, m.max)
	}
	if pending < 0 || m.pool && pending > 0 || pending >= max(m.maxPending, 1) {
		m.fail("Len() = %d with %d messages unacknowledged or unread, HWM %d", m.Len(), msgs, m.hwm)
	}
}

// TestQueueBehavesLikeModel calls random methods on a queue and a model.
func TestQueueBehavesLikeModel(t *testing.T) {
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
				m.control()
			}
			m.check()
		}
	}
}
