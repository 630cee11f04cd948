package session_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// flood writes b again and again until the connection fails.
func flood(p *st.Peer, b []byte) {
	for {
		if _, err := p.Write(b); err != nil {
			return
		}
	}
}

// TestPeerWithTooManyCommandsIsReadSlowly: a peer that sends commands without end is
// read a few times a second. Other peers are served at once, and no message of the
// peer is dropped.
func TestPeerWithTooManyCommandsIsReadSlowly(t *testing.T) {
	const seconds = 100
	for name, command := range map[string][]byte{
		"PING": st.Ping(0, ""), "PING with TTL and context": st.Ping(1, "context"), "PONG": st.Command("PONG", nil),
		"unknown": st.Command("X", nil), "no command": {4, 0}, "SUBSCRIBE": st.Command("SUBSCRIBE", []byte("topic")),
	} {
		for _, reads := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					pull, push := w.Socket(pattern.PULL, st.Heartbeat(time.Second, time.Second, 0)), w.Socket(pattern.PUSH)
					push.MustConnect(pull.MustBind("mem://a"))
					push.WaitPeers(1)
					bad := w.Dial("a")
					bad.Handshake("PUSH")
					if reads {
						go io.Copy(io.Discard, bad)
					}
					link := w.Net.Links()[1]
					const piece = 100
					go flood(bad, append(bytes.Repeat(command, piece), st.Message("x")...))
					start := time.Now()
					for range seconds {
						time.Sleep(time.Second)
						if d := st.After(func() {
							push.MustSend("good")
							for {
								if m, _ := pull.MustRecv(); m[0] == "good" {
									break
								}
							}
						}); d != 0 {
							t.Fatalf("the good peer's message took %v", d)
						}
					}
					got := int(link.Up().Stats().Delivered) / len(command)
					if most := seconds*(1000+(16<<10)/len(command)) + (320<<10)/len(command); got > most {
						t.Errorf("%d commands read in %v, at most %d expected", got, time.Since(start), most)
					}
					if n := len(pull.EventsOf(session.Throttled)); n != 1 {
						t.Errorf("%d Throttled events, want 1", n)
					}
					pull.WantCloseReasons(nil)
					pull.WantDrops(map[pipe.Drop]uint64{})
					if d := st.After(func() { pull.CloseIn(0) }); d != 0 {
						t.Errorf("Close took %v", d)
					}
					bad.Close()
				})
			})
		}
	}
}

// TestThrottlingEndsWhenPeerSendsFewerCommands: then the peer is read at full speed
// again.
func TestThrottlingEndsWhenPeerSendsFewerCommands(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("PUSH")
		go io.Copy(io.Discard, p)
		p.MustWrite(bytes.Repeat(st.Ping(0, ""), 100_000), st.Message("first"))
		if d := st.After(func() { pull.WantRecv("first") }); d < 10*time.Second || d > 100*time.Second {
			t.Errorf("the message after 100,000 PINGs took %v", d)
		}
		time.Sleep(2 * time.Second)
		if d := st.After(func() {
			for range 10 {
				p.MustWrite(st.Ping(0, ""), st.Message(st.Large(500<<10)))
				pull.WantRecv(st.Large(500 << 10))
			}
		}); d != 0 {
			t.Errorf("messages took %v afterwards", d)
		}
	})
}

// TestHeartbeatsAndSubscriptionsAreNotThrottled: heartbeats every 2 ms and 50,000
// subscriptions are read at once.
func TestHeartbeatsAndSubscriptionsAreNotThrottled(t *testing.T) {
	t.Run("heartbeats", func(t *testing.T) {
		st.Run(t, func(w *st.World) {
			beat := st.Heartbeat(2*time.Millisecond, time.Second, time.Second)
			pull, push := w.Socket(pattern.PULL, beat), w.Socket(pattern.PUSH, beat)
			push.MustConnect(pull.MustBind("mem://a"))
			push.WaitPeers(1)
			time.Sleep(20 * time.Second)
			if n := len(pull.EventsOf(session.Throttled)) + len(push.EventsOf(session.Throttled)); n > 0 {
				t.Errorf("throttled %d times", n)
			}
		})
	})
	t.Run("subscriptions", func(t *testing.T) {
		st.Run(t, func(w *st.World) {
			pub := w.Socket(pattern.PUB)
			pub.MustBind("mem://a")
			p := w.Dial("a")
			p.Handshake("SUB")
			if d := st.After(func() {
				for i := range 50_000 {
					p.MustWrite(st.Command("SUBSCRIBE", []byte{byte(i), byte(i >> 8)}))
				}
				p.MustWrite(st.Ping(0, "done"))
				for {
					if _, body := p.Frame(); string(body) == "\x04PONGdone" {
						break
					}
				}
			}); d != 0 {
				t.Errorf("subscriptions took %v", d)
			}
			if n := len(pub.EventsOf(session.Throttled)); n > 0 {
				t.Errorf("throttled %d times", n)
			}
		})
	})
}
