package socket_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/wire"
)

// badInput is input from a peer that a receiving socket must refuse.
type badInput struct {
	name   string
	bytes  []byte
	reason engine.CloseReason
	ready  bool // the handshake succeeds before the bad input
}

// badInputs are inputs to a PULL with the default limits. The first byte of
// "zeros" would be an empty ZMTP 1.0 frame. The text protocols would be ZMTP
// 1.0 frames with the MORE bit.
func badInputs() []badInput {
	hello := func(b ...[]byte) []byte { return append(st.Greeting(), bytes.Join(b, nil)...) }
	ready := func(b ...[]byte) []byte {
		return append(hello(st.Ready("Socket-Type", "PUSH")), bytes.Join(b, nil)...)
	}
	claim := func(flags byte, size uint64) []byte {
		return binary.BigEndian.AppendUint64([]byte{flags | wire.FlagLarge}, size)
	}
	curve := st.Greeting()
	copy(curve[12:], "CURVE\x00")
	many := bytes.Repeat([]byte{wire.FlagMore, 0}, 65537)
	var properties []string
	for i := range 65 {
		properties = append(properties, fmt.Sprint("X-", i), "")
	}
	return []badInput{
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), engine.CloseMalformed, false},
		{"SSH", []byte("SSH-2.0-OpenSSH_9.6\r\n"), engine.CloseMalformed, false},
		{"TLS", []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), engine.CloseMalformed, false},
		{"zeros", make([]byte, 64), engine.CloseMalformed, false},
		{"ones", bytes.Repeat([]byte{0xFF}, 64), engine.CloseMechanism, false},

		{"mechanism", curve, engine.CloseMechanism, false},
		{"socket type", hello(st.Ready("Socket-Type", "SUB")), engine.CloseSocketType, false},
		{"empty socket type", hello(st.Ready("Socket-Type", "")), engine.CloseSocketType, false},
		{"identity with a zero", hello(st.Ready("Socket-Type", "PUSH", "Identity", "\x00a")), engine.CloseMalformed, false},
		{"long identity", hello(st.Ready("Socket-Type", "PUSH", "Identity", st.Large(256))), engine.CloseMalformed, false},
		{"property without end", hello(st.Command("READY", []byte("\x0bSocket-Type\xff\xff\xff\xff"))), engine.CloseMalformed, false},
		{"properties", hello(st.Ready(properties...)), engine.CloseMetadata, false},
		{"metadata", hello(st.Ready("X", st.Large(9<<10))), engine.CloseMetadata, false},
		{"handshake of 200 KiB", hello(claim(wire.FlagCommand, 200<<10)), engine.CloseHandshakeSize, false},
		{"handshake of 2^63", hello(claim(wire.FlagCommand, 1<<63)), engine.CloseFrameSize, false},
		{"handshake of 2^64-1", hello(claim(wire.FlagCommand, 1<<64-1)), engine.CloseFrameSize, false},
		{"handshake with MORE", hello(claim(wire.FlagCommand|wire.FlagMore, 1)), engine.CloseMalformed, false},
		{"ERROR", hello(st.Command("ERROR", []byte("\x03400"))), engine.CloseRefused, false},
		{"command instead of READY", hello(st.Command("NOTREADY", nil)), engine.CloseUnexpected, false},

		{"frame of 2^63", ready(claim(0, 1<<63)), engine.CloseFrameSize, true},
		{"frame of 2^64-1", ready(claim(0, 1<<64-1)), engine.CloseFrameSize, true},
		{"frame of 2^64-1 with MORE", ready(claim(wire.FlagMore, 1<<64-1)), engine.CloseFrameSize, true},
		{"frame above the limit", ready(claim(0, 64<<20+1)), engine.CloseFrameSize, true},
		{"command of 2^63", ready(claim(wire.FlagCommand, 1<<63)), engine.CloseCommandSize, true},
		{"command of 2^64-1", ready(claim(wire.FlagCommand, 1<<64-1)), engine.CloseCommandSize, true},
		{"command above the limit", ready(claim(wire.FlagCommand, 128<<10+1)), engine.CloseCommandSize, true},
		{"PING without TTL", ready(st.Command("PING", nil)), engine.CloseMalformed, true},
		{"frames without end", ready(many), engine.CloseMessageSize, true},
		{"ERROR in traffic", ready(st.Command("ERROR", []byte("\x03400"))), engine.CloseRefused, true},
	}
}

// kind returns the kind of the event that reports the end of the connection.
func (in *badInput) kind() session.Kind {
	if in.ready {
		return session.Disconnected
	}
	return session.HandshakeFailed
}

// wantOneFailure checks that exactly one connection has ended, with an event of
// that kind and reason, and that only the counter of this reason has increased.
func wantOneFailure(t *testing.T, s *st.Socket, kind session.Kind, reason engine.CloseReason) {
	t.Helper()
	ends := s.EventsOf(session.HandshakeFailed, session.Disconnected, session.PeerRefused)
	if len(ends) != 1 || ends[0].Kind != kind || ends[0].Reason != reason || ends[0].Err == nil {
		t.Errorf("events %+v, want one of kind %v with reason %v", ends, kind, reason)
	}
	for f, n := range s.Stats().CloseReasons {
		want := uint64(0)
		if engine.CloseReason(f) == reason {
			want = 1
		}
		if n != want {
			t.Errorf("%d connections closed for %v, want %d", n, engine.CloseReason(f), want)
		}
	}
}

// TestBadInputClosesOnlyItsConnection: the connection is closed at once and
// counted once. Another peer keeps its connection.
func TestBadInputClosesOnlyItsConnection(t *testing.T) {
	for _, in := range badInputs() {
		t.Run(in.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				pull, push := w.Socket(pattern.PULL), w.Socket(pattern.PUSH)
				push.MustConnect(pull.MustBind("mem://a"))
				push.MustSend("before")
				pull.WantRecv("before")

				bad := w.Dial("a")
				bad.MustWrite(in.bytes)
				if d := bad.WaitClosed(); d != 0 {
					t.Errorf("closed after %v", d)
				}
				w.Settle()
				wantOneFailure(t, pull, in.kind(), in.reason)
				if ev := pull.EventsOf(in.kind()); len(ev) == 1 && ev[0].Remote.String() != bad.LocalAddr().String() {
					t.Errorf("the event has address %v, want %v", ev[0].Remote, bad.LocalAddr())
				}

				push.MustSend("after")
				pull.WantRecv("after")
				if n := pull.Stats().Peers; n != 1 {
					t.Errorf("%d peers, want 1", n)
				}
				if ends := push.EventsOf(session.Disconnected, session.HandshakeFailed); len(ends) != 0 {
					t.Errorf("the other peer lost its connection: %+v", ends)
				}
			})
		})
	}
}

// TestBadInputByteByByteHasSameReason: the close reason does not depend on the
// size of reads.
func TestBadInputByteByByteHasSameReason(t *testing.T) {
	for _, in := range badInputs() {
		if len(in.bytes) > 16<<10 {
			continue
		}
		t.Run(in.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				pull := w.Socket(pattern.PULL)
				pull.MustBind("mem://a")
				bad := w.Dial("a")
				w.Net.Links()[0].Up().SetChunk(1)
				bad.MustWrite(in.bytes)
				if d := bad.WaitClosed(); d != 0 {
					t.Errorf("closed after %v", d)
				}
				w.Settle()
				wantOneFailure(t, pull, in.kind(), in.reason)
			})
		})
	}
}

// TestBadInputFromServerIsRetriedAfterBackoff: a connecting socket counts the
// reason and waits for the maximum backoff. The next connection, to a valid
// peer, succeeds.
func TestBadInputFromServerIsRetriedAfterBackoff(t *testing.T) {
	for _, in := range badInputs() {
		t.Run(in.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				l := w.Listen("a")
				pull := w.Socket(pattern.PULL)
				pull.MustConnect("mem://a")
				bad := l.Accept()
				bad.MustWrite(in.bytes)
				if d := bad.WaitClosed(); d != 0 {
					t.Errorf("closed after %v", d)
				}
				w.Settle()
				wantOneFailure(t, pull, in.kind(), in.reason)
				var good *st.Peer
				// The maximum backoff is 5 s, with a jitter of 50%.
				if d := st.After(func() { good = l.Accept() }); d < 2500*time.Millisecond || d > 7500*time.Millisecond {
					t.Errorf("reconnected after %v", d)
				}
				good.Handshake("PUSH")
				good.MustWrite(st.Message("x"))
				pull.WantRecv("x")
			})
		})
	}
}

// TestTruncatedGreetingFailsHandshake: the peer sends any number of bytes of a
// greeting, and then closes the connection or stays silent.
func TestTruncatedGreetingFailsHandshake(t *testing.T) {
	for n := range 65 {
		st.Run(t, func(w *st.World) {
			pull, push := w.Socket(pattern.PULL), w.Socket(pattern.PUSH)
			push.MustConnect(pull.MustBind("mem://a"))
			push.WaitPeers(1)
			bad := w.Dial("a")
			bad.MustWrite(st.Greeting()[:n])
			w.Settle()
			bad.Close()
			w.Settle()
			wantOneFailure(t, pull, session.HandshakeFailed, engine.CloseNone)
			push.MustSend("after")
			pull.WantRecv("after")
		})
		st.Run(t, func(w *st.World) {
			pull, push := w.Socket(pattern.PULL), w.Socket(pattern.PUSH)
			push.MustConnect(pull.MustBind("mem://a"))
			push.WaitPeers(1)
			bad := w.Dial("a")
			bad.MustWrite(st.Greeting()[:n])
			if d := bad.WaitClosed(); d != 10*time.Second {
				t.Errorf("%d bytes of a greeting: closed after %v", n, d)
			}
			w.Settle()
			wantOneFailure(t, pull, session.HandshakeFailed, engine.CloseHandshakeTimeout)
			push.MustSend("after")
			pull.WantRecv("after")
		})
	}
}

// overTCP returns a socket with the tcp transport, for tests in real time. No
// test measures time.
func overTCP(t *testing.T, typ pattern.Type, set ...func(*socket.Options)) *socket.Socket {
	t.Helper()
	o := st.New(t, 1).Options()
	o.Transports = map[string]transport.Transport{"tcp": transport.TCP}
	for _, f := range set {
		f(&o)
	}
	s, err := socket.New(typ, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(st.Ended()) })
	return s
}

// await returns the next event of one of the kinds.
func await(t *testing.T, watcher *socket.EventWatcher, kinds ...session.Kind) socket.Stamped {
	t.Helper()
	for {
		ev, ok := watcher.Next(context.Background())
		if !ok {
			t.Fatal("no more events")
		}
		for _, k := range kinds {
			if ev.Kind == k {
				return ev
			}
		}
	}
}

// TestBadInputOverTCPClosesOnlyItsConnection is
// TestBadInputClosesOnlyItsConnection over TCP, with all inputs on one listener
// and one valid peer.
func TestBadInputOverTCPClosesOnlyItsConnection(t *testing.T) {
	pull, push := overTCP(t, pattern.PULL), overTCP(t, pattern.PUSH)
	watcher := pull.Watch()
	ep, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	if err := push.Connect(ep); err != nil {
		t.Fatal(err)
	}
	var want [engine.NumCloseReasons]uint64
	for _, in := range badInputs() {
		c, err := net.Dial("tcp", strings.TrimPrefix(ep, "tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		c.Write(in.bytes) // may fail, since the socket need not read all of it
		io.Copy(io.Discard, c)
		c.Close()
		ev := await(t, watcher, session.HandshakeFailed, session.Disconnected)
		if ev.Reason != in.reason || ev.Kind != in.kind() || ev.Remote.String() != c.LocalAddr().String() {
			t.Errorf("%s: event %+v, want reason %v", in.name, ev, in.reason)
		}
		want[in.reason]++

		wantDelivered(t, push, pull, in.name)
	}
	if got := pull.Stats().CloseReasons; got != want {
		t.Errorf("close reasons %v, want %v", got, want)
	}
}

// wantDelivered checks that a message of one frame passes from one socket to another.
func wantDelivered(t *testing.T, from, to *socket.Socket, text string) {
	t.Helper()
	if err := from.Send(context.Background(), st.Of(text)); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, to); got != text {
		t.Errorf("received %q, want %q", got, text)
	}
}

// receive returns the first frame of the next message.
func receive(t *testing.T, s *socket.Socket) string {
	t.Helper()
	var m msg.Msg
	if err := s.Recv(context.Background(), &m); err != nil {
		t.Fatal(err)
	}
	return string(m.First)
}
