package socket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// callFor makes a call with a deadline and returns its error.
func callFor(req *st.Socket, d time.Duration, body string) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	_, err := req.Call(ctx, st.Of(body))
	return err
}

// reqWithPeer returns a REQ that is connected to a raw peer of the given type,
// and the listener of this peer.
func reqWithPeer(w *st.World, typ string, set ...func(*socket.Options)) (server *st.Server, req *st.Socket, p *st.Peer) {
	server = w.Listen("a")
	req = w.Socket(pattern.REQ, set...)
	req.MustConnect("mem://a")
	p = server.Accept()
	p.Handshake(typ)
	req.WaitPeers(1)
	return server, req, p
}

// serve replies to every request with text until the REP is closed.
func serve(rep *st.Socket, text string) {
	go func() {
		for {
			m := st.Of()
			if rep.Recv(context.Background(), &m) != nil || rep.TrySend(st.Of(text)) != nil {
				return
			}
		}
	}()
}

// TestCallCancelledBeforeConnectIsNotSentLater: a call that ended without a
// connected peer leaves no request in a queue. A server that starts later
// receives nothing, and Close does not linger.
func TestCallCancelledBeforeConnectIsNotSentLater(t *testing.T) {
	for _, ep := range []string{"mem://a", "inproc://a"} {
		for _, now := range []bool{false, true} {
			t.Run(fmt.Sprint(ep, " immediate=", now), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					req := w.Socket(pattern.REQ, func(o *socket.Options) { o.Immediate = now })
					req.MustConnect(ep)
					for range 5 {
						if err := callFor(req, time.Second, "cancelled"); !errors.Is(err, context.DeadlineExceeded) {
							t.Fatal(err)
						}
					}
					if s := req.Stats(); s.MsgsSent != 0 || s.QueuedSend != 0 {
						t.Errorf("%d sent, %d queued", s.MsgsSent, s.QueuedSend)
					}
					rep := w.Socket(pattern.REP)
					rep.MustBind(ep)
					req.WaitPeers(1)
					w.Settle()
					rep.WantNone()
					rep.CloseIn(0)
					callFor(req, time.Second, "cancelled")
					if d := st.After(func() { req.CloseIn(30 * time.Second) }); d != 0 {
						t.Errorf("Close took %v", d)
					}
				})
			})
		}
	}
}

// TestCancelledCallIsRemovedFromQueue: one request blocks the connection.
// Requests queued after it are removed when their contexts end, in any order
// and of any size. The others arrive whole.
func TestCancelledCallIsRemovedFromQueue(t *testing.T) {
	for _, large := range []bool{false, true} {
		t.Run(fmt.Sprint("large=", large), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				body := func(i int) string {
					if large {
						return fmt.Sprint(i, st.Large(20000))
					}
					return fmt.Sprint(i)
				}
				w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(1000) })
				_, req, p := reqWithPeer(w, "REP")
				const n = 10
				first := make(chan error, 1)
				go func() { first <- callFor(req, time.Hour, st.Large(5000)) }() // fills the send buffer
				w.Settle()
				results := make(chan error, n)
				for i := range n {
					d := time.Duration(n-i) * time.Second
					if i%2 == 0 {
						d = time.Hour
					}
					go func() { results <- callFor(req, d, body(i)) }()
					w.Settle()
				}
				time.Sleep(time.Minute)
				if s := req.Stats(); s.MsgsSent != 1+n/2 {
					t.Errorf("%d requests counted as sent", s.MsgsSent)
				}
				p.Message()
				for i := 0; i < n; i += 2 {
					m := p.Message()
					if len(m) != 3 || m[2] != body(i) {
						t.Fatalf("request %.20q, want %.20q", m, body(i))
					}
					p.MustWrite(st.Message(m[0], "", "reply"))
				}
				for range n {
					if err := <-results; err != nil && !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
				}
				req.WantDrops(map[pipe.Drop]uint64{})
			})
		})
	}
}

// TestAbandonedCallIsSentOnlyIfItsWriteHasBegun: the peer reads one request and no
// more, so the flusher blocks with all later requests taken. When the contexts of
// all calls have ended, only the rest of one request, and of a PING, is written.
func TestAbandonedCallIsSentOnlyIfItsWriteHasBegun(t *testing.T) {
	for _, hello := range []string{"", "\x01\x00"} { // the peer's of ZMTP 3.1, of 1.0
		for _, size := range []int{10, 7000, 100_000} {
			for _, buffer := range []int{8, 30_000} {
				for _, ping := range []bool{false, true} {
					name := fmt.Sprintf("hello=%q size=%d buffer=%d ping=%v", hello, size, buffer, ping)
					t.Run(name, func(t *testing.T) {
						st.Run(t, func(w *st.World) { testAbandonedCalls(t, w, hello, size, buffer, ping) })
					})
				}
			}
		}
	}
}

func testAbandonedCalls(t *testing.T, w *st.World, hello string, size, buffer int, ping bool) {
	const n, large, overhead = 20, 60_000, 40
	w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(buffer) })
	server := w.Listen("a")
	req := w.Socket(pattern.REQ, func(o *socket.Options) {
		if ping {
			st.Heartbeat(30*time.Second, time.Hour, 0)(o)
		}
	})
	req.MustConnect("mem://a")
	p := server.Accept()
	if hello == "" {
		p.Handshake("REP")
	} else {
		go p.MustWrite([]byte(hello))
		p.ReadN(10) // the signature
	}
	req.WaitPeers(1)
	results := make(chan error, n+1)
	call := func(d time.Duration, body string) {
		go func() { results <- callFor(req, d, body) }()
		w.Settle()
	}
	call(50*time.Second, st.Large(large)) // blocks while the others are queued
	for i := range n {
		call(time.Duration(40+i%7)*time.Second, fmt.Sprintf("%03d", i)+st.Large(size))
	}
	time.Sleep(35 * time.Second) // until a PING is queued too
	p.ReadN(large)
	for range n + 1 {
		if err := <-results; !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	up := w.Net.Links()[0].Up()
	begun := up.Stats().Accepted
	go io.Copy(io.Discard, p)
	w.Settle()
	most := int64(size + overhead)
	if ping {
		most += overhead
	}
	if late := up.Stats().Accepted - begun; late > most {
		t.Errorf("%d bytes were written after all contexts had ended, want at most %d", late, most)
	}
	s := req.Stats()
	if s.MsgsWritten != s.MsgsSent || s.QueuedSend != 0 || s.MsgsSent > uint64(1+buffer/size+2) {
		t.Errorf("%d sent, %d written, %d queued", s.MsgsSent, s.MsgsWritten, s.QueuedSend)
	}
	req.WantDrops(map[pipe.Drop]uint64{})
}

// TestLostConnectionDropsOrRequeuesRequests: a queued request goes to the next
// connection. A request that was in flight when its context ended is dropped
// and counted. A request that was written, in whole or in part, fails with
// ErrPeerLost.
func TestLostConnectionDropsOrRequeuesRequests(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(100) })
		server, req, p := reqWithPeer(w, "REP")
		begin := func(d time.Duration, body string) chan error {
			done := make(chan error, 1)
			go func() { done <- callFor(req, d, body) }()
			w.Settle()
			return done
		}
		written := begin(time.Hour, "written")
		p.Message()
		cut := begin(time.Hour, st.Large(5000)) // fills the send buffer
		p.ReadN(1)
		queued := begin(time.Hour, "queued")
		cancelled := begin(time.Second, "cancelled")
		if err := <-cancelled; !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		p.Close()
		for _, done := range []chan error{written, cut} {
			if err := <-done; err != pattern.ErrPeerLost {
				t.Error(err)
			}
		}
		p = server.Accept()
		p.Handshake("REP")
		m := p.Message()
		if m[2] != "queued" {
			t.Fatalf("the next connection received %.20q", m)
		}
		p.MustWrite(st.Message(m[0], "", "reply"))
		if err := <-queued; err != nil {
			t.Error(err)
		}
		req.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1})
		if s := req.Stats(); s.MsgsSent != 3 {
			t.Errorf("%d requests counted as sent", s.MsgsSent)
		}
	})
}

// TestCallToSilentPeerEndsWithContextOrHeartbeat: a call to a peer that does
// not reply ends with its context. It ends earlier only if a heartbeat times
// out after the peer has read the request. A peer that answers PINGs is alive,
// and a peer that has read nothing may be slow.
func TestCallToSilentPeerEndsWithContextOrHeartbeat(t *testing.T) {
	for _, c := range []struct {
		name  string
		beats time.Duration
		pongs int // how many PINGs the peer answers
		err   error
		after time.Duration
	}{
		{"no heartbeats", 0, 0, context.DeadlineExceeded, time.Hour},
		{"silent before it reads the request", 10 * time.Second, 0, context.DeadlineExceeded, time.Hour},
		{"silent after it has read the request", 10 * time.Second, 1, pattern.ErrPeerLost, 30 * time.Second},
		{"alive", 10 * time.Second, 1000, context.DeadlineExceeded, time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				_, req, p := reqWithPeer(w, "REP", st.Heartbeat(c.beats, c.beats, 0))
				go func() {
					for pongs := 0; pongs < c.pongs; {
						_, body, err := p.TryFrame()
						if err != nil {
							return
						}
						if ping, ok := bytes.CutPrefix(body, []byte("\x04PING")); ok {
							p.MustWrite(st.Command("PONG", ping[2:])) // the context of the PING, after its TTL
							pongs++
						}
					}
				}()
				var err error
				d := st.After(func() { err = callFor(req, time.Hour, "request") })
				if err != c.err || d != c.after {
					t.Errorf("%v after %v, want %v after %v", err, d, c.err, c.after)
				}
			})
		})
	}
}

// TestCallsGoToConnectedPeers: a call is never assigned to an endpoint without
// a connected peer, whether its connection was never made or was lost.
func TestCallsGoToConnectedPeers(t *testing.T) {
	for _, scheme := range []string{"mem://", "inproc://"} {
		t.Run(scheme, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				one, two := w.Socket(pattern.REP), w.Socket(pattern.REP)
				serve(one, "one")
				serve(two, "two")
				req := w.Socket(pattern.REQ)
				req.MustConnect(one.MustBind(scheme + "one"))
				req.MustConnect(scheme + "unbound")
				req.MustConnect(two.MustBind(scheme + "two"))
				req.WaitPeers(2)
				answers := map[string]int{}
				for range 12 {
					m, err := req.Call(context.Background(), st.Of("x"))
					if err != nil {
						t.Fatal(err)
					}
					answers[string(m.First)]++
				}
				if answers["one"] != 6 || answers["two"] != 6 {
					t.Errorf("answers: %v", answers)
				}
				two.CloseIn(0)
				w.Settle()
				for range 12 {
					if err := callFor(req, time.Second, "x"); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// TestCallsPreferRespondingPeers: while another peer replies, a connected peer
// that does not reply receives ever fewer calls. After one reply it receives
// its full share again. If it is the only peer, it receives every call.
func TestCallsPreferRespondingPeers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		server := w.Listen("silent")
		req := w.Socket(pattern.REQ)
		req.MustConnect("mem://silent")
		p := server.Accept()
		p.Handshake("REP")
		req.WaitPeers(1)
		for range 3 {
			if err := callFor(req, time.Second, "alone"); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			p.Message()
		}
		good := w.Socket(pattern.REP)
		serve(good, "good")
		req.MustConnect(good.MustBind("mem://good"))
		req.WaitPeers(2)
		failed := 0
		for range 400 {
			if callFor(req, time.Second, "x") != nil {
				failed++
			}
		}
		if failed == 0 || failed > 8 {
			t.Errorf("%d of 400 calls waited for the silent peer", failed)
		}
		var m []string
		for range failed {
			m = p.Message()
		}
		p.MustWrite(st.Message(m[0], "", "late"))
		w.Settle()
		asked := make(chan string, 10)
		go func() {
			for range 5 {
				m := p.Message()
				p.MustWrite(st.Message(m[0], "", "answer"))
				asked <- m[2]
			}
		}()
		for range 10 {
			if err := callFor(req, time.Second, "again"); err != nil {
				t.Error(err)
			}
		}
		if len(asked) != 5 {
			t.Errorf("%d of 10 calls went to the peer that replies again, want 5", len(asked))
		}
	})
}

// TestCloseRemovesRequestsOfBlockedCalls: Close removes the requests of waiting
// calls from the queue. So it does not linger for a peer that reads nothing.
func TestCloseRemovesRequestsOfBlockedCalls(t *testing.T) {
	st.Run(t, func(w *st.World) {
		server := w.Listen("a")
		req := w.Socket(pattern.REQ)
		req.MustConnect("mem://a")
		done := make(chan error, 2)
		go func() { done <- callFor(req, time.Hour, "one") }()
		w.Settle()
		server.Accept()
		go func() { done <- callFor(req, time.Hour, "two") }()
		w.Settle()
		if d := st.After(func() { req.CloseIn(30 * time.Second) }); d != 0 {
			t.Errorf("Close took %v", d)
		}
		for range 2 {
			if err := <-done; err != socket.ErrClosed {
				t.Error(err)
			}
		}
	})
}
