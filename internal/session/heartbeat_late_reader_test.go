package session_test

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestHeartbeatCountsUnreadBytes: a receiver that does not run for a while, as a
// stopped process, disconnects no peer whose bytes have arrived meanwhile, neither
// for the TTL of its PINGs nor for a missing PONG. When it runs again it receives
// the bytes.
func TestHeartbeatCountsUnreadBytes(t *testing.T) {
	const second = time.Second
	for name, c := range map[string]struct {
		interval, timeout time.Duration // of the receiver's heartbeat
		ttl               uint16        // of the peer's
	}{
		"TTL":             {ttl: 10},
		"timeout":         {interval: second, timeout: second},
		"TTL and timeout": {interval: second, timeout: second, ttl: 5},
	} {
		for _, large := range []bool{false, true} {
			body := "message"
			if large {
				body = st.Large(200 << 10)
			}
			t.Run(name, func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					var up *memnet.Flow
					w.Net.OnLink(func(l *memnet.Link) { up = l.Up() })
					pull, p := pullWithRawPush(w, st.Heartbeat(c.interval, c.timeout, 0))
					if c.ttl > 0 {
						p.MustWrite(st.Ping(c.ttl, ""))
					}
					// The socket reads 5 bytes of the message, then nothing
					// although the other bytes arrive.
					message := st.Message(body)
					p.MustWrite(message[:5])
					w.Settle()
					up.HoldReads()
					go p.MustWrite(message[5:])
					time.Sleep(3 * time.Second)
					up.ReleaseReads()
					pull.WantRecv(body)
					pull.WantCloseReasons(nil)
				})
			})
		}
	}
}

// TestSilentPeerIsDisconnectedAfterLateReader: after the unread bytes are read, a
// peer that stays silent is disconnected after its TTL.
func TestSilentPeerIsDisconnectedAfterLateReader(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var up *memnet.Flow
		w.Net.OnLink(func(l *memnet.Link) { up = l.Up() })
		pull, p := pullWithRawPush(w, st.Heartbeat(0, 0, 0))
		p.MustWrite(st.Ping(10, ""))
		w.Settle()
		p.Frame() // the PONG
		up.HoldReads()
		p.MustWrite(st.Message("late"))
		time.Sleep(2500 * time.Millisecond)
		up.ReleaseReads()
		pull.WantRecv("late")
		if d := p.WaitClosed(); d != time.Second {
			t.Errorf("disconnected after %v", d)
		}
		w.Settle()
		pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseHeartbeatTimeout: 1})
	})
}
