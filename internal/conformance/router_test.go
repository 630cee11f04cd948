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
	mandatory = options(func(o *pattern.Options) { o.Mandatory = true })
	handover  = options(func(o *pattern.Options) { o.Handover = true })
)

func TestRule_3_3_1_MessagesKnowTheirPeer(t *testing.T) {
	clause(t, "over a connection", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		p := handshaken(w, router, 1, "DEALER", "Identity", "id", "X-Property", "value")[0]
		p.Must(st.Message("a", "", "b"))
		m, from := router.MustRecv()
		if len(m) != 3 || from.RoutingID != "id" || from.SocketType != "DEALER" || from.Properties["x-property"] != "value" {
			w.Errorf("%q from %+v", m, from)
		}
	})
	clause(t, "over inproc", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER), w.Socket(pattern.DEALER, st.ID("id"))
		meet(w, "inproc://a", router, dealer)
		dealer.MustSend("a")
		if m, from := router.MustRecv(); len(m) != 1 || from.RoutingID != "id" || from.SocketType != "DEALER" {
			w.Errorf("%q from %+v", m, from)
		}
	})
}

func TestRule_3_3_2_WhoHasNoIDGetsOne(t *testing.T) {
	clause(t, "of five bytes, the first zero, and no two alike", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, mandatory)
		router.MustBind("mem://a")
		seen := make(map[string]bool)
		for i := range 50 {
			var properties []string
			if i%2 == 0 {
				properties = []string{"Identity", ""}
			}
			p := handshaken(w, router, 1, "DEALER", properties...)[0]
			p.Must(st.Message("hello"))
			_, from := router.MustRecv()
			id := from.RoutingID
			if len(id) != 5 || id[0] != 0 || seen[id] {
				w.Errorf("id %q", id)
			}
			seen[id] = true
			is(w, "sending", try(router, id, "you"), nil)
			wants(w, p, "you")
		}
	})
	clause(t, "any other is taken as it is", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		for _, id := range []string{"x", "a\x00b", "\xff!", strings.Repeat("i", 255)} {
			handshaken(w, router, 1, "DEALER", "Identity", id)[0].Must(st.Message("hello"))
			if _, from := router.MustRecv(); from.RoutingID != id {
				w.Errorf("%q became %q", id, from.RoutingID)
			}
		}
	})
	// Ids that begin with zero are ours to give, and longer ones are no ZMTP.
	for _, id := range []string{"\x00mine", "\x00", strings.Repeat("i", 256)} {
		clause(t, fmt.Sprintf("%.10q is refused", id), func(w *st.World) {
			router := w.Socket(pattern.ROUTER)
			router.MustBind("mem://a")
			p := w.Dial("a")
			p.Must(st.Greeting(), st.Ready("Socket-Type", "DEALER", "Identity", id))
			ends(w, p)
			w.Settle()
			router.WantFaults(map[engine.Fault]uint64{engine.FaultMalformed: 1})
			o := w.Options()
			o.RoutingID = id
			_, err := socket.New(pattern.DEALER, o)
			is(w, "as an option", err, socket.ErrInvalidOption)
		})
	}
}

func TestRule_3_3_3_Routing(t *testing.T) {
	clause(t, "the id is not sent", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		p := handshaken(w, router, 1, "DEALER", "Identity", "id")[0]
		router.MustSend("id", "", "body")
		wants(w, p, "", "body")
		router.MustSend("id", "")
		wants(w, p, "")
	})
	clause(t, "with nothing behind it", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		p := handshaken(w, router, 1, "DEALER", "Identity", "id")[0]
		is(w, "the id alone", try(router, "id"), pattern.ErrInvalidMessage)
		silent(w, p)
	})
	for _, must := range []bool{false, true} {
		set := options(func(o *pattern.Options) { o.Mandatory = must })
		clause(t, fmt.Sprint("no route, mandatory ", must), func(w *st.World) {
			router := w.Socket(pattern.ROUTER, set)
			router.MustBind("mem://a")
			p := handshaken(w, router, 1, "DEALER", "Identity", "id")[0]
			want, drops := error(nil), uint64(1)
			if must {
				want, drops = pattern.ErrNoRoute, 0
			}
			is(w, "to nobody", router.Send(context.Background(), st.Of("other", "x")), want)
			router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: drops})
			is(w, "to somebody", try(router, "id", "x"), nil)
			wants(w, p, "x")
		})
		clause(t, fmt.Sprint("no room, mandatory ", must), func(w *st.World) {
			router, dealer := w.Socket(pattern.ROUTER, st.HWM(1, 1), set), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id"))
			meet(w, "inproc://a", router, dealer)
			for i := range 2 {
				router.MustSend("id", fmt.Sprint(i))
			}
			sent := make(chan error, 1)
			go func() { sent <- router.Send(context.Background(), st.Of("id", "2")) }()
			w.Settle()
			dealer.WantRecv("0")
			dealer.WantRecv("1")
			is(w, "the third", <-sent, nil)
			if must {
				dealer.WantRecv("2")
				router.WantDrops(nil)
				return
			}
			dealer.WantNone()
			router.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 1})
		})
	}
	everywhere(t, "to a pipe that is ending", func(w *st.World, ep string) {
		router, dealer := w.Socket(pattern.ROUTER, mandatory), w.Socket(pattern.DEALER, st.ID("id"))
		dealer.MustBind(ep)
		router.MustConnect(ep)
		router.MustMeet(1)
		dealer.MustMeet(1)
		is(w, "sending", try(router, "id", "x"), nil)
		is(w, "disconnecting", router.Disconnect(ep), nil)
		is(w, "to whom we disconnect from", try(router, "id", "y"), pattern.ErrNoRoute)
		dealer.WantRecv("x")
		dealer.WantNone()
	})
	clause(t, "who waits for room is told that the peer is gone", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER, st.HWM(1, 1), mandatory), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id"))
		meet(w, "inproc://a", router, dealer)
		for range 2 {
			router.MustSend("id", "x")
		}
		sent := make(chan error, 1)
		go func() { sent <- router.Send(context.Background(), st.Of("id", "x")) }()
		w.Settle()
		dealer.CloseIn(0)
		is(w, "the third", <-sent, pattern.ErrNoRoute)
	})
}

// The Go face sends by id and never drops, whatever the option.
func TestRule_3_3_3_SendToSays(t *testing.T) {
	clause(t, "no route, or waits for room", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER, st.HWM(1, 1)), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id"))
		meet(w, "inproc://a", router, dealer)
		is(w, "to nobody", tryTo(router, "other", "x"), pattern.ErrNoRoute)
		for range 2 {
			is(w, "sending", tryTo(router, "id", "x"), nil)
		}
		is(w, "to who is full", tryTo(router, "id", "x"), pattern.ErrWouldBlock)
		router.WantDrops(nil)
	})
}

func TestRule_3_3_4_DuplicateIDIsRefused(t *testing.T) {
	clause(t, "closed, told and counted; the first goes on", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		first := handshaken(w, router, 1, "DEALER", "Identity", "id")[0]
		second := w.Dial("a")
		second.Must(st.Greeting(), st.Ready("Socket-Type", "DEALER", "Identity", "id"), st.Message("unheard"))
		ends(w, second)
		w.Settle()
		refused := router.Heard(session.PeerRefused)
		if len(refused) != 1 || !errors.Is(refused[0].Err, pattern.ErrDuplicateRoutingID) || refused[0].Remote.String() != second.LocalAddr().String() {
			w.Errorf("refused: %+v", refused)
		}
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropRefused: 1})
		first.Must(st.Message("heard"))
		router.WantRecv("heard")
		router.WantNone()
		router.MustSend("id", "to the first")
		wants(w, first, "to the first")
		first.Close()
		w.Settle()
		handshaken(w, router, 1, "DEALER", "Identity", "id") // for it is free now
	})
	clause(t, "over inproc", func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		first, second := w.Socket(pattern.DEALER, st.ID("id")), w.Socket(pattern.DEALER, st.ID("id"))
		meet(w, "inproc://a", router, first)
		second.MustConnect("inproc://a")
		w.Settle()
		for _, s := range []*st.Socket{router, second} {
			if refused := s.Heard(session.PeerRefused); len(refused) != 1 || !errors.Is(refused[0].Err, pattern.ErrDuplicateRoutingID) {
				w.Errorf("refused: %+v", refused)
			}
		}
		router.MustSend("id", "x")
		first.WantRecv("x")
		second.WantNone()
	})
}

func TestRule_3_3_5_Handover(t *testing.T) {
	clause(t, "the later peer has the id, the earlier is heard out and closed", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, handover, mandatory)
		router.MustBind("mem://a")
		first := handshaken(w, router, 1, "DEALER", "Identity", "id")[0]
		first.Must(st.Message("from", "the first"), st.Message("half", "a message")[:8])
		w.Settle()
		second := w.Dial("a")
		second.Shake("DEALER", "Identity", "id")
		ends(w, first)
		second.Must(st.Message("from", "the second"))
		router.WantRecv("from", "the first")
		router.WantRecv("from", "the second")
		router.WantNone()
		is(w, "sending", try(router, "id", "x"), nil)
		wants(w, second, "x")
		ends := router.Heard(session.Disconnected)
		if len(ends) != 1 || !errors.Is(ends[0].Err, pattern.ErrHandover) || router.Stats().Peers != 1 {
			w.Errorf("ends %+v", ends)
		}
	})
}

func TestRule_3_3_6_IDsForEndpoints(t *testing.T) {
	everywhere(t, "at once, and whatever the peer calls itself", func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER, mandatory)
		is(w, "before", try(router, "given", "x"), pattern.ErrNoRoute)
		is(w, "connecting", router.ConnectAs(ep, "given"), nil)
		is(w, "before anybody is there", try(router, "given", "early"), nil)
		dealer := w.Socket(pattern.DEALER, st.ID("own"))
		dealer.MustBind(ep)
		dealer.WantRecv("early")
		router.MustMeet(1)
		is(w, "to its own id", try(router, "own", "x"), pattern.ErrNoRoute)
		dealer.MustSend("hello")
		if _, from := router.MustRecv(); from.RoutingID != "given" {
			w.Errorf("from %q", from.RoutingID)
		}
	})
	clause(t, "once", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, mandatory)
		router.MustBind("mem://b")
		is(w, "connecting", router.ConnectAs("mem://a", "given"), nil)
		is(w, "the id of another endpoint", router.ConnectAs("mem://c", "given"), pattern.ErrDuplicateRoutingID)
		p := w.Dial("b")
		p.Shake("DEALER", "Identity", "taken")
		router.MustMeet(1)
		is(w, "the id of a peer", router.ConnectAs("mem://c", "taken"), pattern.ErrDuplicateRoutingID)
	})
	clause(t, "for the next endpoint, and for none that comes", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, mandatory)
		router.MustBind("mem://a")
		is(w, "connecting", router.ConnectAs("mem://nobody", "given"), nil)
		w.Socket(pattern.DEALER, st.ID("b")).MustBind("mem://b")
		router.MustConnect("mem://b")
		router.MustMeet(1)
		p := w.Dial("a")
		p.Shake("DEALER")
		p.Must(st.Message("hello"))
		if _, from := router.MustRecv(); from.RoutingID == "given" {
			w.Error("a peer that came has the id")
		}
		is(w, "to the endpoint connected after it", try(router, "b", "x"), nil)
	})
	clause(t, "kept from one connection to the next", func(w *st.World) {
		l := w.Listen("a")
		router := w.Socket(pattern.ROUTER, mandatory)
		is(w, "connecting", router.ConnectAs("mem://a", "given"), nil)
		for range 3 {
			p := l.Accept()
			p.Shake("DEALER")
			router.MustMeet(1)
			router.MustSend("given", "x")
			wants(w, p, "x")
			p.Close()
			w.Settle()
		}
		is(w, "between connections", try(router, "given", "y"), nil)
	})
}

func TestRule_3_3_7_Probes(t *testing.T) {
	probing := options(func(o *pattern.Options) { o.Probe = true })
	for _, typ := range []pattern.Type{pattern.ROUTER, pattern.DEALER, pattern.REQ} {
		for _, probes := range []string{"the one that binds", "the one that connects"} {
			everywhere(t, names[typ]+", "+probes, func(w *st.World, ep string) {
				s, router := w.Socket(typ, probing, st.ID("id")), w.Socket(pattern.ROUTER)
				bound, connecting := router, s
				if probes == "the one that binds" {
					bound, connecting = s, router
				}
				meet(w, ep, bound, connecting)
				if m, from := router.MustRecv(); len(m) != 1 || m[0] != "" || from.RoutingID != "id" {
					w.Errorf("received %q from %q", m, from.RoutingID)
				}
				router.WantNone()
			})
		}
	}
	clause(t, "nobody else", func(w *st.World) {
		for typ := range pattern.Types {
			if typ == pattern.ROUTER || typ == pattern.DEALER || typ == pattern.REQ || isRaw(names[typ]) {
				continue
			}
			s := w.Socket(typ, probing)
			s.MustBind("mem://" + names[typ])
			p := w.Dial(names[typ])
			p.Shake(talks[names[typ]][0])
			silent(w, p)
		}
	})
}

func TestRule_3_3_8_RawRouter(t *testing.T) {
	raw := options(func(o *pattern.Options) { o.Raw, o.NotifyConnect, o.NotifyDisconnect = true, true, true })
	clause(t, "bytes both ways, and an empty message is the end", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, raw)
		router.MustBind("mem://a")
		p := w.Dial("a")
		p.Must([]byte("GET /"))
		m, from := router.MustRecv()
		if len(m) != 1 || m[0] != "GET /" || len(from.RoutingID) != 5 {
			w.Errorf("received %q of %q, want the bytes and an id", m, from.RoutingID)
		}
		is(w, "sending", try(router, from.RoutingID, "200 OK"), nil)
		if got := string(patient(p).Skip(6)); got != "200 OK" {
			w.Errorf("the peer read %q", got)
		}
		is(w, "ending", try(router, from.RoutingID, ""), nil)
		ends(w, p)
		p.Close()
		router.WantNone()
	})
	clause(t, "frame by frame", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, raw)
		router.MustBind("mem://a")
		p := w.Dial("a")
		p.Must([]byte("GET /"))
		w.Settle()
		var id, data msg.Frame
		is(w, "receiving the id", router.TryRecvFrame(&id), nil)
		is(w, "receiving the bytes", router.TryRecvFrame(&data), nil)
		if !id.More || data.More || string(data.Body) != "GET /" {
			w.Errorf("received %+v and %+v", id, data)
		}
		is(w, "sending the id", router.TrySendFrame(&msg.Frame{Body: id.Body, More: true}), nil)
		is(w, "sending bytes, whose MORE is ignored", router.TrySendFrame(&msg.Frame{Body: []byte("200"), More: true}), nil)
		if got := string(patient(p).Skip(3)); got != "200" {
			w.Errorf("the peer read %q", got)
		}
	})
	clause(t, "unknown ids are dropped", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, raw)
		is(w, "sending", try(router, "nobody", "x"), nil)
		is(w, "sending the id", router.TrySendFrame(&msg.Frame{Body: []byte("nobody"), More: true}), nil)
		is(w, "sending the bytes", router.TrySendFrame(&msg.Frame{Body: []byte("x")}), nil)
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: 2})
		is(w, "sending an id alone", router.TrySendFrame(&msg.Frame{Body: []byte("nobody")}), nil)
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: 2, pipe.DropMalformed: 1})
	})
}

// told takes a message that tells of a peer.
func told(w *st.World, s *st.Socket, what msg.Notice, id string) {
	w.Helper()
	if m, from := s.MustRecv(); len(m) != 1 || m[0] != "" || from.Notice != what || from.RoutingID != id {
		w.Errorf("received %q, notice %d of %q, want notice %d of %q", m, from.Notice, from.RoutingID, what, id)
	}
}

func TestRule_3_3_9_Notifications(t *testing.T) {
	coming := options(func(o *pattern.Options) { o.NotifyConnect = true })
	going := options(func(o *pattern.Options) { o.NotifyDisconnect = true })
	everywhere(t, "of coming and going", func(w *st.World, ep string) {
		router, dealer := w.Socket(pattern.ROUTER, coming, going), w.Socket(pattern.DEALER, st.ID("id"))
		router.MustBind(ep)
		dealer.MustConnect(ep)
		dealer.MustSend("x")
		told(w, router, msg.Came, "id")
		router.WantRecv("x")
		dealer.MustSend("y")
		dealer.CloseIn(time.Second)
		router.WantRecv("y")
		told(w, router, msg.Left, "id")
		router.WantNone()
	})
	clause(t, "each alone", func(w *st.World) {
		for _, set := range []func(*socket.Options){coming, going} {
			router := w.Socket(pattern.ROUTER, set)
			router.MustBind("mem://a")
			handshaken(w, router, 1, "DEALER", "Identity", "id")[0].Close()
			w.Settle()
			if got := received(w, router); len(got) != 1 {
				w.Errorf("received %q, want one message", got)
			}
			router.CloseIn(0)
		}
	})
	clause(t, "in place of half a message", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, going)
		router.MustBind("mem://a")
		p := handshaken(w, router, 1, "DEALER", "Identity", "id")[0]
		whole := st.Message("half", "a message")
		p.Must(st.Message("whole"), whole[:len(whole)-1])
		p.Close()
		router.WantRecv("whole")
		told(w, router, msg.Left, "id")
		router.WantNone()
	})
	clause(t, "not of who has not ended the handshake", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, coming, going)
		router.MustBind("mem://a")
		whole := append(st.Greeting(), st.Ready("Socket-Type", "DEALER")...)
		for _, n := range []int{0, 10, 64, len(whole) - 1} {
			p := w.Dial("a")
			p.Must(whole[:n])
			w.Settle()
			p.Close()
			router.WantNone()
		}
	})
	// libzmq tells of peers of ZMTP 3 alone; ours can count on being told.
	clause(t, "of peers of ZMTP 1.0 too", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, coming, going)
		router.MustBind("mem://a")
		p := w.Dial("a")
		p.Must([]byte{3, 0}, []byte("id"))
		told(w, router, msg.Came, "id")
		p.Close()
		told(w, router, msg.Left, "id")
	})
}

func TestRule_3_3_10_HelloAndDisconnectMessages(t *testing.T) {
	clause(t, "hello", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.Hello, o.Farewell = []byte("hello"), []byte("gone") })
		router.MustBind("mem://a")
		p := handshaken(w, router, 1, "DEALER", "Identity", "id")[0]
		wants(w, p, "hello")
		p.Close()
		if m, from := router.MustRecv(); len(m) != 1 || m[0] != "gone" || from.RoutingID != "id" {
			w.Errorf("received %q from %q", m, from.RoutingID)
		}
	})
}

func TestRule_3_3_11_ASlowPeerHoldsUpNobody(t *testing.T) {
	for _, must := range []bool{false, true} {
		clause(t, fmt.Sprint("mandatory ", must), func(w *st.World) {
			router := w.Socket(pattern.ROUTER, st.HWM(2, 2), options(func(o *pattern.Options) { o.Mandatory = must }))
			router.MustBind("mem://a")
			w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(200) })
			handshaken(w, router, 1, "DEALER", "Identity", "slow")
			fast := handshaken(w, router, 1, "DEALER", "Identity", "fast")[0]
			waiting := make(chan error, 1)
			go func() {
				for range 100 { // if it must route it waits soon
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
					wants(w, fast, fmt.Sprint(i))
				}
			}); d != 0 {
				w.Errorf("it took %v", d)
			}
			if (router.Stats().Drops[pipe.DropHWM] > 0) == must {
				w.Errorf("%+v", router.Stats())
			}
			router.CloseIn(0)
			if err := <-waiting; (err == nil) == must {
				w.Errorf("who sends to the slow one gets %v", err)
			}
		})
	}
}
