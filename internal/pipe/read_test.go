package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestReadyIsCalledOncePerWait: after a reading method has found no message,
// each Put method and Close call Wake once.
func TestReadyIsCalledOncePerWait(t *testing.T) {
	writes := map[string]func(e *ends){
		"Put":                   func(e *ends) { e.Put(hello.msg()) },
		"PutFrame":              func(e *ends) { e.PutFrame([]byte("f")) },
		"PutFrame of 300 bytes": func(e *ends) { e.PutFrame(make([]byte, 300)) },
		"PutEncoded":            func(e *ends) { e.PutEncoded([]byte("\x00\x01r")) },
		"PutBatch":              func(e *ends) { e.PutBatch(batchOf(message{"b"})) },
	}
	for name, put := range writes {
		for _, c := range []pipe.Config{{}, {Pooled: true}} {
			e := newEnds(t, c)
			var taken msg.Batch
			for round := 1; round < 4; round++ {
				e.write(func() { put(e); put(e) })
				e.wantCalls(round, 0)
				n := 0
				if c.Pooled {
					for e.Take(&taken) {
						n += taken.Msgs
						taken.Recycle()
					}
				} else {
					n = len(e.readAll())
				}
				if n != 2 {
					t.Fatalf("%s: read %d messages, want 2", name, n)
				}
				e.wantCalls(round, 0)
			}
			e.close()
			e.wantCalls(4, 0)
			e.close() // the reader does not wait
			e.wantCalls(4, 0)
		}
	}
}

func TestQueueEndsAfterCloseAndLastMessage(t *testing.T) {
	e := newEnds(t, pipe.Config{})
	e.put(message{"a"}, message{"b", "c"}, message{body(msg.LargeFrame)})
	if e.Ended() {
		t.Error("Ended() = true before Close")
	}
	e.close()
	for _, want := range []message{{"a"}, {"b", "c"}, {body(msg.LargeFrame)}} {
		if e.Ended() {
			t.Fatal("Ended() = true with an unread message")
		}
		if got := e.read(1); !equalMessages(got, []message{want}) {
			t.Fatalf("read %.50q, want %.50q", got, want)
		}
	}
	if !e.Ended() || len(e.readAll()) > 0 {
		t.Error("Ended() = false after the last message")
	}
	e = newEnds(t, pipe.Config{})
	if e.readAll(); e.Ended() {
		t.Error("Ended() = true for an empty queue that is not closed")
	}
	if e.close(); !e.Ended() {
		t.Error("Ended() = false for an empty queue that is closed")
	}
}

// TestCloseReadDropsUnreadMessages also checks that CloseRead wakes a waiting
// writer, and that the queue then stays empty.
func TestCloseReadDropsUnreadMessages(t *testing.T) {
	for _, read := range []int{0, 1, 2, 3, 5, 9, 10} {
		e := newEnds(t, pipe.Config{HWM: 10})
		e.fill(hello)
		e.read(read)
		e.put(hello)
		blocked := read < 5 && e.full()
		calls := e.room
		if n := e.CloseRead(pipe.DropConnLost); n != 11-read {
			t.Errorf("CloseRead() = %d with %d of 11 read", n, read)
		}
		if (e.room == calls+1) != blocked {
			t.Errorf("Room called %d times, writer waited: %v", e.room-calls, blocked)
		}
		var m msg.Msg
		var b msg.Batch
		if !e.full() || !e.Ended() || e.Next(&m) || e.Take(&b) || e.CloseRead(pipe.DropConnLost) != 0 || e.queued() != 0 || e.Unread() != 0 {
			t.Errorf("after CloseRead: Full() = %v, Ended() = %v, Len() = %d", e.full(), e.Ended(), e.queued())
		}
		e.write(func() {
			if !e.ReadClosed() {
				t.Error("ReadClosed() = false after CloseRead")
			}
		})
		e.Ack(5, 50) // by a reader that took messages before
		e.close()
		if n := e.queued(); n != 0 {
			t.Errorf("after CloseRead and Ack: Len() = %d", n)
		}
	}
}

// TestUnreadIsExact: Unread changes with each message, Len with each
// acknowledgement.
func TestUnreadIsExact(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 10})
	e.fill(hello)
	for read := 1; read <= 10; read++ {
		e.read(1)
		if n := e.Unread(); n != 10-read {
			t.Errorf("Unread() = %d after %d of 10", n, read)
		}
		if n, want := e.queued(), 10-read/5*5; n != want {
			t.Errorf("Len() = %d after %d of 10, want %d", n, read, want)
		}
	}
}

// TestSetReaderCallsReadyForQueuedMessages writes, or closes, before the queue has
// a reader.
func TestSetReaderCallsReadyForQueuedMessages(t *testing.T) {
	for _, before := range []string{"nothing", "message", "close"} {
		e := &ends{t: t}
		e.Queue = pipe.NewQueue(pipe.Config{Lock: &e.mu, Writer: e})
		want := 1
		switch before {
		case "message":
			e.put(hello)
		case "close":
			e.close()
		default:
			want = 0
		}
		p := pipe.New()
		e.write(func() { e.SetReader(e, p) })
		e.wantCalls(want, 0)
		if e.To() != p || e.From() != nil {
			t.Errorf("%s before SetReader: To() = %v", before, e.To())
		}
		if before == "nothing" {
			e.put(hello)
			e.wantCalls(1, 0)
		}
		if n := len(e.readAll()); n != 1 && before != "close" || e.Ended() != (before == "close") {
			t.Errorf("%s before SetReader: read %d messages, Ended() = %v", before, n, e.Ended())
		}
	}
}

// TestNextSetsSender: the sender of a message is the peer in its segment. If there
// is none, it is the peer of the pipe when the message is read.
func TestNextSetsSender(t *testing.T) {
	p := pipe.New()
	peer, other := &msg.Peer{RoutingID: "peer"}, &msg.Peer{RoutingID: "other"}
	p.SetPeer(peer)
	e := newEnds(t, pipe.Config{To: p})
	b := new(msg.Batch)
	b.Add(msg.Seg{B: []byte("\x00\x01a\x01\x01b"), From: other})
	b.Add(msg.Seg{B: []byte("\x00\x01c"), From: other})
	b.Msgs = 2
	e.write(func() {
		e.PutBatch(b)
		e.Put(hello.msg())
		e.Put(message{"x", body(9000)}.msg())
	})
	for i, want := range []*msg.Peer{other, other, peer, peer} {
		var m msg.Msg
		if !e.Next(&m) || m.From != want {
			t.Errorf("message %d %.20q has sender %v, want %v", i, framesOf(&m), m.From, want)
		}
	}
	if b.Msgs != 0 || len(b.Segs) != 0 {
		t.Errorf("the batch has %d messages after PutBatch, want 0", b.Msgs)
	}
	if p.Peer() != peer {
		t.Error("Peer does not return the peer of SetPeer")
	}
}

// TestPeekShowsMessageOfNext calls Peek twice before each Next, for messages in
// one and in several segments.
func TestPeekShowsMessageOfNext(t *testing.T) {
	large := body(msg.LargeFrame)
	written := []message{{"a"}, {"", "b"}, {large}, {"x", large, large, ""}, {large, "y"}, {body(300)}, {""}}
	e := newEnds(t, pipe.Config{})
	for round := range 2 {
		if _, ok := e.Peek(); ok {
			t.Fatal("Peek found a message in an empty queue")
		}
		e.put(written...)
		e.wantCalls(round+1, 0)
		for i, want := range written {
			for range 2 {
				c, ok := e.Peek()
				for k, frame := range want {
					got, flags, more := c.Next()
					if !ok || !more || string(got) != frame || (flags&msg.FlagMore != 0) != (k < len(want)-1) {
						t.Fatalf("message %d, frame %d: Peek shows %.20q, flags %x, ok %v", i, k, got, flags, ok)
					}
				}
			}
			var m msg.Msg
			if !e.Next(&m) || m.Len() != len(want) || string(m.Frame(m.Len()-1)) != want[len(want)-1] {
				t.Fatalf("message %d: Next returned %d frames", i, m.Len())
			}
		}
	}
}
