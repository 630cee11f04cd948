package socket_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// Each connection to an endpoint has a greater generation than the last, in the
// messages, the events and the list of peers, and names the one that it replaces.
func TestGenerationChangesWithEachConnectionToAnEndpoint(t *testing.T) {
	for name, set := range map[string]func(*socket.Options){"default": func(*socket.Options) {}, "immediate": immediate} {
		t.Run(name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				pull := w.Socket(pattern.PULL, set)
				l := w.Listen("a")
				pull.MustConnect("mem://a")
				var last uint64
				for i := range 3 {
					p := l.Accept()
					p.Handshake("PUSH")
					p.MustWrite(st.Message("m"))
					_, from := pull.MustRecv()
					if from.Generation <= last || from.Replaces != last {
						t.Errorf("connection %d: generation %d replaces %d, the last was %d", i, from.Generation, from.Replaces, last)
					}
					last = from.Generation
					ready := pull.EventsOf(session.Ready)
					if len(ready) != i+1 || ready[i].Peer.Generation != last {
						t.Errorf("connection %d: events %v", i, ready)
					}
					if list := pull.Peers(); len(list) != 1 || list[0].Generation != last {
						t.Errorf("connection %d: peers %v", i, list)
					}
					p.Close()
				}
				w.Settle()
				if ended := pull.EventsOf(session.Disconnected); len(ended) != 3 || ended[2].Peer.Generation != last {
					t.Errorf("events %v", ended)
				}
			})
		})
	}
}

// A peer that takes over a routing ID has a greater generation than the peer that
// had it, and names it.
func TestGenerationChangesWithHandover(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.Pattern.Handover = true })
		router.MustBind("mem://a")
		var last uint64
		for range 3 {
			dealer := w.Socket(pattern.DEALER, st.ID("id"), st.Reconnect(0, 0))
			dealer.MustConnect("mem://a")
			dealer.MustSend("m")
			_, from := router.MustRecv()
			if from.RoutingID != "id" || from.Generation <= last || from.Replaces != last {
				t.Errorf("peer %q of generation %d replaces %d, the last was %d", from.RoutingID, from.Generation, from.Replaces, last)
			}
			last = from.Generation
		}
		w.Settle()
		if list := router.Peers(); len(list) != 1 || list[0].Generation != last {
			t.Errorf("peers %v, want generation %d alone", list, last)
		}
	})
}

// The two ends of an inproc link have generations too.
func TestGenerationOverInproc(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("inproc://a")
		var last uint64
		for range 2 {
			push := w.Socket(pattern.PUSH)
			push.MustConnect("inproc://a")
			push.MustSend("m")
			if _, from := pull.MustRecv(); from.Generation <= last {
				t.Errorf("generation %d after %d", from.Generation, last)
			} else {
				last = from.Generation
			}
		}
	})
}
