package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestReadyOncePerSleep: the reader is told once for each time that it found
// nothing, whatever wakes it.
func TestReadyOncePerSleep(t *testing.T) {
	batch := func() *msg.Batch {
		b := new(msg.Batch)
		b.Add(msg.Seg{B: []byte("\x00\x01b")})
		b.Msgs = 1
		return b
	}
	wakers := map[string]func(e *ends){
		"Put":                   func(e *ends) { e.Put(hello.msg()) },
		"PutFrame":              func(e *ends) { e.PutFrame([]byte("f")) },
		"PutFrame of 300 bytes": func(e *ends) { e.PutFrame(make([]byte, 300)) },
		"PutRest":               func(e *ends) { e.PutEncoded([]byte("\x00\x01r")) },
		"PutBatch":              func(e *ends) { e.PutBatch(batch()) },
	}
	for name, wake := range wakers {
		for _, c := range []pipe.Config{{}, {Pooled: true}} {
			e := newEnds(t, c)
			var taken msg.Batch
			for round := 1; round < 4; round++ {
				e.write(func() { wake(e); wake(e) })
				e.wantTold(round, 0)
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
					t.Fatalf("%s: read %d", name, n)
				}
				e.wantTold(round, 0)
			}
			e.close()
			e.wantTold(4, 0)
			e.close() // nobody sleeps
			e.wantTold(4, 0)
		}
	}
}

// TestDrainThenEnd: what was written before Close is read, then comes the end.
func TestDrainThenEnd(t *testing.T) {
	e := newEnds(t, pipe.Config{})
	e.put(message{"a"}, message{"b", "c"}, message{body(msg.LargeFrame)})
	if e.Ended() {
		t.Error("ended before Close")
	}
	e.close()
	for _, want := range []message{{"a"}, {"b", "c"}, {body(msg.LargeFrame)}} {
		if e.Ended() {
			t.Fatal("ended with something to read")
		}
		if got := e.read(1); !equalMessages(got, []message{want}) {
			t.Fatalf("read %.50q, want %.50q", got, want)
		}
	}
	if !e.Ended() || len(e.readAll()) > 0 {
		t.Error("not ended")
	}
	e = newEnds(t, pipe.Config{})
	if e.readAll(); e.Ended() {
		t.Error("an open queue ended because it is empty")
	}
	if e.close(); !e.Ended() {
		t.Error("an empty queue did not end")
	}
}

// TestKill counts what nobody will read, wakes a writer that waits for room,
// and takes nothing more.
func TestKill(t *testing.T) {
	for _, read := range []int{0, 1, 2, 3, 5, 9, 10} {
		e := newEnds(t, pipe.Config{HWM: 10})
		e.fill(hello)
		e.read(read)
		e.put(hello)
		blocked := read < 5 && e.full()
		told := e.room
		if n := e.CloseRead(); n != 11-read {
			t.Errorf("CloseRead() = %d with %d of 11 read", n, read)
		}
		if (e.room == told+1) != blocked {
			t.Errorf("Room told %d times to a writer that is blocked: %v", e.room-told, blocked)
		}
		var m msg.Msg
		var b msg.Batch
		if !e.full() || !e.Ended() || e.Next(&m) || e.Take(&b) || e.CloseRead() != 0 || e.queued() != 0 || e.Unread() != 0 {
			t.Errorf("dead, it is full %v, ended %v, holds %d", e.full(), e.Ended(), e.queued())
		}
		e.write(func() {
			if !e.ReadClosed() {
				t.Error("ReadClosed() = false after CloseRead")
			}
		})
		e.Ack(5, 50) // late, from one who had taken them
		e.close()
		if n := e.queued(); n != 0 {
			t.Errorf("dead, it holds %d", n)
		}
	}
}

// TestUnread: how many are still to be read is exact, Len is what counts
// against the limit.
func TestUnread(t *testing.T) {
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

// TestSetReader: messages wait for a reader to come, and it is told of them.
func TestSetReader(t *testing.T) {
	for _, before := range []string{"nothing", "message", "end"} {
		e := &ends{t: t}
		e.Queue = pipe.NewQueue(pipe.Config{Lock: &e.mu, Writer: e})
		want := 1
		switch before {
		case "message":
			e.put(hello)
		case "end":
			e.close()
		default:
			want = 0
		}
		p := pipe.New()
		e.write(func() { e.SetReader(e, p) })
		e.wantTold(want, 0)
		if e.To() != p || e.From() != nil {
			t.Errorf("%s: To is %v", before, e.To())
		}
		if before == "nothing" {
			e.put(hello)
			e.wantTold(1, 0)
		}
		if n := len(e.readAll()); n != 1 && before != "end" || e.Ended() != (before == "end") {
			t.Errorf("%s: read %d, ended %v", before, n, e.Ended())
		}
	}
}

// TestSender: a message is from whom its segment says, else from whoever is at
// the far end of the pipe when it is read.
func TestSender(t *testing.T) {
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
			t.Errorf("message %d %.20q is from %v, want %v", i, framesOf(&m), m.From, want)
		}
	}
	if b.Msgs != 0 || len(b.Segs) != 0 {
		t.Errorf("a batch that was put still holds %d messages", b.Msgs)
	}
	if p.Peer() != peer {
		t.Error("Peer is not who SetPeer said")
	}
}

func TestPipesHaveIDs(t *testing.T) {
	p, q := pipe.New(), pipe.New()
	if p.ID == q.ID || p.ID == 0 || p.Peer() != nil || p.Slot >= 0 {
		t.Errorf("pipes %+v and %+v", p, q)
	}
}

func TestDrops(t *testing.T) {
	var d pipe.Drops
	seen := map[string]bool{"unknown": true, "": true}
	for why := pipe.Drop(0); why < pipe.NumDrops; why++ {
		if seen[why.String()] {
			t.Errorf("drop %d has the name %q of another", why, why)
		}
		seen[why.String()] = true
		d.Add(why, int(why))
		d.Add(why, 2)
		d.Add(why, -1)
		if n := d[why].Load(); n != uint64(why)+2 {
			t.Errorf("%v: %d", why, n)
		}
	}
	if s := pipe.NumDrops.String(); s != "unknown" {
		t.Errorf("a reason of no name is %q", s)
	}
}

// TestPeekIsWhatNextTakes: a cursor shows the frames of the next message, over
// all segments they lie in, as often as one asks, and nothing is taken.
func TestPeekIsWhatNextTakes(t *testing.T) {
	large := body(msg.LargeFrame)
	written := []message{{"a"}, {"", "b"}, {large}, {"x", large, large, ""}, {large, "y"}, {body(300)}, {""}}
	e := newEnds(t, pipe.Config{})
	for round := range 2 {
		if _, ok := e.Peek(); ok {
			t.Fatal("something to see in an empty queue")
		}
		e.put(written...)
		e.wantTold(round+1, 0)
		for i, want := range written {
			for range 2 {
				c, ok := e.Peek()
				for k, frame := range want {
					got, flags, more := c.Next()
					if !ok || !more || string(got) != frame || (flags&msg.FlagMore != 0) != (k < len(want)-1) {
						t.Fatalf("message %d, frame %d: saw %.20q, flags %x, %v", i, k, got, flags, ok)
					}
				}
			}
			var m msg.Msg
			if !e.Next(&m) || m.Len() != len(want) || string(m.Frame(m.Len()-1)) != want[len(want)-1] {
				t.Fatalf("message %d: took %d frames", i, m.Len())
			}
		}
	}
}
