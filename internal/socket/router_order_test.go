package socket_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// receiveAll receives from r until it would block. It returns each message as
// its first frame, and each notification as "CONNECT" or "DISCONNECT".
func receiveAll(r *st.Socket) (got []string) {
	for {
		var m msg.Msg
		if r.TryRecv(&m) != nil {
			return got
		}
		switch m.From.Notification {
		case msg.ConnectNotification:
			got = append(got, "CONNECT")
		case msg.DisconnectNotification:
			got = append(got, "DISCONNECT")
		default:
			got = append(got, string(m.First))
		}
	}
}

// TestRouterReceivesReconnectedPeerInOrder: a peer connects again with the same
// routing ID before its earlier messages and its disconnect were received. The
// ROUTER receives messages and notifications in the order in which they
// happened.
func TestRouterReceivesReconnectedPeerInOrder(t *testing.T) {
	for _, ep := range []string{"inproc://a", "mem://a"} {
		for _, handover := range []bool{false, true} {
			st.Run(t, func(w *st.World) {
				router := w.Socket(pattern.ROUTER, func(o *socket.Options) {
					o.Pattern.NotifyConnect, o.Pattern.NotifyDisconnect = true, true
					o.Pattern.Handover, o.Disconnect = handover, []byte("bye")
				})
				router.MustBind(ep)
				old := w.Socket(pattern.DEALER, st.ID("x"))
				old.MustConnect(ep)
				old.MustSend("old 0")
				old.MustSend("old 1")
				w.Settle()
				if !handover {
					old.Close(context.Background())
				}
				again := w.Socket(pattern.DEALER, st.ID("x"))
				again.MustConnect(ep)
				w.Settle()
				if handover {
					old.Close(context.Background())
				}
				again.MustSend("new")
				w.Settle()
				want := []string{"CONNECT", "old 0", "old 1", "DISCONNECT", "bye", "CONNECT", "new"}
				if handover {
					want = slices.DeleteFunc(want, func(s string) bool { return s == "bye" })
				}
				if messages := receiveAll(router); !slices.Equal(messages, want) {
					t.Errorf("%s, handover %v: received %q, want %q", ep, handover, messages, want)
				}
			})
		}
	}
}

// TestRouterRecvWakesWhenEarlierPeerEnds: after a handover, messages of the new
// connection wait for the end of the earlier one. Its end wakes a blocked Recv.
func TestRouterRecvWakesWhenEarlierPeerEnds(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.Pattern.Handover, o.Pattern.NotifyConnect = true, true })
		router.MustBind("mem://a")
		var got atomic.Int32
		for range 3 {
			go func() {
				var m msg.Msg
				for router.Recv(context.Background(), &m) == nil {
					got.Add(1)
				}
			}()
		}
		const n = 200
		var last *st.Socket
		for range n {
			d := w.Socket(pattern.DEALER, st.ID("x"))
			d.MustConnect("mem://a")
			d.WaitPeers(1)
			d.MustSend("x")
			w.Settle()
			if last != nil {
				last.Close(context.Background())
			}
			last = d
		}
		if got.Load() != 2*n {
			t.Errorf("received %d messages and notifications, want %d", got.Load(), 2*n)
		}
	})
}
