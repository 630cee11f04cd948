package pipe_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// randomMessages returns up to most messages: most of one short frame, some at the
// limits between the kinds of frames, and some of several frames.
func randomMessages(rng *rand.Rand, most int) (msgs []message) {
	sizes := []int{0, 1, 254, 255, 256, 300, msg.LargeFrame - 1, msg.LargeFrame, 20_000}
	for range rng.IntN(most + 1) {
		m := message{fmt.Sprint(rng.Uint32())}
		switch rng.IntN(12) {
		case 0:
			m = message{body(sizes[rng.IntN(len(sizes))])}
		case 1:
			m = append(m, body(sizes[rng.IntN(len(sizes))]), "")
		}
		msgs = append(msgs, m)
	}
	return msgs
}

// msgsOf returns the messages with memory of their own.
func msgsOf(msgs []message) []msg.Msg {
	list := make([]msg.Msg, len(msgs))
	for i, m := range msgs {
		list[i] = *m.msg()
	}
	return list
}

func sizeOf(msgs []msg.Msg) (size int) {
	for i := range msgs {
		size += msgs[i].Size()
	}
	return size
}

// randomConfig returns limits in messages and bytes, and each kind of queue.
func randomConfig(rng *rand.Rand, drops *pipe.Drops) pipe.Config {
	c := pipe.Config{Pooled: rng.IntN(2) == 0, Drops: drops}
	if rng.IntN(4) > 0 {
		c.HWM = 1 + rng.IntN(30)
	}
	if rng.IntN(2) == 0 {
		c.MaxBytes = 1 + rng.IntN([]int{200, 2000, 40_000}[rng.IntN(3)])
		c.Overhead = []int{0, 24}[rng.IntN(2)]
	}
	switch rng.IntN(6) {
	case 0:
		c.Conflate = true
	case 1:
		c.DropOldest = true
	}
	return c
}

// TestPutRunEqualsRepeatedPut: the queue that gets runs has at each moment the same
// messages, counters and calls of Wake and Room as the one that gets each message
// after Full.
func TestPutRunEqualsRepeatedPut(t *testing.T) {
	partial := 0
	for seed := range uint64(120) {
		rng := seeded(seed)
		var drops [2]pipe.Drops
		c := randomConfig(rng, &drops[0])
		run := newEnds(t, c)
		c.Drops = &drops[1]
		each := newEnds(t, c)
		for range 40 {
			msgs := randomMessages(rng, 40)
			var n, size, want int
			run.write(func() { n, size = run.PutRun(msgsOf(msgs)) })
			each.write(func() {
				for want < len(msgs) && !each.Full() {
					each.Put(msgs[want].msg())
					want++
				}
			})
			if n != want || size != sizeOf(msgsOf(msgs[:want])) {
				t.Fatalf("seed %d: %d messages of %d bytes appended, want %d of %d", seed, n, size, want, sizeOf(msgsOf(msgs[:want])))
			}
			if n > 0 && n < len(msgs) {
				partial++
			}
			if c.Pooled {
				takeAll(t, seed, run, each, rng.IntN(3) == 0)
			} else if k := rng.IntN(60); !equalMessages(run.read(k), each.read(k)) {
				t.Fatalf("seed %d: the queues have different messages", seed)
			}
			if rng.IntN(200) == 0 {
				run.CloseRead(pipe.DropConnLost)
				each.CloseRead(pipe.DropConnLost)
			}
			wantSame(t, seed, run, each)
			for why := range drops[0] {
				if a, b := drops[0][why].Load(), drops[1][why].Load(); a != b {
					t.Fatalf("seed %d: %d messages dropped for %v, want %d", seed, a, pipe.Drop(why), b)
				}
			}
		}
	}
	if partial < 100 {
		t.Errorf("only %d runs reached a limit", partial)
	}
}

// takeAll takes the batches of both queues, and acknowledges them or returns them.
func takeAll(t *testing.T, seed uint64, a, b *ends, giveBack bool) {
	t.Helper()
	var x, y msg.Batch
	if got, want := a.Take(&x), b.Take(&y); got != want || x.Counted != y.Counted || x.Bytes != y.Bytes || !equalMessages(readBatch(&x), readBatch(&y)) {
		t.Fatalf("seed %d: the queues have different batches: %+v and %+v", seed, x, y)
	}
	for q, batch := range map[*ends]*msg.Batch{a: &x, b: &y} {
		switch {
		case batch.Msgs == 0:
		case giveBack:
			q.Return(batch)
		default:
			if batch.Counted {
				q.Ack(batch.Msgs, batch.Bytes)
			}
			batch.Recycle()
		}
	}
}

func wantSame(t *testing.T, seed uint64, got, want *ends) {
	t.Helper()
	if got.full() != want.full() || got.queued() != want.queued() || got.Size() != want.Size() || got.Unread() != want.Unread() {
		t.Fatalf("seed %d: full %v with %d messages, %d bytes and %d unread, want %v, %d, %d and %d", seed,
			got.full(), got.queued(), got.Size(), got.Unread(), want.full(), want.queued(), want.Size(), want.Unread())
	}
	if got.wakes != want.wakes || got.room != want.room {
		t.Fatalf("seed %d: Wake called %d times and Room %d times, want %d and %d", seed, got.wakes, got.room, want.wakes, want.room)
	}
}

// TestNextRunEqualsRepeatedNext: a run has the messages, senders and limits of
// repeated calls of Next, finds the queue empty when they do, and leaves no writer
// waiting.
func TestNextRunEqualsRepeatedNext(t *testing.T) {
	emptied := 0
	for seed := range uint64(120) {
		rng := seeded(seed)
		c := randomConfig(rng, nil)
		// What is written must not depend on when the reader acknowledges.
		c.Pooled, c.DropOldest = false, false
		run, each := newEnds(t, c), newEnds(t, c)
		peers := []*msg.Peer{nil, {Number: 1}, {Number: 2}}
		reported := -1 // number of calls of Room when Full was true last
		for range 40 {
			msgs := randomMessages(rng, 40)
			peer := peers[rng.IntN(len(peers))]
			for _, e := range []*ends{run, each} {
				if peer == nil {
					e.put(msgs...)
					continue
				}
				e.write(func() {
					b := batchOf(msgs...)
					for i := range b.Segs {
						b.Segs[i].From = peer
					}
					e.PutBatch(b)
				})
			}
			got, want := make([]msg.Msg, 1+rng.IntN(60)), []msg.Msg(nil)
			limit := 1 << 20
			if rng.IntN(3) == 0 {
				limit = 1 + rng.IntN(2000)
			}
			n, size, more := run.NextRun(got, limit)
			found := true
			for len(want) < len(got) && sizeOf(want) < limit {
				var m msg.Msg
				if found = each.Next(&m); !found {
					break
				}
				want = append(want, m)
			}
			if n != len(want) || size != sizeOf(want) || more != found {
				t.Fatalf("seed %d: %d messages of %d bytes, more %v, want %d of %d, %v", seed, n, size, more, len(want), sizeOf(want), found)
			}
			for i := range want {
				if a, b := framesOf(&got[i]), framesOf(&want[i]); !equalMessages([]message{a}, []message{b}) || got[i].From != want[i].From || cap(got[i].First) != cap(want[i].First) {
					t.Fatalf("seed %d: message %d is %.100q from %v, want %.100q from %v", seed, i, a, got[i].From, b, want[i].From)
				}
			}
			if run.Unread() != each.Unread() || run.Size() != each.Size() || run.wakes != each.wakes {
				t.Fatalf("seed %d: %d unread of %d bytes and %d wakes, want %d, %d and %d", seed, run.Unread(), run.Size(), run.wakes, each.Unread(), each.Size(), each.wakes)
			}
			if !more {
				emptied++
				if reported >= 0 && run.room == reported {
					t.Fatalf("seed %d: no message is left, and Room was not called for the waiting writer", seed)
				}
				reported = -1
			}
			if run.full() {
				if !more {
					t.Fatalf("seed %d: a queue without messages is full", seed)
				}
				reported = run.room
			}
		}
	}
	if emptied < 100 {
		t.Errorf("only %d runs found the queue empty", emptied)
	}
}

func TestRunsOfShortMessagesDoNotAllocate(t *testing.T) {
	e := newEnds(t, pipe.Config{})
	msgs, got := make([]msg.Msg, 64), make([]msg.Msg, 64)
	for i := range msgs {
		msgs[i].First = make([]byte, 10)
	}
	const runs = 200
	n := testing.AllocsPerRun(5, func() {
		for range runs {
			e.write(func() { e.PutRun(msgs) })
		}
		for left := runs * len(msgs); left > 0; {
			k, _, _ := e.NextRun(got, 1<<20)
			left -= k
		}
	})
	if each := n / float64(runs*len(msgs)); each > 0.02 {
		t.Errorf("%.3f allocations for each message", each)
	}
}
