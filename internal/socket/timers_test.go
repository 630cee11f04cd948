package socket_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestTimersAreExact: what a timer causes has not happened one nanosecond before its
// time, and has happened at its time. Each row begins with the start of its timer.
func TestTimersAreExact(t *testing.T) {
	const d = 3 * time.Second
	// connected returns a bound DEALER and its peer after the handshake.
	connected := func(w *st.World, set ...func(*socket.Options)) (*st.Socket, *st.Peer) {
		s := w.Socket(pattern.DEALER, set...)
		s.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("DEALER")
		w.Settle()
		return s, p
	}
	sent := func(w *st.World) int64 { return w.Net.Links()[0].Down().Stats().Accepted }
	closed := func(s *st.Socket, why engine.CloseReason) func() bool {
		return func() bool { return s.Stats().CloseReasons[why] > 0 }
	}
	linger := func(o *socket.Options) { o.Linger = d }
	for name, start := range map[string]func(w *st.World) (after time.Duration, happened func() bool){
		"Heartbeat: a PING to a silent peer": func(w *st.World) (time.Duration, func() bool) {
			connected(w, st.Heartbeat(d, time.Minute, 0))
			before := sent(w)
			return d, func() bool { return sent(w) > before }
		},
		"HeartbeatTimeout: a peer that does not answer the PING": func(w *st.World) (time.Duration, func() bool) {
			s, _ := connected(w, st.Heartbeat(time.Second, d, 0))
			return time.Second + d, closed(s, engine.CloseHeartbeatTimeout)
		},
		"TTL of the peer: a peer that is silent after its PING": func(w *st.World) (time.Duration, func() bool) {
			s, p := connected(w)
			p.MustWrite(st.Ping(uint16(d/(100*time.Millisecond)), ""))
			w.Settle()
			return d, closed(s, engine.CloseHeartbeatTimeout)
		},
		"HandshakeTimeout of an accepted connection": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.DEALER, func(o *socket.Options) { o.HandshakeTimeout = d })
			s.MustBind("mem://a")
			w.Dial("a")
			w.Settle()
			return d, closed(s, engine.CloseHandshakeTimeout)
		},
		"HandshakeTimeout of a connecting socket": func(w *st.World) (time.Duration, func() bool) {
			w.Listen("a")
			s := w.Socket(pattern.DEALER, func(o *socket.Options) { o.HandshakeTimeout = d })
			s.MustConnect("mem://a")
			w.Settle()
			return d, closed(s, engine.CloseHandshakeTimeout)
		},
		"HandshakeTimeout: the context of an Authenticator": func(w *st.World) (time.Duration, func() bool) {
			var ended atomic.Bool
			s := w.Socket(pattern.DEALER, func(o *socket.Options) {
				o.HandshakeTimeout = d
				o.Security.Authenticator = session.NewAuthenticator(1, func(ctx context.Context, _ *session.AuthRequest) (mechanism.Verdict, error) {
					<-ctx.Done()
					ended.Store(true)
					return mechanism.Verdict{}, ctx.Err()
				})
			})
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER"))
			w.Settle()
			return d, ended.Load
		},
		"ConnectTimeout: an attempt that is not answered": func(w *st.World) (time.Duration, func() bool) {
			w.Net.Hang("a", true)
			s := w.Socket(pattern.DEALER, func(o *socket.Options) { o.ConnectTimeout = d })
			s.MustConnect("mem://a")
			w.Settle()
			return d, func() bool { return len(s.EventsOf(session.Retrying)) > 0 }
		},
		"ReconnectInterval: the next attempt after the delay of the event": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.DEALER, st.Reconnect(d, d))
			s.MustConnect("mem://a")
			w.Settle()
			first := s.EventsOf(session.Retrying)
			return first[0].Delay, func() bool { return len(s.EventsOf(session.Retrying)) > 1 }
		},
		"Linger after Disconnect": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.DEALER, linger)
			s.MustConnect("mem://a")
			s.MustSend("x")
			s.Disconnect("mem://a")
			return d, func() bool { return s.Stats().Drops[pipe.DropLinger] > 0 }
		},
		"Linger after Unbind": func(w *st.World) (time.Duration, func() bool) {
			s, _ := connected(w, linger)
			l := w.Net.Links()[0]
			l.Down().Stall()
			l.Down().SetBuffer(1)
			s.MustSend("x")
			w.Settle()
			s.Unbind("mem://a")
			return d, func() bool { return s.Stats().Drops[pipe.DropInFlight] > 0 }
		},
		"Linger of an inproc endpoint without a binder": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.DEALER, linger)
			s.MustConnect("inproc://a")
			s.MustSend("x")
			s.Disconnect("inproc://a")
			return d, func() bool { return s.Stats().Drops[pipe.DropLinger] > 0 }
		},
		"the context of Close": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.DEALER)
			s.MustConnect("mem://a")
			s.MustSend("x")
			var over atomic.Bool
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), d)
				defer cancel()
				s.Close(ctx)
				over.Store(true)
			}()
			w.Settle()
			return d, over.Load
		},
		"30 s for a disconnected peer of a socket without Linger": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.SERVER, func(o *socket.Options) { o.Linger = 0 })
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.Handshake("CLIENT")
			p.MustWrite(st.Message("request"))
			_, from := s.MustRecv()
			l := w.Net.Links()[0]
			l.Down().Stall()
			l.Down().SetBuffer(1)
			if err := s.SendToNumber(context.Background(), from.Number, st.Of("reply")); err != nil {
				w.Fatal(err)
			}
			w.Settle()
			if err := s.DisconnectPeer(from.Number); err != nil {
				w.Fatal(err)
			}
			return 30 * time.Second, func() bool { return s.Stats().Drops[pipe.DropInFlight] > 0 }
		},
		"a second for the peer to close after the last message": func(w *st.World) (time.Duration, func() bool) {
			s, _ := connected(w)
			s.MustSend("x")
			w.Settle()
			s.Unbind("mem://a")
			w.Settle()
			return time.Second, func() bool { return len(s.EventsOf(session.Disconnected)) > 0 }
		},
		"the context of Send": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.DEALER)
			return d, waits(d, func(ctx context.Context) error { return s.Send(ctx, st.Of("x")) })
		},
		"the context of Recv": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.DEALER)
			return d, waits(d, func(ctx context.Context) error {
				var m msg.Msg
				return s.Recv(ctx, &m)
			})
		},
		"the context of Flush": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.DEALER)
			s.MustConnect("mem://a")
			s.MustSend("x")
			return d, waits(d, func(ctx context.Context) error {
				_, _, err := s.Flush(ctx)
				return err
			})
		},
		"the context of WaitConnected": func(w *st.World) (time.Duration, func() bool) {
			s := w.Socket(pattern.DEALER)
			return d, waits(d, func(ctx context.Context) error { return s.WaitConnected(ctx, 1) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				after, happened := start(w)
				time.Sleep(after - 1)
				w.Settle()
				if happened() {
					t.Errorf("it has happened before %v", after)
				}
				time.Sleep(time.Nanosecond)
				w.Settle()
				if !happened() {
					t.Errorf("it has not happened after %v", after)
				}
			})
		})
	}
}

// waits calls f with a context that ends after d, and returns whether f has returned
// the error of the context.
func waits(d time.Duration, f func(ctx context.Context) error) (over func() bool) {
	var returned atomic.Bool
	ctx, cancel := context.WithTimeout(context.Background(), d)
	go func() {
		defer cancel()
		returned.Store(f(ctx) == context.DeadlineExceeded)
	}()
	return returned.Load
}
