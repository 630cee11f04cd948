package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/internal/wire"
)

// pullWithRawPush returns a PULL, and its only peer, which is played by the test.
// The handshake is complete.
func pullWithRawPush(w *st.World, opts ...func(*socket.Options)) (pull *st.Socket, push *st.Peer) {
	pull = w.Socket(pattern.PULL, opts...)
	pull.MustBind("mem://a")
	push = w.Dial("a")
	push.Handshake("PUSH")
	return pull, push
}

// TestSilentPeerIsDisconnectedAfterTimeout: a PING after the interval, the end after
// the timeout. https://rfc.zeromq.org/spec/37/#connection-heartbeating
func TestSilentPeerIsDisconnectedAfterTimeout(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull, p := pullWithRawPush(w, st.Heartbeat(10*time.Second, 3*time.Second, time.Minute))
		start := time.Now()
		flags, body := p.Frame()
		if d := time.Since(start); d != 10*time.Second || flags != wire.FlagCommand || !strings.HasPrefix(string(body), "\x04PING\x02\x58") {
			t.Errorf("after %v: frame %x %q", d, flags, body)
		}
		if d := p.WaitClosed(); d != 3*time.Second {
			t.Errorf("disconnected after %v", d)
		}
		w.Settle()
		pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseHeartbeatTimeout: 1})
		pull.WantKinds(session.Listening, session.Accepted, session.Ready, session.Disconnected)
	})
}

// TestAnyInputAnswersHeartbeat: a peer that sends anything within the timeout of a
// PING stays connected.
func TestAnyInputAnswersHeartbeat(t *testing.T) {
	for name, sign := range map[string][]byte{
		"PONG": st.Command("PONG", nil), "PING": st.Ping(0, "x"), "message": st.Message("x"),
		"unknown": st.Command("HELLO?", nil), "part": {wire.FlagMore, 0},
	} {
		t.Run(name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				pull, p := pullWithRawPush(w, st.Heartbeat(time.Second, time.Second, 0))
				for range 100 {
					time.Sleep(900 * time.Millisecond)
					p.MustWrite(sign)
				}
				w.Settle()
				pull.WantCloseReasons(nil)
				if d := p.WaitClosed(); d > 2*time.Second {
					t.Errorf("silent for %v and not disconnected", d)
				}
			})
		})
	}
}

// TestPartsOfLargeMessageAnswerHeartbeat sends one message for a minute
// (https://github.com/zeromq/libzmq/issues/2709).
func TestPartsOfLargeMessageAnswerHeartbeat(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBandwidth(10 << 10) })
		beat := st.Heartbeat(time.Second, time.Second, 0)
		pull, push := w.Socket(pattern.PULL, beat), w.Socket(pattern.PUSH, beat)
		push.MustConnect(pull.MustBind("mem://a"))
		push.MustSend(st.Large(600 << 10))
		pull.WantRecv(st.Large(600 << 10))
		pull.WantCloseReasons(nil)
		push.WantCloseReasons(nil)
	})
}

// TestSilentPeerIsDisconnectedAfterItsTTL: the peer announces in its PING how long it
// may be silent.
func TestSilentPeerIsDisconnectedAfterItsTTL(t *testing.T) {
	for _, ttl := range []uint16{1, 100, 655, 656, 6553, 65535} {
		for _, own := range []time.Duration{0, 3 * time.Hour} {
			st.Run(t, func(w *st.World) {
				_, p := pullWithRawPush(w, st.Heartbeat(own, own, 0))
				p.MustWrite(st.Ping(ttl, "context"))
				if _, pong := p.Frame(); string(pong) != "\x04PONGcontext" {
					t.Errorf("answer %q", pong)
				}
				want := time.Duration(ttl) * 100 * time.Millisecond
				time.Sleep(want - 1)
				p.MustWrite(st.Message("still here"))
				if d := p.WaitClosed(); d != want {
					t.Errorf("TTL %d: disconnected after %v", ttl, d)
				}
			})
		}
	}
}

// TestTTLIsSuspendedWhileReaderWaitsForCapacity: the TTL of the peer does not run
// while the reader waits, and runs again afterwards.
func TestTTLIsSuspendedWhileReaderWaitsForCapacity(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull, p := pullWithRawPush(w, st.HWM(1, 1))
		for _, b := range [][]byte{st.Ping(10, ""), st.Message("1"), st.Message("2"), st.Message("3")} {
			p.MustWrite(b)
			w.Settle()
		}
		time.Sleep(time.Minute)
		for _, want := range []string{"1", "2", "3"} {
			pull.WantRecv(want)
		}
		time.AfterFunc(time.Hour, func() { p.CloseWrite() })
		if d := p.WaitClosed(); d != time.Second {
			t.Errorf("disconnected after %v", d)
		}
	})
}

// TestHeartbeatKeepsPeerThatWaitsForCapacity: one application does not receive for an
// hour. Neither end disconnects, and all queued messages arrive.
func TestHeartbeatKeepsPeerThatWaitsForCapacity(t *testing.T) {
	for _, typ := range [][2]pattern.Type{{pattern.PUSH, pattern.PULL}, {pattern.DEALER, pattern.DEALER}} {
		st.Run(t, func(w *st.World) {
			w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(500); l.Down().SetBuffer(500) })
			beat := st.Heartbeat(time.Second, 2*time.Second, 5*time.Second)
			from, to := w.Socket(typ[0], beat, st.HWM(5, 5)), w.Socket(typ[1], beat, st.HWM(5, 5))
			from.MustConnect(to.MustBind("mem://a"))
			from.WaitPeers(1)
			n := 0
			for range 100 {
				n += from.Fill()
				time.Sleep(time.Minute)
			}
			for range n {
				to.WantRecv("fill")
			}
			from.WantCloseReasons(nil)
			to.WantCloseReasons(nil)
			from.WantDrops(nil)
		})
	}
}

// TestZMTP30PeerGetsNoPing: ZMTP 3.0 has none.
func TestZMTP30PeerGetsNoPing(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL, st.Heartbeat(time.Second, time.Second, 0))
		pull.MustBind("mem://a")
		p := w.Dial("a")
		g := st.Greeting()
		g[11] = 0
		p.MustWrite(g, st.Ready("Socket-Type", "PUSH"))
		p.ReadN(64)
		p.Frame()
		time.Sleep(time.Hour)
		p.MustWrite(st.Message("x"))
		pull.WantRecv("x")
	})
}
