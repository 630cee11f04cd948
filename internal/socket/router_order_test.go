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

// telling is what r has to say of its peers, in one word a message.
func telling(r *st.Socket) (words []string) {
	for {
		var m msg.Msg
		if r.TryRecv(&m) != nil {
			return words
		}
		switch m.From.Notice {
		case msg.ConnectNotice:
			words = append(words, "CAME")
		case msg.DisconnectNotice:
			words = append(words, "LEFT")
		default:
			words = append(words, string(m.First))
		}
	}
}

// TestRouterTellsAnIDInOrder: a peer that comes again with its id, before what it
// sent and its leaving were received, is received of in the order of events.
func TestRouterTellsAnIDInOrder(t *testing.T) {
	for _, ep := range []string{"inproc://a", "mem://a"} {
		for _, handover := range []bool{false, true} {
			st.Run(t, func(w *st.World) {
				router := w.Socket(pattern.ROUTER, func(o *socket.Options) {
					o.Pattern.NotifyConnect, o.Pattern.NotifyDisconnect = true, true
					o.Pattern.Handover, o.DisconnectMessage = handover, []byte("farewell")
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
				want := []string{"CAME", "old 0", "old 1", "LEFT", "farewell", "CAME", "new"}
				if handover {
					want = slices.DeleteFunc(want, func(s string) bool { return s == "farewell" })
				}
				if got := telling(router); !slices.Equal(got, want) {
					t.Errorf("%s, handover %v: received %q, want %q", ep, handover, got, want)
				}
			})
		}
	}
}

// TestRouterWakesAtEarlierEnd: a Recv that finds nothing but what is to wait for
// an earlier connection of the same id is told when that one ends.
func TestRouterWakesAtEarlierEnd(t *testing.T) {
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
			d.MustMeet(1)
			d.MustSend("x")
			w.Settle()
			if last != nil {
				last.Close(context.Background())
			}
			last = d
		}
		if got.Load() != 2*n {
			t.Errorf("received %d messages, and %d came", got.Load(), 2*n)
		}
	})
}
