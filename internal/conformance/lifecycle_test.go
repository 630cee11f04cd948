package conformance

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

func TestReqAndRepAreReadyOnlyInTurn(t *testing.T) {
	overEachTransport(t, "", func(w *st.World, ep string) {
		req, rep := w.Socket(pattern.REQ), w.Socket(pattern.REP)
		connect(w, ep, rep, req)
		want := func(when string, reqIn, reqOut, repIn, repOut bool) {
			w.Helper()
			w.Settle()
			for _, c := range []struct {
				what      string
				got, want bool
			}{
				{"REQ readable", req.Readable(), reqIn}, {"REQ writable", req.Writable(), reqOut},
				{"REP readable", rep.Readable(), repIn}, {"REP writable", rep.Writable(), repOut},
			} {
				if c.got != c.want {
					w.Errorf("%s: %s is %v", when, c.what, c.got)
				}
			}
		}
		want("at first", false, true, false, false)
		req.MustSend("request")
		want("after the request is sent", false, false, true, false)
		rep.WantRecv("request")
		want("after it is received", false, false, false, true)
		rep.MustSend("reply")
		want("after the reply is sent", true, false, false, false)
		req.WantRecv("reply")
		want("after it is received", false, true, false, false)
	})
}

func TestDisconnectEndsAllEqualConnects(t *testing.T) {
	overEachTransport(t, "", func(w *st.World, ep string) {
		pull, push := w.Socket(pattern.PULL), w.Socket(pattern.PUSH)
		pull.MustBind(ep)
		for range 3 {
			push.MustConnect(ep)
		}
		push.WaitPeers(3)
		pull.WaitPeers(3)
		wantErr(w, "disconnect of an unknown endpoint", push.Disconnect(ep+"b"), socket.ErrEndpointNotFound)
		wantErr(w, "disconnect", push.Disconnect(ep), nil)
		w.Settle()
		if n, m := push.Stats().Peers, pull.Stats().Peers; n != 0 || m != 0 {
			w.Errorf("%d and %d peers after one disconnect", n, m)
		}
		wantErr(w, "another disconnect", push.Disconnect(ep), socket.ErrEndpointNotFound)
	})
}

func TestSubscribersKeepUnreadMessagesOfALostConnection(t *testing.T) {
	for typ, far := range map[pattern.Type]string{pattern.SUB: "PUB", pattern.XSUB: "XPUB", pattern.DISH: "RADIO"} {
		subtest(t, typeNames[typ], func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ, st.Reconnect(time.Second, time.Second))
			subscription, frames := "SUBSCRIBE a", []string{"a1"}
			if typ == pattern.DISH {
				subscription, frames = "JOIN a", []string{"a", "1"}
				wantErr(w, "join", s.Join("a", true), nil)
			} else {
				setSubscribed(w, s, true, "a")
			}
			s.MustConnect("mem://a")
			for range 2 {
				p := l.Accept()
				p.Handshake(far)
				if got := recvCommand(w, p); got != subscription {
					w.Errorf("the publisher read %q, want %q", got, subscription)
				}
				p.MustWrite(st.Message(frames...))
				w.Settle()
				p.Close()
			}
			w.Settle()
			for range 2 {
				s.WantRecv(frames...)
			}
			s.WantNone()
			s.WantDrops(map[pipe.Drop]uint64{})
		})
	}
}
