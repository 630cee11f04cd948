package monitor_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/monitor"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// text writes events as "kind:value", with kind in hexadecimal.
func text(list []monitor.Event) (s string) {
	for _, e := range list {
		s += fmt.Sprintf(" %#x:%d", uint64(e.Kind), int64(e.Values[0]))
	}
	return s
}

// The numbers are those of zmq.h.
func TestKindsHaveTheNumbersOfLibzmq(t *testing.T) {
	for kind, want := range map[monitor.Kind]uint64{
		monitor.Connected: 0x1, monitor.ConnectDelayed: 0x2, monitor.ConnectRetried: 0x4, monitor.Listening: 0x8,
		monitor.BindFailed: 0x10, monitor.Accepted: 0x20, monitor.AcceptFailed: 0x40, monitor.Closed: 0x80,
		monitor.CloseFailed: 0x100, monitor.Disconnected: 0x200, monitor.Stopped: 0x400, monitor.HandshakeFailedNoDetail: 0x800,
		monitor.HandshakeSucceeded: 0x1000, monitor.HandshakeFailedProtocol: 0x2000, monitor.HandshakeFailedAuth: 0x4000,
		monitor.PipesStats: 0x10000, monitor.All: 0xFFFF, monitor.AllV2: 0x1FFFF,
	} {
		if uint64(kind) != want {
			t.Errorf("kind %#x, want %#x", uint64(kind), want)
		}
	}
}

func TestEventsOfSessionsBecomeThoseOfLibzmq(t *testing.T) {
	v3, v1 := &msg.Peer{Version: "3.1"}, &msg.Peer{Version: "1.0"}
	inProgress := int(syscall.EINPROGRESS)
	failure := func(err error) session.Event {
		return session.Event{Kind: session.HandshakeFailed, Reason: engine.CloseReasonOf(err), Err: err}
	}
	reason := func(r engine.CloseReason) session.Event { return failure(&engine.Error{Reason: r}) }
	for i, c := range []struct {
		ev   session.Event
		want string
	}{
		{session.Event{Kind: session.Listening}, " 0x8:9"},
		{session.Event{Kind: session.ListenerClosed}, " 0x80:9"},
		{session.Event{Kind: session.Accepted}, " 0x20:9"},
		{session.Event{Kind: session.AcceptFailed, Err: fmt.Errorf("accept: %w", syscall.EMFILE)}, fmt.Sprintf(" 0x40:%d", int(syscall.EMFILE))},
		{session.Event{Kind: session.Connected}, fmt.Sprintf(" 0x2:%d 0x1:9", inProgress)},
		{session.Event{Kind: session.Retrying, Delay: 1500 * time.Millisecond}, fmt.Sprintf(" 0x2:%d 0x80:-1 0x4:1500", inProgress)},
		{session.Event{Kind: session.Retrying, Delay: 100 * 24 * time.Hour, Connected: true}, " 0x4:2147483647"},
		{session.Event{Kind: session.ResolveFailed, Delay: 1500 * time.Millisecond}, " 0x4:1500"},
		{session.Event{Kind: session.ResolveFailed}, ""}, // of addresses that a resolver has found
		{session.Event{Kind: session.Stopped}, fmt.Sprintf(" 0x2:%d 0x80:-1", inProgress)},
		{session.Event{Kind: session.Stopped, Connected: true}, ""},
		{session.Event{Kind: session.Ready, Peer: v3}, " 0x1000:0"},
		{session.Event{Kind: session.Ready, Peer: v1}, ""},
		{session.Event{Kind: session.Ready, Peer: &msg.Peer{}}, ""}, // STREAM
		{session.Event{Kind: session.Disconnected, Peer: v3}, " 0x200:9"},
		{session.Event{Kind: session.Disconnected, Peer: v3, Reason: engine.CloseHeartbeatTimeout}, " 0x200:9"},
		{session.Event{Kind: session.Disconnected, Peer: v3, Reason: engine.CloseCrypto}, " 0x2000:285212673 0x200:9"},
		{session.Event{Kind: session.Disconnected, Peer: v1, Err: syscall.ECONNRESET}, fmt.Sprintf(" 0x800:%d 0x200:9", int(syscall.ECONNRESET))},
		{session.Event{Kind: session.Disconnected, Peer: v3, Reason: engine.CloseFrameSize}, " 0x200:9"},
		{session.Event{Kind: session.Disconnected, Peer: v3, Reason: engine.CloseMalformed}, " 0x200:9"},
		{session.Event{Kind: session.Disconnected, Peer: v3, Err: context.Canceled}, ""}, // closed by this socket
		{failure(context.Canceled), ""},
		{session.Event{Kind: session.PeerRefused}, fmt.Sprintf(" 0x40:%d", int(syscall.ECONNABORTED))},
		{session.Event{Kind: session.PeerRefused, Connected: true}, " 0x200:9"},
		{session.Event{Kind: session.Throttled}, ""},
		{session.Event{Kind: session.TransformPanicked}, ""},
		{reason(engine.CloseMalformed), " 0x2000:268435473 0x200:9"},
		{reason(engine.CloseUnexpected), " 0x2000:268435457 0x200:9"},
		{reason(engine.CloseMechanism), " 0x2000:285212674 0x200:9"},
		{reason(engine.CloseSocketType), " 0x200:9"},
		{reason(engine.CloseFrameSize), " 0x2000:268435456 0x200:9"},
		{reason(engine.CloseAuthDenied), " 0x4000:400 0x200:9"},
		{reason(engine.CloseAuthFailed), " 0x4000:500 0x200:9"},
		{reason(engine.CloseHandshakeClosed), fmt.Sprintf(" 0x800:%d 0x200:9", int(syscall.EPIPE))},
		{failure(&engine.Error{Reason: engine.CloseHandshakeTimeout, Err: context.DeadlineExceeded}), fmt.Sprintf(" 0x800:%d 0x200:9", int(syscall.ETIMEDOUT))},
		{failure(&engine.Error{Reason: engine.CloseAuthFailed, Err: &mechanism.RefusedError{Status: mechanism.StatusTemporary}}), " 0x4000:300 0x200:9"},
		{failure(&engine.Error{Reason: engine.CloseRefused, Err: &mechanism.PeerError{Reason: "400"}}), " 0x4000:400 0x200:9"},
		{failure(&engine.Error{Reason: engine.CloseRefused, Err: &mechanism.PeerError{Reason: "go away"}}), " 0x200:9"},
		{failure(errors.New("cut")), fmt.Sprintf(" 0x800:%d 0x200:9", int(syscall.EPIPE))},
	} {
		c.ev.Endpoint = "tcp://a"
		if got := text(monitor.FromSession(&c.ev, 9)); got != c.want {
			t.Errorf("%d, %v: got%s, want%s", i, c.ev.Kind, got, c.want)
		}
		for _, endpoint := range []string{"inproc://a", "udp://a"} {
			c.ev.Endpoint = endpoint
			if got := monitor.FromSession(&c.ev, 9); got != nil {
				t.Errorf("%d, %v, %s: got%s", i, c.ev.Kind, endpoint, text(got))
			}
		}
	}
}

// Over ipc an attempt to connect is complete at once.
func TestIPCConnectsWithoutDelay(t *testing.T) {
	for _, c := range []struct {
		ev   session.Event
		want string
	}{
		{session.Event{Kind: session.Connected}, " 0x1:9"},
		{session.Event{Kind: session.Retrying, Delay: time.Second}, " 0x80:-1 0x4:1000"},
		{session.Event{Kind: session.Stopped}, " 0x80:-1"},
	} {
		c.ev.Endpoint = "ipc:///a"
		if got := text(monitor.FromSession(&c.ev, 9)); got != c.want {
			t.Errorf("%v: got%s, want%s", c.ev.Kind, got, c.want)
		}
	}
}

func TestBindFailureHasTheErrorNumber(t *testing.T) {
	e := monitor.BindFailure("tcp://a:1", fmt.Errorf("bind: %w", syscall.EADDRINUSE))
	if frames := e.AppendV1(nil); string(frames[1]) != "tcp://a:1" || text([]monitor.Event{e}) != fmt.Sprintf(" 0x10:%d", int(syscall.EADDRINUSE)) {
		t.Errorf("%q", frames)
	}
}

// Every kind of event of a session has a row in the test above.
func TestEveryKindOfSessionIsConverted(t *testing.T) {
	silent := []session.Kind{session.Throttled, session.Ready, session.ResolveFailed, session.TransformPanicked} // Ready without a peer of ZMTP 3, ResolveFailed without a delay
	for k := session.Listening; k < session.NumKinds; k++ {
		got := monitor.FromSession(&session.Event{Kind: k, Endpoint: "tcp://a"}, 9)
		if slices.Contains(silent, k) != (len(got) == 0) {
			t.Errorf("%v: %v", k, got)
		}
	}
}

// On the binding side the endpoint is the bound one, on the connecting side the
// remote one; version 2 has both.
func TestEventsHaveEndpointsOfBothSides(t *testing.T) {
	a, b := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2}
	named, unnamed := &net.UnixAddr{Name: "/a"}, &net.UnixAddr{Name: "@"}
	for _, c := range []struct {
		ev                session.Event
		v1, local, remote string
	}{
		{session.Event{Kind: session.Listening, Endpoint: "tcp://0.0.0.0:1"}, "tcp://0.0.0.0:1", "tcp://0.0.0.0:1", ""},
		{session.Event{Kind: session.Accepted, Bound: true, Endpoint: "tcp://0.0.0.0:1", Local: a, Remote: b}, "tcp://127.0.0.1:1", "tcp://127.0.0.1:1", "tcp://127.0.0.1:2"},
		{session.Event{Kind: session.Accepted, Bound: true, Endpoint: "ipc:///a", Local: named, Remote: unnamed}, "ipc:///a", "ipc:///a", "ipc://"},
		{session.Event{Kind: session.Connected, Endpoint: "ipc:///a", Local: unnamed, Remote: named}, "ipc:///a", "ipc://", "ipc:///a"},
		{session.Event{Kind: session.PeerRefused, Bound: true, Endpoint: "tcp://0.0.0.0:1", Local: a, Remote: b}, "tcp://0.0.0.0:1", "tcp://0.0.0.0:1", ""},
		{session.Event{Kind: session.Retrying, Connected: true, Endpoint: "tcp://localhost:1"}, "tcp://localhost:1", "", "tcp://localhost:1"},
		{session.Event{Kind: session.Disconnected, Peer: &msg.Peer{Version: "3.1"}, Endpoint: "tcp://localhost:1", Local: b, Remote: a}, "tcp://localhost:1", "tcp://127.0.0.1:2", "tcp://localhost:1"},
	} {
		list := monitor.FromSession(&c.ev, -1)
		if len(list) != 1 {
			t.Fatalf("%v: %d events", c.ev.Kind, len(list))
		}
		v1, v2 := list[0].AppendV1(nil), list[0].AppendV2(nil)
		if string(v1[1]) != c.v1 || string(v2[3]) != c.local || string(v2[4]) != c.remote {
			t.Errorf("%v: %q %q", c.ev.Kind, v1, v2)
		}
	}
}

// The bytes are those that the parser of pyzmq takes: struct "=hi" in version 1.
func TestEncodings(t *testing.T) {
	e := monitor.FromSession(&session.Event{Kind: session.Retrying, Connected: true, Endpoint: "tcp://a:1", Delay: 258 * time.Millisecond}, -1)[0]
	two := monitor.Pipe("tcp://l:1", "tcp://r:2", 3, 4)
	end := monitor.End()
	for _, c := range []struct {
		got, little, big [][]byte
	}{
		{e.AppendV1(nil), [][]byte{{4, 0, 2, 1, 0, 0}, []byte("tcp://a:1")}, [][]byte{{0, 4, 0, 0, 1, 2}, []byte("tcp://a:1")}},
		{end.AppendV1([][]byte{{1}}), [][]byte{{1}, {0, 4, 0, 0, 0, 0}, {}}, [][]byte{{1}, {4, 0, 0, 0, 0, 0}, {}}},
		{e.AppendV2(nil), [][]byte{{4, 0, 0, 0, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 0, 0, 0}, {2, 1, 0, 0, 0, 0, 0, 0}, {}, []byte("tcp://a:1")},
			[][]byte{{0, 0, 0, 0, 0, 0, 0, 4}, {0, 0, 0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 0, 1, 2}, {}, []byte("tcp://a:1")}},
		{two.AppendV2(nil), [][]byte{{0, 0, 1, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 0, 0, 0}, {3, 0, 0, 0, 0, 0, 0, 0}, {4, 0, 0, 0, 0, 0, 0, 0}, []byte("tcp://l:1"), []byte("tcp://r:2")},
			[][]byte{{0, 0, 0, 0, 0, 1, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 2}, {0, 0, 0, 0, 0, 0, 0, 3}, {0, 0, 0, 0, 0, 0, 0, 4}, []byte("tcp://l:1"), []byte("tcp://r:2")}},
	} {
		want := c.big
		if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
			want = c.little
		}
		if !slices.EqualFunc(c.got, want, slices.Equal[[]byte]) {
			t.Errorf("got %v, want %v", c.got, want)
		}
	}
	// A descriptor that is not known is -1 in both.
	lost := monitor.FromSession(&session.Event{Kind: session.ListenerClosed, Endpoint: "tcp://a:1"}, -1)[0]
	if v1, v2 := lost.AppendV1(nil), lost.AppendV2(nil); int32(binary.NativeEndian.Uint32(v1[0][2:])) != -1 || int64(binary.NativeEndian.Uint64(v2[2])) != -1 {
		t.Errorf("%v %v", v1, v2)
	}
}

// The events of a connection that is made, lost and not made again are in the order
// of libzmq's tests.
func TestEventsOfAConnectionAreInTheOrderOfLibzmq(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		pushEvents, pullEvents := push.Watch(), pull.Watch()
		pull.MustBind("mem://a")
		push.MustConnect("mem://a")
		push.WaitPeers(1)
		w.Settle()
		w.Net.RefuseFor("a", time.Hour)
		w.Net.Links()[0].Cut(memnet.RST)
		time.Sleep(700 * time.Millisecond)
		push.CloseIn(0)
		pull.CloseIn(0)
		kinds := func(l *socket.EventWatcher) (list []monitor.Kind) {
			for {
				ev, ok := l.Next(context.Background())
				if !ok {
					return list
				}
				for _, e := range monitor.FromSession(&ev.Event, -1) {
					list = append(list, e.Kind)
				}
			}
		}
		got := kinds(pushEvents)
		want := []monitor.Kind{
			monitor.ConnectDelayed, monitor.Connected, monitor.HandshakeSucceeded,
			monitor.Disconnected, monitor.ConnectRetried,
			monitor.ConnectDelayed, monitor.Closed, monitor.ConnectRetried,
		}
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("connecting side: %#x, want %#x", got, want)
		}
		got = kinds(pullEvents)
		want = []monitor.Kind{monitor.Listening, monitor.Accepted, monitor.HandshakeSucceeded, monitor.Disconnected, monitor.Closed}
		if !slices.Equal(got, want) {
			t.Errorf("binding side: %#x, want %#x", got, want)
		}
	})
}
