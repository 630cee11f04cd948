package socket_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

// TestMalformedEndpointsAreRefused: Bind and Connect return the expected error
// at once, and no endpoint is created.
func TestMalformedEndpointsAreRefused(t *testing.T) {
	for _, c := range []struct {
		ep            string
		bind, connect error // nil if the endpoint is valid
	}{
		{"", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp:", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp:/127.0.0.1:1", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"://127.0.0.1:1", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"127.0.0.1:1", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"inproc://", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"mem://", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},

		{"nosuch://x", socket.ErrUnsupportedTransport, socket.ErrUnsupportedTransport},
		{"TCP://127.0.0.1:1", socket.ErrUnsupportedTransport, socket.ErrUnsupportedTransport},
		{" tcp://127.0.0.1:1", socket.ErrUnsupportedTransport, socket.ErrUnsupportedTransport},
		{"mem ://x", socket.ErrUnsupportedTransport, socket.ErrUnsupportedTransport},

		{"tcp://x", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://127.0.0.1", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://127.0.0.1:", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://:", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://127.0.0.1:x", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://127.0.0.1:-1", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://127.0.0.1:65536", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://127.0.0.1:99999999999999999999", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://[::1:1", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://[::1]", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://::1:x", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://a b:1", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://a\x00b:1", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"tcp://127.0.0.1:1;", nil, socket.ErrInvalidEndpoint},
		{"tcp://;127.0.0.1:1", nil, socket.ErrInvalidEndpoint},

		// Only Bind accepts wildcards.
		{"tcp://*:*", nil, socket.ErrInvalidEndpoint},
		{"tcp://127.0.0.1:0", nil, socket.ErrInvalidEndpoint},
		{"mem://x:*", nil, socket.ErrInvalidEndpoint},

		{"mem://a b", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
		{"mem://:1", socket.ErrInvalidEndpoint, socket.ErrInvalidEndpoint},
	} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(pattern.PULL, func(o *socket.Options) { o.Transports["tcp"] = transport.TCP })
			check := func(verb string, want error, f func() error) {
				var err error
				if d := st.After(func() { err = f() }); d != 0 {
					t.Errorf("%s %q took %v", verb, c.ep, d)
				}
				if !errors.Is(err, want) {
					t.Errorf("%s %q: %v, want %v", verb, c.ep, err, want)
				}
			}
			// A listener of the operating system cannot run in a synctest
			// bubble. So Bind of valid endpoints is not tested here.
			if c.bind != nil {
				check("Bind", c.bind, func() error { _, err := s.Bind(c.ep); return err })
			}
			check("Connect", c.connect, func() error { return s.Connect(c.ep) })
			if err := s.Unbind(c.ep); !errors.Is(err, socket.ErrEndpointNotFound) {
				t.Errorf("Unbind %q: %v", c.ep, err)
			}
			if err := s.Disconnect(c.ep); !errors.Is(err, socket.ErrEndpointNotFound) {
				t.Errorf("Disconnect %q: %v", c.ep, err)
			}
			w.Settle()
			s.WantKinds()
		})
	}
}

// call is a method of a socket that returns an error.
type call struct {
	name string
	typ  pattern.Type // a type that has the method
	f    func(s *st.Socket) error
}

// calls returns every method that an application uses and that returns an
// error.
func calls() []call {
	ctx := context.Background()
	return []call{
		{"Bind", pattern.PULL, func(s *st.Socket) error { _, err := s.Bind("mem://new"); return err }},
		{"Bind", pattern.PULL, func(s *st.Socket) error { _, err := s.Bind("inproc://new"); return err }},
		{"Connect", pattern.PULL, func(s *st.Socket) error { return s.Connect("mem://new") }},
		{"Connect", pattern.PULL, func(s *st.Socket) error { return s.Connect("inproc://new") }},
		{"ConnectWith", pattern.ROUTER, func(s *st.Socket) error { return s.ConnectAs("mem://new", "name") }},
		{"Bind", pattern.DISH, func(s *st.Socket) error { _, err := s.Bind("air://10.0.0.1:1"); return err }},
		{"Connect", pattern.RADIO, func(s *st.Socket) error { return s.Connect("air://10.0.0.1:1") }},
		{"Unbind", pattern.PULL, func(s *st.Socket) error { return s.Unbind("mem://a") }},
		{"Unbind", pattern.PULL, func(s *st.Socket) error { return s.Unbind("mem://unknown") }},
		{"Disconnect", pattern.PULL, func(s *st.Socket) error { return s.Disconnect("mem://a") }},
		{"StopReceiving", pattern.PULL, func(s *st.Socket) error { return s.StopReceiving(ctx) }},
		{"Send", pattern.PUSH, func(s *st.Socket) error { return s.Send(ctx, st.Of("x")) }},
		{"Send", pattern.REQ, func(s *st.Socket) error { return s.Send(ctx, st.Of("x")) }},
		{"Send", pattern.PUB, func(s *st.Socket) error { return s.Send(ctx, st.Of("x")) }},
		{"TrySend", pattern.PUSH, func(s *st.Socket) error { return s.TrySend(st.Of("x")) }},
		{"Send", pattern.PUSH, func(s *st.Socket) error { return s.Transfer().Send(ctx, st.Of("x")) }},
		{"TrySend", pattern.PUSH, func(s *st.Socket) error { _, err := s.Transfer().TrySend([]msg.Msg{st.Of("x")}); return err }},
		{"Recv", pattern.PULL, func(s *st.Socket) error { _, err := s.Transfer().Recv(ctx, make([]msg.Msg, 1)); return err }},
		{"Recv", pattern.SUB, func(s *st.Socket) error { _, err := s.Transfer().Recv(ctx, make([]msg.Msg, 5)); return err }},
		{"SendAll", pattern.PUSH, func(s *st.Socket) error { return second(s.Transfer().SendAll(ctx, several)) }},
		{"SendAll", pattern.PUB, func(s *st.Socket) error { return second(s.Transfer().SendAll(ctx, several)) }},
		{"SendAll", pattern.REQ, func(s *st.Socket) error { return second(s.Transfer().SendAll(ctx, several)) }},
		{"SendAll", pattern.XSUB, func(s *st.Socket) error { return second(s.Transfer().SendAll(ctx, several)) }},
		{"SendAllTo", pattern.ROUTER, func(s *st.Socket) error { return second(s.SendAllTo(ctx, "peer", several)) }},
		{"SendAllTo", pattern.STREAM, func(s *st.Socket) error { return second(s.SendAllTo(ctx, "peer", several)) }},
		{"SendAllToNumber", pattern.SERVER, func(s *st.Socket) error { return second(s.SendAllToNumber(ctx, 1, several)) }},
		{"SendAllToGroup", pattern.RADIO, func(s *st.Socket) error { return second(s.SendAllToGroup(ctx, "g", several)) }},
		{"Next", pattern.PULL, func(s *st.Socket) error { _, err := s.Iterator().Next(ctx); return err }},
		{"Next", pattern.REP, func(s *st.Socket) error { _, err := s.Iterator().Next(ctx); return err }},
		{"TrySendFrames", pattern.PUSH, func(s *st.Socket) error { return s.TrySendFrames([][]byte{{1}}) }},
		{"TrySendFrames", pattern.PAIR, func(s *st.Socket) error { return s.TrySendFrames([][]byte{{1}, {2}}) }},
		{"SendTo", pattern.ROUTER, func(s *st.Socket) error { return s.SendTo(ctx, "peer", st.Of("x")) }},
		{"TrySendTo", pattern.ROUTER, func(s *st.Socket) error { return s.TrySendTo("peer", st.Of("x")) }},
		{"SendToNumber", pattern.SERVER, func(s *st.Socket) error { return s.SendToNumber(ctx, 1, st.Of("x")) }},
		{"TrySendToNumber", pattern.PEER, func(s *st.Socket) error { return s.TrySendToNumber(1, st.Of("x")) }},
		{"SetSendHWM", pattern.PUSH, func(s *st.Socket) error { return s.SetSendHWM(1) }},
		{"SetRecvHWM", pattern.PULL, func(s *st.Socket) error { return s.SetRecvHWM(1) }},
		{"Change", pattern.PUSH, func(s *st.Socket) error { return s.Change(func(*socket.Options) {}) }},
		{"DisconnectPeer", pattern.SERVER, func(s *st.Socket) error { return s.DisconnectPeer(1) }},
		{"ConnectPeer", pattern.PEER, func(s *st.Socket) error { _, err := s.ConnectPeer("mem://new"); return err }},
		{"SendGroup", pattern.RADIO, func(s *st.Socket) error { return s.SendGroup(ctx, "g", st.Of("x")) }},
		{"TrySendGroup", pattern.RADIO, func(s *st.Socket) error { return s.TrySendGroup("g", st.Of("x")) }},
		{"TrySend", pattern.XSUB, func(s *st.Socket) error { return s.TrySend(st.Of("x")) }},
		{"TrySend", pattern.XSUB, func(s *st.Socket) error { return s.TrySend(st.Of("\x01x")) }},
		{"Join", pattern.DISH, func(s *st.Socket) error { return s.Join("g", true) }},
		{"Recv", pattern.PULL, func(s *st.Socket) error { return s.Recv(ctx, new(msg.Msg)) }},
		{"Recv", pattern.REP, func(s *st.Socket) error { return s.Recv(ctx, new(msg.Msg)) }},
		{"Recv", pattern.REQ, func(s *st.Socket) error { return s.Recv(ctx, new(msg.Msg)) }},
		{"Recv", pattern.SUB, func(s *st.Socket) error { return s.Recv(ctx, new(msg.Msg)) }},
		{"SendFrame", pattern.PUSH, func(s *st.Socket) error { return s.SendFrame(ctx, &msg.Frame{}) }},
		{"SendFrame", pattern.REQ, func(s *st.Socket) error { return s.SendFrame(ctx, &msg.Frame{More: true}) }},
		{"SendFrame", pattern.XSUB, func(s *st.Socket) error { return s.SendFrame(ctx, &msg.Frame{Body: []byte{1}}) }},
		{"TrySendFrame", pattern.ROUTER, func(s *st.Socket) error { return s.TrySendFrame(&msg.Frame{More: true}) }},
		{"RecvFrame", pattern.PULL, func(s *st.Socket) error { return s.RecvFrame(ctx, new(msg.Frame)) }},
		{"RecvFrame", pattern.REP, func(s *st.Socket) error { return s.RecvFrame(ctx, new(msg.Frame)) }},
		{"TryRecvFrame", pattern.DEALER, func(s *st.Socket) error { return s.TryRecvFrame(new(msg.Frame)) }},
		{"TryRecv", pattern.PULL, func(s *st.Socket) error { return s.TryRecv(new(msg.Msg)) }},
		{"ClosePeer", pattern.STREAM, func(s *st.Socket) error { return s.ClosePeer(ctx, "x") }},
		{"SendTo", pattern.STREAM, func(s *st.Socket) error { return s.SendTo(ctx, "x", st.Of("x")) }},
		{"Recv", pattern.STREAM, func(s *st.Socket) error { return s.Recv(ctx, new(msg.Msg)) }},
		{"Subscribe", pattern.SUB, func(s *st.Socket) error { return s.Subscribe("x", true) }},
		{"Subscribe", pattern.XSUB, func(s *st.Socket) error { return s.Subscribe("x", false) }},
		{"Assign", pattern.XPUB, func(s *st.Socket) error { return s.Assign(nil, []string{"x"}, true) }},
		{"BindWith", pattern.PULL, func(s *st.Socket) error {
			_, err := s.BindWith("mem://x", socket.EndpointOptions{})
			return err
		}},
		{"BindListener", pattern.PULL, func(s *st.Socket) error {
			_, err := s.BindListener(unusedListener{}, socket.EndpointOptions{})
			return err
		}},
		{"AttachConn", pattern.PUSH, func(s *st.Socket) error {
			c, _ := net.Pipe()
			_, err := s.AttachConn(c, socket.EndpointOptions{})
			return err
		}},
		{"SetSecurity", pattern.PUSH, func(s *st.Socket) error { return s.SetSecurity(&socket.Security{}) }},
		{"SetEndpointSecurity", pattern.PUSH, func(s *st.Socket) error { return s.SetEndpointSecurity("mem://a", &socket.Security{}) }},
		{"WaitConnected", pattern.PUSH, func(s *st.Socket) error { return s.WaitConnected(ctx, 1) }},
		{"WaitConnected", pattern.PUSH, func(s *st.Socket) error { return s.WaitConnected(ctx, 0) }},
		{"WaitSubscribers", pattern.PUB, func(s *st.Socket) error { return s.WaitSubscribers(ctx, 1, []byte("x")) }},
		{"WaitSubscribersOfEach", pattern.PUB, func(s *st.Socket) error {
			_, err := s.WaitSubscribersOfEach(ctx, 1, []string{"x"})
			return err
		}},
		{"Flush", pattern.PUSH, func(s *st.Socket) error { _, _, err := s.Flush(ctx); return err }},
		{"WaitSubscribed", pattern.SUB, func(s *st.Socket) error { return s.WaitSubscribed(ctx) }},
		{"Call", pattern.REQ, func(s *st.Socket) error { _, err := s.Call(ctx, st.Of("x")); return err }},
		{"Exchange", pattern.DEALER, func(s *st.Socket) error { _, err := s.Exchange(ctx, st.Of("x")); return err }},
	}
}

// several is a batch.
var several = []msg.Msg{st.Of("x"), st.Of("y"), st.Of("z")}

func second(_ int, err error) error { return err }

// unusedListener is a listener from which nothing is accepted.
type unusedListener struct{ net.Listener }

func (unusedListener) Addr() net.Addr { return nil }

// notCalls are the methods that cannot fail.
var notCalls = []string{
	"Close", "Closed", "DisconnectPeers", "Endpoints", "Linger", "Manual", "Peers", "Readable", "Writable", "Stats", "PeerStats", "TopicCount", "Type", "Watch",
	"Addressed", "Topics", "Requests", "Frames", "Transfer", "Iterator", "Return", "Routes", "ReportEvent",
	"Ready", "CanRecv", "Receives", "AddWaker", "RemoveWaker", "Closing", "ChangePattern", "More", "Group",
}

// TestEveryMethodIsKnown checks that the tables above are complete.
func TestEveryMethodIsKnown(t *testing.T) {
	known := make(map[string]bool)
	for _, c := range calls() {
		known[c.name] = true
	}
	for _, name := range notCalls {
		known[name] = true
	}
	exists := make(map[string]bool)
	for _, typ := range []reflect.Type{reflect.TypeFor[*socket.Socket](), reflect.TypeFor[socket.Addressed](),
		reflect.TypeFor[socket.Topics](), reflect.TypeFor[socket.Requests](), reflect.TypeFor[socket.Frames](), reflect.TypeFor[socket.Transfer](), reflect.TypeFor[*socket.Iterator]()} {
		for i := range typ.NumMethod() {
			name := typ.Method(i).Name
			exists[name] = true
			if !known[name] {
				t.Errorf("%s is neither in calls nor in notCalls", name)
			}
		}
	}
	for name := range known {
		if !exists[name] {
			t.Errorf("no type has a method %s", name)
		}
	}
}

// TestCallsAfterCloseReturnErrClosed: every call on a closed socket returns at
// once.
func TestCallsAfterCloseReturnErrClosed(t *testing.T) {
	for _, c := range calls() {
		st.Run(t, func(w *st.World) {
			s := w.Socket(c.typ)
			s.MustBind("mem://a")
			s.CloseIn(0)
			var err error
			if d := st.After(func() { err = c.f(s) }); d != 0 || err != socket.ErrClosed {
				t.Errorf("%s on a closed %s: %v after %v", c.name, pattern.Types[c.typ].Name, err, d)
			}
			if loss := s.Close(context.Background()); loss.Unsent != 0 || !loss.Repeated {
				t.Errorf("Close a second time: %+v", loss)
			}
			if p := s.Peers(); len(p) != 0 {
				t.Errorf("%d peers", len(p))
			}
			if _, ok := s.Socket.Watch().Next(context.Background()); ok {
				t.Error("an event after Close")
			}
			if st := s.Stats(); st.Peers+st.QueuedSend+st.QueuedRecv != 0 {
				t.Errorf("statistics %+v", st)
			}
		})
	}
}

// blocked reports whether the call blocks on a socket without peers.
func (c *call) blocked() bool {
	switch c.name {
	case "Send", "SendAll", "Recv", "Next", "SendFrame", "RecvFrame", "WaitConnected", "WaitSubscribers", "WaitSubscribed", "Call":
		return true
	}
	return false
}

// TestCloseEndsBlockedCalls: Close returns at once, and blocked calls return
// ErrClosed although their contexts have not ended.
func TestCloseEndsBlockedCalls(t *testing.T) {
	for _, c := range calls() {
		if !c.blocked() {
			continue
		}
		st.Run(t, func(w *st.World) {
			s := w.Socket(c.typ)
			s.MustBind("mem://a")
			const callers = 5
			errs := make(chan error, callers)
			for range callers {
				go func() { errs <- c.f(s) }()
			}
			w.Settle()
			switch err := pending(errs); {
			case err == nil || errors.Is(err, pattern.ErrInvalidState): // a PUB never blocks, nor does a call in the wrong state
				if d := st.After(func() { s.CloseIn(time.Minute) }); d != 0 {
					t.Errorf("Close took %v", d)
				}
				return
			case err == errNone:
			default:
				t.Errorf("%s on a %s: %v", c.name, pattern.Types[c.typ].Name, err)
				return
			}
			if d := st.After(func() {
				s.CloseIn(time.Minute)
				for range callers {
					if err := <-errs; err != socket.ErrClosed {
						t.Errorf("%s on a %s: %v", c.name, pattern.Types[c.typ].Name, err)
					}
				}
			}); d != 0 {
				t.Errorf("%s on a %s: ended after %v", c.name, pattern.Types[c.typ].Name, d)
			}
		})
	}
}

// errNone is returned by pending if no call has returned.
var errNone = errors.New("none")

func pending(errs chan error) error {
	select {
	case err := <-errs:
		return err
	default:
		return errNone
	}
}
