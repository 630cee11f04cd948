package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestConflateKeepsOnlyNewestMessage writes the older and the newest message
// with every pair of Put methods.
func TestConflateKeepsOnlyNewestMessage(t *testing.T) {
	for _, c := range []pipe.Config{{Conflate: true, HWM: 1, MaxBytes: 1}, {Conflate: true, Pooled: true, HWM: 1}} {
		e := newEnds(t, c)
		take := e.readAll
		if c.Pooled {
			take = func() (msgs []message) {
				var b msg.Batch
				for e.Take(&b) {
					msgs = append(msgs, readBatch(&b)...)
					if b.Counted {
						e.Ack(b.Msgs, b.Bytes)
					}
					b.Recycle()
				}
				return msgs
			}
		}
		ways := map[string]func(){
			"Put":           func() { e.Put(message{"new", "est"}.msg()) },
			"large":         func() { e.Put(message{"new", body(9000), "est"}.msg()) },
			"PutFrame":      func() { e.PutFrame([]byte("newest")) },
			"long PutFrame": func() { e.PutFrame([]byte(body(300))) },
			"PutEncoded":    func() { e.PutEncoded([]byte("\x01\x03new\x00\x03est")) },
			"PutBatch": func() {
				b := new(msg.Batch)
				b.Add(msg.Seg{B: []byte("\x00\x01a\x00\x01b\x01\x01c\x00\x01d")})
				b.Msgs = 3
				e.PutBatch(b)
			},
		}
		newest := map[string]message{
			"Put": {"new", "est"}, "large": {"new", body(9000), "est"}, "PutFrame": {"newest"},
			"long PutFrame": {body(300)}, "PutEncoded": {"new", "est"}, "PutBatch": {"c", "d"},
		}
		for older, put := range ways {
			for way, last := range ways {
				e.write(func() {
					put()
					put()
					if e.Full() {
						t.Fatal("a conflating queue is full")
					}
					last()
				})
				if got := take(); !equalMessages(got, []message{newest[way]}) {
					t.Errorf("%s after %s: read %d messages, want only the newest", way, older, len(got))
				}
			}
		}
		e.put(message{"a"}, message{"b"})
		e.write(func() { e.PutBatch(new(msg.Batch)) }) // an empty batch drops nothing
		if n := e.CloseRead(pipe.DropConnLost); n != 1 {
			t.Errorf("CloseRead() = %d", n)
		}
	}
}

// TestSetConflateKeepsNewestQueuedMessage also checks that a waiting writer is
// woken.
func TestSetConflateKeepsNewestQueuedMessage(t *testing.T) {
	for n := range 4 {
		e := newEnds(t, pipe.Config{HWM: 3})
		var want []message
		for i := range n {
			want = []message{{"message", string(rune('0' + i))}}
			e.put(want...)
		}
		if full := e.full(); full != (n == 3) {
			t.Fatalf("%d messages queued: Full() = %v, HWM 3", n, full)
		}
		e.write(e.SetConflate)
		if e.full() || (e.room == 1) != (n == 3) {
			t.Errorf("%d messages queued: Full() = %v, Room called %d times", n, e.full(), e.room)
		}
		if got := e.readAll(); !equalMessages(got, want) {
			t.Errorf("%d messages queued: read %q, want %q", n, got, want)
		}
		e.put(message{"older"})
		e.put(message{"newest"})
		e.wantRead(message{"newest"})
	}
}

func TestConflateCountsReplacedMessages(t *testing.T) {
	var drops pipe.Drops
	e := newEnds(t, pipe.Config{Conflate: true, Drops: &drops})
	e.write(func() {
		for range 3 {
			e.PutFrame([]byte("x"))
		}
		var b msg.Batch
		b.Add(msg.Seg{B: []byte("\x00\x01a\x00\x01b\x00\x01c")})
		b.Msgs = 3
		e.PutBatch(&b)
	})
	if got := e.readAll(); !equalMessages(got, []message{{"c"}}) {
		t.Errorf("read %q, want only the newest message", got)
	}
	if n := drops[pipe.DropConflated].Load(); n != 5 {
		t.Errorf("counted %d dropped messages, want 5", n)
	}
}
