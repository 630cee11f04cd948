package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// burst is the number of messages that a benchmark writes before it reads them.
// Under load, queues typically contain as many.
const burst = 500

// BenchmarkPut writes messages to the queue of a connection with each method
// that sockets use.
func BenchmarkPut(b *testing.B) {
	small := make([]byte, 10)
	m := &msg.Msg{First: small}
	multi := message{"id", "", body(10)}.msg()
	encoded := multi.AppendEncoded(nil)
	large := &msg.Msg{First: make([]byte, msg.LargeFrame)}
	for _, bb := range []struct {
		name string
		put  func(q *pipe.Queue)
	}{
		{"PutFrame", func(q *pipe.Queue) { q.PutFrame(small) }},
		{"Put", func(q *pipe.Queue) { q.Put(m) }},
		{"multipart", func(q *pipe.Queue) { q.Put(multi) }},
		{"PutEncoded", func(q *pipe.Queue) { q.PutEncoded(encoded) }},
		{"large", func(q *pipe.Queue) { q.Put(large) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			e := newEnds(b, pipe.Config{HWM: 2 * burst, Pooled: true})
			var batch msg.Batch
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				e.mu.Lock()
				if !e.Full() {
					bb.put(e.Queue)
				}
				e.mu.Unlock()
				if n++; n == burst {
					e.Take(&batch)
					if batch.Counted {
						e.Ack(batch.Msgs, batch.Bytes)
					}
					batch.Recycle()
					n = 0
				}
			}
		})
	}
}

// BenchmarkNext reads messages that were queued in batches, as by a connection.
func BenchmarkNext(b *testing.B) {
	for _, bb := range []struct {
		name string
		m    message
	}{{"10B", message{body(10)}}, {"256B", message{body(256)}}, {"multipart", message{"id", "", body(10)}}} {
		b.Run(bb.name, func(b *testing.B) {
			e := newEnds(b, pipe.Config{HWM: 2 * burst})
			var segment []byte
			for range burst {
				segment = bb.m.msg().AppendEncoded(segment)
			}
			var batch msg.Batch
			var m msg.Msg
			b.ReportAllocs()
			for b.Loop() {
				if e.Next(&m) {
					continue
				}
				batch.Add(msg.Seg{B: segment})
				batch.Msgs = burst
				e.mu.Lock()
				e.PutBatch(&batch)
				e.mu.Unlock()
			}
		})
	}
}

// BenchmarkPutNext writes and reads single messages, as two sockets that are
// connected by inproc do.
func BenchmarkPutNext(b *testing.B) {
	e := newEnds(b, pipe.Config{})
	frame := make([]byte, 10)
	var m msg.Msg
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		e.mu.Lock()
		e.PutFrame(frame)
		e.mu.Unlock()
		if n++; n == burst {
			for e.Next(&m) {
			}
			n = 0
		}
	}
}

// TestQueueAllocatesForManyMessagesAtATime checks that neither half of a queue
// allocates for each message.
func TestQueueAllocatesForManyMessagesAtATime(t *testing.T) {
	frame, two := make([]byte, 10), message{"a", "b"}.msg()
	segment := two.AppendEncoded(nil)
	for range burst - 1 {
		segment = two.AppendEncoded(segment)
	}
	out, in := newEnds(t, pipe.Config{Pooled: true}), newEnds(t, pipe.Config{})
	var taken, batch msg.Batch
	var m msg.Msg
	for _, tt := range []struct {
		name string
		max  float64 // allocations for burst messages
		f    func()
	}{
		{"PutFrame", 10, func() {
			for range burst {
				out.PutFrame(frame)
			}
			out.Take(&taken)
			taken.Recycle()
			out.Take(&taken)
		}},
		{"Put", 10, func() {
			for range burst {
				out.Put(two)
			}
			out.Take(&taken)
			taken.Recycle()
			out.Take(&taken)
		}},
		{"Next", burst/64 + 10, func() { // a slab for 64 messages of two frames
			batch.Add(msg.Seg{B: segment})
			batch.Msgs = burst
			in.PutBatch(&batch)
			for range burst {
				in.Next(&m)
			}
			in.Next(&m)
		}},
	} {
		if n := testing.AllocsPerRun(100, tt.f); n > tt.max {
			t.Errorf("%s: %v allocations for %d messages, want at most %v", tt.name, n, burst, tt.max)
		}
	}
}
