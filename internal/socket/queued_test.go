package socket_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestQueuedSendOverInprocCountsUnreadMessages: QueuedSend of the sender equals
// QueuedRecv of the receiver after every received message, whichever socket
// binds. It is 0 after the receiver is closed.
func TestQueuedSendOverInprocCountsUnreadMessages(t *testing.T) {
	for _, senderBinds := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
			if senderBinds {
				push.MustBind("inproc://a")
				pull.MustConnect("inproc://a")
			} else {
				push.MustConnect("inproc://a")
				push.MustSend("0")
				if n := push.Stats().QueuedSend; n != 1 {
					t.Errorf("%d queued before the receiver binds, want 1", n)
				}
				pull.MustBind("inproc://a")
				pull.WantRecv("0")
			}
			push.WaitPeers(1)
			for i := range 300 {
				for range 3 {
					push.MustSend("x")
				}
				for range 2 {
					pull.WantRecv("x")
				}
				if a, b := push.Stats().QueuedSend, pull.Stats().QueuedRecv; a != i+1 || b != i+1 {
					t.Fatalf("QueuedSend %d, QueuedRecv %d, want %d", a, b, i+1)
				}
			}
			for range 300 {
				pull.WantRecv("x")
			}
			if n := push.Stats().QueuedSend; n != 0 {
				t.Errorf("QueuedSend %d after everything was received, want 0", n)
			}
			push.MustSend("last")
			pull.CloseIn(0)
			if n := push.Stats().QueuedSend; n != 0 {
				t.Errorf("QueuedSend %d after the receiver was closed, want 0", n)
			}
		})
	}
}

// TestConflatingQueueKeepsOneAfterLostConnection: messages that a lost
// connection did not write are replaced by messages sent since, and counted as
// conflated.
func TestConflatingQueueKeepsOneAfterLostConnection(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.DEALER} {
		st.Run(t, func(w *st.World) {
			w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(1000) })
			l := w.Listen("a")
			s := w.Socket(typ, func(o *socket.Options) { o.Conflate = true })
			s.MustConnect("mem://a")
			p := l.Accept()
			far := "PULL"
			if typ == pattern.DEALER {
				far = "DEALER"
			}
			p.Handshake(far)
			s.WaitPeers(1)
			const sent = 6
			s.MustSend(st.Large(991)) // with its header it fills the send buffer
			w.Settle()
			for range sent - 2 {
				s.MustSend(st.Large(500))
				w.Settle()
			}
			s.MustSend("newest")
			p.Close()
			p = l.Accept()
			p.Handshake(far)
			if m := p.Message(); m[0] != "newest" {
				t.Errorf("%v: the next connection received first %.20q of %d bytes", typ, m[0], len(m[0]))
			}
			w.Settle() // until the flusher has acknowledged the message that it has written
			d := s.Stats().Drops
			if n := d[pipe.DropConflated] + d[pipe.DropInFlight]; n != sent-2 || s.Stats().QueuedSend != 0 {
				t.Errorf("%v: %d of %d conflated or lost in flight, %d queued", typ, n, sent, s.Stats().QueuedSend)
			}
		})
	}
}
