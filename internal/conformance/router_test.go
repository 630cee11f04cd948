package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

var (
	mandatory = patternOptions(func(o *pattern.Options) { o.Mandatory = true })
	handover  = patternOptions(func(o *pattern.Options) { o.Handover = true })
)

func TestRouterMessageCarriesItsPeer(t *testing.T) {
	subtest(t, "over a connection", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		p := dialRawPeers(w, router, 1, "DEALER", "Identity", "id", "X-Property", "value")[0]
		p.MustWrite(st.Message("a", "", "b"))
		m, from := router.MustRecv()
		if len(m) != 3 || from.RoutingID != "id" || from.SocketType != "DEALER" || from.Properties["x-property"] != "value" {
			w.Errorf("received %q from the peer %+v", m, from)
		}
	})
	subtest(t, "over inproc", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER), w.Socket(pattern.DEALER, st.ID("id"))
		connect(w, "inproc://a", router, dealer)
		dealer.MustSend("a")
		if m, from := router.MustRecv(); len(m) != 1 || from.RoutingID != "id" || from.SocketType != "DEALER" {
			w.Errorf("received %q from the peer %+v", m, from)
		}
	})
}

func TestRouterAssignsIDToPeerWithoutOne(t *testing.T) {
	subtest(t, "unique, five bytes, the first is zero", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, mandatory)
		router.MustBind("mem://a")
		seen := make(map[string]bool)
		for i := range 50 {
			var properties []string
			if i%2 == 0 {
				properties = []string{"Identity", ""}
			}
			p := dialRawPeers(w, router, 1, "DEALER", properties...)[0]
			p.MustWrite(st.Message("hello"))
			_, from := router.MustRecv()
			id := from.RoutingID
			if len(id) != 5 || id[0] != 0 || seen[id] {
				w.Errorf("routing ID %q is in use or not a zero and four bytes", id)
			}
			seen[id] = true
			wantErr(w, "sending", trySend(router, id, "you"), nil)
			wantPeerRecv(w, p, "you")
		}
	})
	subtest(t, "any other ID is accepted unchanged", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		for _, id := range []string{"x", "a\x00b", "\xff!", strings.Repeat("i", 255)} {
			dialRawPeers(w, router, 1, "DEALER", "Identity", id)[0].MustWrite(st.Message("hello"))
			if _, from := router.MustRecv(); from.RoutingID != id {
				w.Errorf("routing ID %q became %q", id, from.RoutingID)
			}
		}
	})
	// RFC 37 reserves IDs that begin with zero for assignment, and allows at most
	// 255 bytes.
	for _, id := range []string{"\x00mine", "\x00", strings.Repeat("i", 256)} {
		subtest(t, fmt.Sprintf("%.10q is refused", id), func(w *st.World) {
			router := w.Socket(pattern.ROUTER)
			router.MustBind("mem://a")
			p := w.Dial("a")
			p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER", "Identity", id))
			wantPeerClosed(w, p)
			w.Settle()
			router.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseMalformed: 1})
			o := w.Options()
			o.RoutingID = id
			_, err := socket.New(pattern.DEALER, o)
			wantErr(w, "as an option", err, socket.ErrInvalidOption)
		})
	}
}

func TestRouterDropsOrReportsUndeliverableMessages(t *testing.T) {
	subtest(t, "the routing ID is not sent", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		p := dialRawPeers(w, router, 1, "DEALER", "Identity", "id")[0]
		router.MustSend("id", "", "body")
		wantPeerRecv(w, p, "", "body")
		router.MustSend("id", "")
		wantPeerRecv(w, p, "")
	})
	subtest(t, "a routing ID alone is refused", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		p := dialRawPeers(w, router, 1, "DEALER", "Identity", "id")[0]
		wantErr(w, "a routing ID alone", trySend(router, "id"), pattern.ErrInvalidMessage)
		wantPeerNone(w, p)
	})
	for _, isMandatory := range []bool{false, true} {
		set := patternOptions(func(o *pattern.Options) { o.Mandatory = isMandatory })
		subtest(t, fmt.Sprint("no route, mandatory ", isMandatory), func(w *st.World) {
			router := w.Socket(pattern.ROUTER, set)
			router.MustBind("mem://a")
			p := dialRawPeers(w, router, 1, "DEALER", "Identity", "id")[0]
			want, drops := error(nil), uint64(1)
			if isMandatory {
				want, drops = pattern.ErrNoRoute, 0
			}
			wantErr(w, "to an unknown peer", router.Send(context.Background(), st.Of("other", "x")), want)
			router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: drops})
			wantErr(w, "to a known peer", trySend(router, "id", "x"), nil)
			wantPeerRecv(w, p, "x")
		})
		subtest(t, fmt.Sprint("full peer, mandatory ", isMandatory), func(w *st.World) {
			router, dealer := w.Socket(pattern.ROUTER, st.HWM(1, 1), set), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id"))
			connect(w, "inproc://a", router, dealer)
			for i := range 2 {
				router.MustSend("id", fmt.Sprint(i))
			}
			sent := make(chan error, 1)
			go func() { sent <- router.Send(context.Background(), st.Of("id", "2")) }()
			w.Settle()
			dealer.WantRecv("0")
			dealer.WantRecv("1")
			wantErr(w, "the third", <-sent, nil)
			if isMandatory {
				dealer.WantRecv("2")
				router.WantDrops(nil)
				return
			}
			dealer.WantNone()
			router.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 1})
		})
	}
	overEachTransport(t, "a closing pipe has no route", func(w *st.World, ep string) {
		router, dealer := w.Socket(pattern.ROUTER, mandatory), w.Socket(pattern.DEALER, st.ID("id"))
		dealer.MustBind(ep)
		router.MustConnect(ep)
		router.WaitPeers(1)
		dealer.WaitPeers(1)
		wantErr(w, "sending", trySend(router, "id", "x"), nil)
		wantErr(w, "disconnecting", router.Disconnect(ep), nil)
		wantErr(w, "to the disconnected endpoint", trySend(router, "id", "y"), pattern.ErrNoRoute)
		dealer.WantRecv("x")
		dealer.WantNone()
	})
	subtest(t, "a blocked send returns when the peer disconnects", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER, st.HWM(1, 1), mandatory), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id"))
		connect(w, "inproc://a", router, dealer)
		for range 2 {
			router.MustSend("id", "x")
		}
		sent := make(chan error, 1)
		go func() { sent <- router.Send(context.Background(), st.Of("id", "x")) }()
		w.Settle()
		dealer.CloseIn(0)
		wantErr(w, "the third", <-sent, pattern.ErrNoRoute)
	})
}

// SendTo of package zmq sends by routing ID and never drops, whatever the option.
func TestRouterSendToReportsNoRouteAndFullPeer(t *testing.T) {
	subtest(t, "no route, or would block", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER, st.HWM(1, 1)), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id"))
		connect(w, "inproc://a", router, dealer)
		wantErr(w, "to an unknown peer", trySendTo(router, "other", "x"), pattern.ErrNoRoute)
		for range 2 {
			wantErr(w, "sending", trySendTo(router, "id", "x"), nil)
		}
		wantErr(w, "to a full peer", trySendTo(router, "id", "x"), pattern.ErrWouldBlock)
		router.WantDrops(nil)
	})
}

func TestRouterRefusesDuplicateRoutingID(t *testing.T) {
	subtest(t, "the second is closed, reported and counted", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		first := dialRawPeers(w, router, 1, "DEALER", "Identity", "id")[0]
		second := w.Dial("a")
		second.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER", "Identity", "id"), st.Message("dropped"))
		wantPeerClosed(w, second)
		w.Settle()
		refused := router.EventsOf(session.PeerRefused)
		if len(refused) != 1 || !errors.Is(refused[0].Err, pattern.ErrDuplicateRoutingID) || refused[0].Remote.String() != second.LocalAddr().String() {
			w.Errorf("events of refused peers: %+v", refused)
		}
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropRefused: 1})
		first.MustWrite(st.Message("from the first"))
		router.WantRecv("from the first")
		router.WantNone()
		router.MustSend("id", "to the first")
		wantPeerRecv(w, first, "to the first")
		first.Close()
		w.Settle()
		dialRawPeers(w, router, 1, "DEALER", "Identity", "id") // the ID is free again
	})
	subtest(t, "over inproc", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		first, second := w.Socket(pattern.DEALER, st.ID("id")), w.Socket(pattern.DEALER, st.ID("id"))
		connect(w, "inproc://a", router, first)
		second.MustConnect("inproc://a")
		w.Settle()
		for _, s := range []*st.Socket{router, second} {
			if refused := s.EventsOf(session.PeerRefused); len(refused) != 1 || !errors.Is(refused[0].Err, pattern.ErrDuplicateRoutingID) {
				w.Errorf("events of refused peers: %+v", refused)
			}
		}
		router.MustSend("id", "x")
		first.WantRecv("x")
		second.WantNone()
	})
}

func TestRouterHandoverClosesEarlierPeer(t *testing.T) {
	subtest(t, "the later peer gets the ID, the earlier is read and closed", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, handover, mandatory)
		router.MustBind("mem://a")
		first := dialRawPeers(w, router, 1, "DEALER", "Identity", "id")[0]
		first.MustWrite(st.Message("from", "the first"), st.Message("incomplete", "message")[:8])
		w.Settle()
		second := w.Dial("a")
		second.Handshake("DEALER", "Identity", "id")
		wantPeerClosed(w, first)
		second.MustWrite(st.Message("from", "the second"))
		router.WantRecv("from", "the first")
		router.WantRecv("from", "the second")
		router.WantNone()
		wantErr(w, "sending", trySend(router, "id", "x"), nil)
		wantPeerRecv(w, second, "x")
		disconnects := router.EventsOf(session.Disconnected)
		if len(disconnects) != 1 || !errors.Is(disconnects[0].Err, pattern.ErrHandover) || router.Stats().Peers != 1 {
			w.Errorf("disconnect events: %+v, want one with ErrHandover", disconnects)
		}
	})
}

func TestRouterConnectAsAssignsRoutingID(t *testing.T) {
	overEachTransport(t, "routable at once, whatever ID the peer announces", func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER, mandatory)
		wantErr(w, "before ConnectAs", trySend(router, "assigned", "x"), pattern.ErrNoRoute)
		wantErr(w, "connecting", router.ConnectAs(ep, "assigned"), nil)
		wantErr(w, "before the peer is bound", trySend(router, "assigned", "early"), nil)
		dealer := w.Socket(pattern.DEALER, st.ID("own"))
		dealer.MustBind(ep)
		dealer.WantRecv("early")
		router.WaitPeers(1)
		wantErr(w, "to the ID that the peer announced", trySend(router, "own", "x"), pattern.ErrNoRoute)
		dealer.MustSend("hello")
		if _, from := router.MustRecv(); from.RoutingID != "assigned" {
			w.Errorf("the message is from %q, want assigned", from.RoutingID)
		}
	})
	subtest(t, "an ID is assigned once", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, mandatory)
		router.MustBind("mem://b")
		wantErr(w, "connecting", router.ConnectAs("mem://a", "assigned"), nil)
		wantErr(w, "the ID of another endpoint", router.ConnectAs("mem://c", "assigned"), pattern.ErrDuplicateRoutingID)
		p := w.Dial("b")
		p.Handshake("DEALER", "Identity", "taken")
		router.WaitPeers(1)
		wantErr(w, "the ID of a peer", router.ConnectAs("mem://c", "taken"), pattern.ErrDuplicateRoutingID)
	})
	subtest(t, "not for another endpoint or an accepted peer", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, mandatory)
		router.MustBind("mem://a")
		wantErr(w, "connecting", router.ConnectAs("mem://absent", "assigned"), nil)
		w.Socket(pattern.DEALER, st.ID("b")).MustBind("mem://b")
		router.MustConnect("mem://b")
		router.WaitPeers(1)
		p := w.Dial("a")
		p.Handshake("DEALER")
		p.MustWrite(st.Message("hello"))
		if _, from := router.MustRecv(); from.RoutingID == "assigned" {
			w.Error("an accepted peer has the ID")
		}
		wantErr(w, "to the endpoint connected later", trySend(router, "b", "x"), nil)
	})
	subtest(t, "kept across reconnects", func(w *st.World) {
		l := w.Listen("a")
		router := w.Socket(pattern.ROUTER, mandatory)
		wantErr(w, "connecting", router.ConnectAs("mem://a", "assigned"), nil)
		for range 3 {
			p := l.Accept()
			p.Handshake("DEALER")
			router.WaitPeers(1)
			router.MustSend("assigned", "x")
			wantPeerRecv(w, p, "x")
			p.Close()
			w.Settle()
		}
		wantErr(w, "between connections", trySend(router, "assigned", "y"), nil)
	})
}

func TestProbeSendsEmptyMessageOnEachNewPipe(t *testing.T) {
	probing := patternOptions(func(o *pattern.Options) { o.Probe = true })
	for _, typ := range []pattern.Type{pattern.ROUTER, pattern.DEALER, pattern.REQ} {
		for _, side := range []string{"the binder probes", "the connector probes"} {
			overEachTransport(t, typeNames[typ]+", "+side, func(w *st.World, ep string) {
				s, router := w.Socket(typ, probing, st.ID("id")), w.Socket(pattern.ROUTER)
				bound, connecting := router, s
				if side == "the binder probes" {
					bound, connecting = s, router
				}
				connect(w, ep, bound, connecting)
				if m, from := router.MustRecv(); len(m) != 1 || m[0] != "" || from.RoutingID != "id" {
					w.Errorf("received %q from %q", m, from.RoutingID)
				}
				router.WantNone()
			})
		}
	}
	subtest(t, "other types send no probe", func(w *st.World) {
		for typ := range pattern.Types {
			if typ == pattern.ROUTER || typ == pattern.DEALER || typ == pattern.REQ || isRaw(typeNames[typ]) {
				continue
			}
			s := w.Socket(typ, probing)
			s.MustBind("mem://" + typeNames[typ])
			p := w.Dial(typeNames[typ])
			p.Handshake(peerTypes[typeNames[typ]][0])
			wantPeerNone(w, p)
		}
	})
}

func TestRawRouterExchangesBytes(t *testing.T) {
	raw := patternOptions(func(o *pattern.Options) { o.Raw, o.NotifyConnect, o.NotifyDisconnect = true, true, true })
	subtest(t, "bytes in both directions, an empty message closes", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, raw)
		router.MustBind("mem://a")
		p := w.Dial("a")
		p.MustWrite([]byte("GET /"))
		m, from := router.MustRecv()
		if len(m) != 1 || m[0] != "GET /" || len(from.RoutingID) != 5 {
			w.Errorf("received %q from %q, want the bytes and a routing ID", m, from.RoutingID)
		}
		wantErr(w, "sending", trySend(router, from.RoutingID, "200 OK"), nil)
		if got := string(withReadDeadline(p).ReadN(6)); got != "200 OK" {
			w.Errorf("the peer read %q, want %q", got, "200 OK")
		}
		wantErr(w, "closing", trySend(router, from.RoutingID, ""), nil)
		wantPeerClosed(w, p)
		p.Close()
		router.WantNone()
	})
	subtest(t, "frame by frame", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, raw)
		router.MustBind("mem://a")
		p := w.Dial("a")
		p.MustWrite([]byte("GET /"))
		w.Settle()
		var id, data msg.Frame
		wantErr(w, "receiving the routing ID", router.TryRecvFrame(&id), nil)
		wantErr(w, "receiving the bytes", router.TryRecvFrame(&data), nil)
		if !id.More || data.More || string(data.Body) != "GET /" {
			w.Errorf("received the frames %+v and %+v, want a routing ID and GET /", id, data)
		}
		wantErr(w, "sending the routing ID", router.TrySendFrame(&msg.Frame{Body: id.Body, More: true}), nil)
		wantErr(w, "sending bytes with More, which is ignored", router.TrySendFrame(&msg.Frame{Body: []byte("200"), More: true}), nil)
		if got := string(withReadDeadline(p).ReadN(3)); got != "200" {
			w.Errorf("the peer read %q, want %q", got, "200")
		}
	})
	subtest(t, "messages to unknown IDs are dropped", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, raw)
		wantErr(w, "sending", trySend(router, "unknown", "x"), nil)
		wantErr(w, "sending the routing ID", router.TrySendFrame(&msg.Frame{Body: []byte("unknown"), More: true}), nil)
		wantErr(w, "sending the bytes", router.TrySendFrame(&msg.Frame{Body: []byte("x")}), nil)
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: 2})
		wantErr(w, "sending a routing ID alone", router.TrySendFrame(&msg.Frame{Body: []byte("unknown")}), nil)
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: 2, pipe.DropMalformed: 1})
	})
}

// wantNotice receives a notification about a peer and compares it.
func wantNotice(w *st.World, s *st.Socket, what msg.Notification, id string) {
	w.Helper()
	if m, from := s.MustRecv(); len(m) != 1 || m[0] != "" || from.Notification != what || from.RoutingID != id {
		w.Errorf("received %q, notification %d about %q, want notification %d about %q", m, from.Notification, from.RoutingID, what, id)
	}
}

func TestRouterNotifiesOfConnectAndDisconnect(t *testing.T) {
	notifyConnect := patternOptions(func(o *pattern.Options) { o.NotifyConnect = true })
	notifyDisconnect := patternOptions(func(o *pattern.Options) { o.NotifyDisconnect = true })
	overEachTransport(t, "connect and disconnect", func(w *st.World, ep string) {
		router, dealer := w.Socket(pattern.ROUTER, notifyConnect, notifyDisconnect), w.Socket(pattern.DEALER, st.ID("id"))
		router.MustBind(ep)
		dealer.MustConnect(ep)
		dealer.MustSend("x")
		wantNotice(w, router, msg.ConnectNotification, "id")
		router.WantRecv("x")
		dealer.MustSend("y")
		dealer.CloseIn(time.Second)
		router.WantRecv("y")
		wantNotice(w, router, msg.DisconnectNotification, "id")
		router.WantNone()
	})
	subtest(t, "each option alone", func(w *st.World) {
		for _, set := range []func(*socket.Options){notifyConnect, notifyDisconnect} {
			router := w.Socket(pattern.ROUTER, set)
			router.MustBind("mem://a")
			dialRawPeers(w, router, 1, "DEALER", "Identity", "id")[0].Close()
			w.Settle()
			if got := recvAll(w, router); len(got) != 1 {
				w.Errorf("received %q, want one message", got)
			}
			router.CloseIn(0)
		}
	})
	subtest(t, "the disconnect replaces an incomplete message", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, notifyDisconnect)
		router.MustBind("mem://a")
		p := dialRawPeers(w, router, 1, "DEALER", "Identity", "id")[0]
		whole := st.Message("incomplete", "message")
		p.MustWrite(st.Message("whole"), whole[:len(whole)-1])
		p.Close()
		router.WantRecv("whole")
		wantNotice(w, router, msg.DisconnectNotification, "id")
		router.WantNone()
	})
	subtest(t, "not for a peer without a complete handshake", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, notifyConnect, notifyDisconnect)
		router.MustBind("mem://a")
		whole := append(st.Greeting(), st.Ready("Socket-Type", "DEALER")...)
		for _, n := range []int{0, 10, 64, len(whole) - 1} {
			p := w.Dial("a")
			p.MustWrite(whole[:n])
			w.Settle()
			p.Close()
			router.WantNone()
		}
	})
	// libzmq reports peers of ZMTP 3 only.
	subtest(t, "also for peers of ZMTP 1.0", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, notifyConnect, notifyDisconnect)
		router.MustBind("mem://a")
		p := w.Dial("a")
		p.MustWrite([]byte{3, 0}, []byte("id"))
		wantNotice(w, router, msg.ConnectNotification, "id")
		p.Close()
		wantNotice(w, router, msg.DisconnectNotification, "id")
	})
}

func TestRouterSendsHelloAndReceivesDisconnectMessage(t *testing.T) {
	subtest(t, "both messages", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.Hello, o.Disconnect = []byte("hello"), []byte("disconnect") })
		router.MustBind("mem://a")
		p := dialRawPeers(w, router, 1, "DEALER", "Identity", "id")[0]
		wantPeerRecv(w, p, "hello")
		p.Close()
		if m, from := router.MustRecv(); len(m) != 1 || m[0] != "disconnect" || from.RoutingID != "id" {
			w.Errorf("received %q from %q", m, from.RoutingID)
		}
	})
}

func TestRouterSlowPeerDoesNotDelayOthers(t *testing.T) {
	for _, isMandatory := range []bool{false, true} {
		subtest(t, fmt.Sprint("mandatory ", isMandatory), func(w *st.World) {
			router := w.Socket(pattern.ROUTER, st.HWM(2, 2), patternOptions(func(o *pattern.Options) { o.Mandatory = isMandatory }))
			router.MustBind("mem://a")
			w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(200) })
			dialRawPeers(w, router, 1, "DEALER", "Identity", "slow")
			fast := dialRawPeers(w, router, 1, "DEALER", "Identity", "fast")[0]
			waiting := make(chan error, 1)
			go func() {
				for range 100 { // soon blocks if mandatory
					if err := router.Send(context.Background(), st.Of("slow", strings.Repeat("x", 100))); err != nil {
						waiting <- err
						return
					}
				}
				waiting <- nil
			}()
			w.Settle()
			if d := st.After(func() {
				for i := range 100 {
					router.MustSend("fast", fmt.Sprint(i))
					wantPeerRecv(w, fast, fmt.Sprint(i))
				}
			}); d != 0 {
				w.Errorf("sending to the fast peer took %v, want no delay", d)
			}
			if (router.Stats().Drops[pipe.DropHWM] > 0) == isMandatory {
				w.Errorf("messages must be dropped only if not mandatory: %+v", router.Stats())
			}
			router.CloseIn(0)
			if err := <-waiting; (err == nil) == isMandatory {
				w.Errorf("sending to the slow peer returned %v", err)
			}
		})
	}
}
