package socket_test

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestCloseCountsUnreadMessages closes a PULL with unread messages, while their
// sender is connected and after it has disconnected.
func TestCloseCountsUnreadMessages(t *testing.T) {
	for _, ep := range []string{"mem://a", "inproc://a"} {
		for _, binds := range []bool{true, false} {
			for _, disconnected := range []bool{true, false} {
				st.Run(t, func(w *st.World) {
					pull, push := w.Socket(pattern.PULL), w.Socket(pattern.PUSH)
					if binds {
						pull.MustBind(ep)
						push.MustConnect(ep)
					} else {
						push.MustBind(ep)
						pull.MustConnect(ep)
					}
					push.WaitPeers(1)
					for range 5 {
						push.MustSend("x")
					}
					w.Settle()
					if disconnected {
						push.CloseIn(time.Second)
						w.Settle()
					}
					if n := pull.Stats().QueuedRecv; n != 5 {
						t.Errorf("%s, binds %v, peer disconnected %v: %d messages to receive, want 5", ep, binds, disconnected, n)
					}
					pull.CloseIn(0)
					if n := pull.Stats().Drops[pipe.DropUnread]; n != 5 {
						t.Errorf("%s, binds %v, peer disconnected %v: %d unread messages counted, want 5", ep, binds, disconnected, n)
					}
				})
			}
		}
	}
}

// TestPartialMessageIsCounted: the peer disconnects after each number of bytes
// of a message.
func TestPartialMessageIsCounted(t *testing.T) {
	whole := st.Message(st.Large(5), st.Large(300))
	for n := range len(whole) {
		st.Run(t, func(w *st.World) {
			pull := w.Socket(pattern.PULL)
			pull.MustBind("mem://a")
			p := w.Dial("a")
			p.Handshake("PUSH")
			p.MustWrite(st.Message("before"), whole[:n])
			p.Close()
			pull.WantRecv("before")
			w.Settle()
			want := uint64(min(n, 1))
			if got := pull.Stats().Drops[pipe.DropPartial]; got != want {
				t.Errorf("%d bytes of a message: %d partial messages counted, want %d", n, got, want)
			}
			pull.WantNone()
		})
	}
}

// TestSendOnlyTypesDropReceivedMessages: a socket type that cannot receive
// drops and counts the messages of its peers. The connection stays open.
func TestSendOnlyTypesDropReceivedMessages(t *testing.T) {
	for typ, peer := range map[pattern.Type]string{
		pattern.PUSH: "PULL", pattern.SCATTER: "GATHER", pattern.PUB: "SUB", pattern.RADIO: "DISH",
	} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(typ)
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.MustWrite(st.Greeting(), st.Ready("Socket-Type", peer), st.Message("with the handshake"))
			p.MustWrite(st.Message("one"), st.Message("two", st.Large(100_000)))
			s.WaitPeers(1)
			w.Settle()
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropUpstream: 3})
			s.WantCloseReasons(nil)
			if n := s.Stats().Peers; n != 1 {
				t.Errorf("%s has %d peers, want 1", pattern.Types[typ].Name, n)
			}
		})
	}
}
