package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/internal/wire"
)

// runBoth calls f with the raw peer and the pipe of an accepted connection and of a
// dialed one.
func runBoth(t *testing.T, shake func(*st.Peer), f func(t *testing.T, h *host, p *st.Peer, q *pipe.Pipe), set ...func(*session.Config)) {
	t.Helper()
	for _, side := range []string{"accepted", "dialed"} {
		t.Run(side, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				var p *st.Peer
				if side == "dialed" {
					s := w.Listen("a")
					h.dial()
					p = s.Accept()
					s.Close() // so that the dialer has no other connection
				} else {
					h.listen()
					p = w.Dial("a")
				}
				shake(p)
				w.Settle()
				f(t, h, p, h.lastPipe())
			}, set...)
		})
	}
}

func shake31(p *st.Peer) { p.Handshake("DEALER") }

// shake20 completes a handshake of ZMTP 2.0. https://rfc.zeromq.org/spec/15/
func shake20(p *st.Peer) {
	go p.MustWrite([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x05\x00\x00"))
	p.ReadN(14)
}

// TestProbeReportsAnswer: a probe is answered by the PONG to its PING, by the end
// of the connection, or at once without a connection and without PINGs.
func TestProbeReportsAnswer(t *testing.T) {
	probe := func(q *pipe.Pipe) (answers chan bool) {
		answers = make(chan bool, 1)
		q.Sub.Probe(func(ok bool) { answers <- ok })
		return answers
	}
	want := func(h *host, answers chan bool, want string) {
		h.w.Helper()
		h.w.Settle()
		got := "none"
		select {
		case ok := <-answers:
			got = fmt.Sprint(ok)
		default:
		}
		if got != want {
			h.w.Errorf("answer %s, want %s", got, want)
		}
	}
	t.Run("PONG", func(t *testing.T) {
		runBoth(t, shake31, func(t *testing.T, h *host, p *st.Peer, q *pipe.Pipe) {
			first, second := probe(q), probe(q)
			want(h, first, "none")
			for range 2 {
				if _, body := p.Frame(); !strings.HasPrefix(string(body), "\x04PING") {
					t.Errorf("received %q", body)
				}
			}
			p.MustWrite(st.Command("PONG", nil))
			want(h, first, "true")
			want(h, second, "none")
			p.MustWrite(st.Command("PONG", nil))
			want(h, second, "true")
		})
	})
	t.Run("end", func(t *testing.T) {
		runBoth(t, shake31, func(t *testing.T, h *host, p *st.Peer, q *pipe.Pipe) {
			answers := probe(q)
			p.Close()
			want(h, answers, "false")
			want(h, probe(q), "false")
		})
	})
	t.Run("ZMTP 2.0", func(t *testing.T) {
		runBoth(t, shake20, func(t *testing.T, h *host, p *st.Peer, q *pipe.Pipe) {
			want(h, probe(q), "true")
		})
	})
}

// TestSubscriptionsThatPeerDoesNotReadAreBounded: changes that later ones undo are
// not kept. The peer gets the same set in the end.
func TestSubscriptionsThatPeerDoesNotReadAreBounded(t *testing.T) {
	runBoth(t, shake31, func(t *testing.T, h *host, p *st.Peer, q *pipe.Pipe) {
		const changes, most = 20_000, 4096
		link := h.w.Net.Links()[0]
		link.Up().SetBuffer(1)
		link.Down().SetBuffer(1)
		rng := rand.New(rand.NewPCG(1, 2))
		topics := make(map[string]bool)
		for range changes {
			topic := fmt.Sprint(rng.IntN(100))
			if topics[topic] {
				delete(topics, topic)
			} else {
				topics[topic] = true
			}
			q.Sub.Subscribe(topic, topics[topic])
		}
		h.send(q, "last")
		got := make(map[string]bool)
		n := 0
		for ; ; n++ {
			flags, body := p.Frame()
			if flags&wire.FlagCommand == 0 {
				break
			}
			topic, on := strings.CutPrefix(string(body), "\x09SUBSCRIBE")
			topic, off := strings.CutPrefix(topic, "\x06CANCEL")
			if on == off || got[topic] == on {
				t.Fatalf("received %q, and the topic was subscribed: %v", body, got[topic])
			}
			if got[topic] = on; off {
				delete(got, topic)
			}
		}
		if n > most {
			t.Errorf("the peer gets %d changes of %d, want at most %d", n, changes, most)
		}
		if fmt.Sprint(got) != fmt.Sprint(topics) {
			t.Errorf("the peer has %d topics, want %d", len(got), len(topics))
		}
	})
}

// TestRefusedConnectionIsClosed: of a peer that was admitted before.
func TestRefusedConnectionIsClosed(t *testing.T) {
	runBoth(t, shake31, func(t *testing.T, h *host, p *st.Peer, q *pipe.Pipe) {
		q.To.Refuse(&engine.Error{Reason: engine.CloseRevoked})
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("closed after %v", d)
		}
		i := slices.IndexFunc(h.past(), func(ev session.Event) bool { return ev.Kind == session.Disconnected })
		if i < 0 || h.past()[i].Reason != engine.CloseRevoked {
			t.Errorf("events %+v", h.past())
		}
		q.To.Refuse(net.ErrClosed) // the connection has ended
	})
}

// TestConnectionResumesReadingWhenQueueHasCapacity: the queue takes two messages.
func TestConnectionResumesReadingWhenQueueHasCapacity(t *testing.T) {
	runBoth(t, shake31, func(t *testing.T, h *host, p *st.Peer, q *pipe.Pipe) {
		var want, got []string
		for i := range 10 {
			want = append(want, fmt.Sprint(i))
			p.MustWrite(st.Message(fmt.Sprint(i)))
			h.w.Settle()
		}
		for range want {
			got = append(got, receive(q)...)
			h.w.Settle()
		}
		if !slices.Equal(got, want) {
			t.Errorf("received %q", got)
		}
	})
}

// acceptedConn are the methods of one accepted connection.
type acceptedConn interface {
	Finish()
	Abort()
	Wait(context.Context)
	Ended() bool
	LossStats() (lost int, unconfirmed bool)
	PeerDisconnected() bool
}

// TestAcceptedConnectionReportsLoss: its peer takes one message of several, and a
// part of the next.
func TestAcceptedConnectionReportsLoss(t *testing.T) {
	const queued = 5
	for _, tt := range []struct {
		name  string
		end   func(acceptedConn)
		reads bool
		lost  int
		drop  pipe.Drop
	}{
		{"aborted", func(c acceptedConn) { c.Finish(); c.Abort(); c.Wait(context.Background()) }, false, queued - 1, pipe.DropLinger},
		{"context ended", func(c acceptedConn) { c.Finish(); c.Wait(st.Ended()) }, false, queued - 1, pipe.DropLinger},
		{"written", func(c acceptedConn) { c.Finish(); c.Wait(context.Background()) }, true, 0, pipe.DropLinger},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.listen()
				p, q := h.accept()
				w.Net.Links()[0].Down().SetBuffer(100)
				for range queued {
					h.send(q, st.Large(80))
					w.Settle()
				}
				c := q.To.(acceptedConn)
				if n := h.unsent(q); n != queued-1 {
					t.Errorf("%d messages are unsent", n)
				}
				if tt.reads {
					go func() {
						p.WaitClosed()
						p.Close()
					}()
				}
				tt.end(c)
				if !c.Ended() {
					t.Error("not ended")
				}
				if lost, _ := c.LossStats(); lost != tt.lost {
					t.Errorf("lost %d messages, want %d", lost, tt.lost)
				}
				if n := int(h.drops[pipe.DropLinger].Load() + h.drops[pipe.DropInFlight].Load()); n != tt.lost {
					t.Errorf("%d messages dropped, want %d", n, tt.lost)
				}
				c.Wait(context.Background()) // returns at once
				c.Abort()
			})
		})
	}
}

// TestPeerDisconnectedDetectsClosedPeer: also if the reader waits for capacity in
// the queue. A peer that seems to be connected gets a PING.
func TestPeerDisconnectedDetectsClosedPeer(t *testing.T) {
	for _, tt := range []struct {
		name   string
		unread int
		end    func(p *st.Peer)
		want   bool
		ping   bool
	}{
		{"connected", 0, func(*st.Peer) {}, false, true},
		{"connected, and reading paused", 5, func(*st.Peer) {}, false, false},
		{"closed", 0, func(p *st.Peer) { p.Close() }, true, false},
		{"closed, and reading paused", 5, func(p *st.Peer) { p.CloseWrite() }, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.listen()
				p, q := h.accept()
				for range tt.unread {
					p.MustWrite(st.Message("x"))
					w.Settle()
				}
				tt.end(p)
				w.Settle()
				if got := q.To.(acceptedConn).PeerDisconnected(); got != tt.want {
					t.Errorf("PeerDisconnected is %v", got)
				}
				w.Settle()
				if sent := w.Net.Links()[0].Down().Stats().Pending; tt.ping != (sent > 0) {
					t.Errorf("%d bytes sent", sent)
				}
			})
		})
	}
}

// TestListenerDescribesPeers: those whose handshake is complete.
func TestListenerDescribesPeers(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		h.accept()
		p, _ := h.accept()
		w.Dial("a").MustWrite(st.Greeting())
		w.Settle()
		if s := l.Status(); s.State != endpoint.Listening || s.Peers != 2 || l.Endpoint() != "mem://a" {
			t.Errorf("%s: %+v", l.Endpoint(), s)
		}
		p.Close()
		w.Settle()
		if s := l.Status(); s.Peers != 1 {
			t.Errorf("status %+v", s)
		}
		if _, err := session.Listen(h.next, w.Transport, "mem://", "a"); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("second listener: %v", err)
		}
	})
}

// TestHostThatDoesNotAttachPipe: the peer gets the reason, unless the host is
// closing.
func TestHostThatDoesNotAttachPipe(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		kind session.Kind
	}{
		{"refused", errors.New("unwanted"), session.PeerRefused},
		{"closing", session.ErrClosed, session.HandshakeFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, listen := range []bool{true, false} {
				runHost(t, func(w *st.World, h *host) {
					h.attachErr = tt.err
					var p *st.Peer
					if listen {
						h.listen()
						p = w.Dial("a")
						p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER", "X-On-Error", "retry"))
						p.ReadN(64)
					} else {
						s := w.Listen("a")
						h.dial()
						p = s.Accept()
						s.Close()
						p.Handshake("DEALER", "X-On-Error", "retry")
					}
					if tt.kind == session.PeerRefused {
						wantError(t, p, "not-admitted:unwanted")
					}
					if _, body, err := p.TryFrame(); err == nil {
						t.Errorf("received %q", body)
					}
					p.Close()
					w.Settle()
					i := slices.IndexFunc(h.past(), func(ev session.Event) bool { return ev.Kind == tt.kind })
					if i < 0 || !errors.Is(h.past()[i].Err, tt.err) && !errors.Is(h.past()[i].Err, net.ErrClosed) {
						t.Errorf("events %+v", h.past())
					}
				}, func(c *session.Config) { c.Immediate = true })
			}
		})
	}
	t.Run("without Immediate", func(t *testing.T) {
		runHost(t, func(w *st.World, h *host) {
			h.attachErr = errors.New("unwanted")
			if _, err := session.Dial(h.next, w.Transport, "mem://a", "a", ""); err != h.attachErr {
				t.Errorf("dial: %v", err)
			}
		})
	})
}

// TestFinishWithinAdmission: the listener is finished by the call in which the host
// admits a peer.
func TestFinishWithinAdmission(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		h.onConnected = func(*pipe.Pipe) { l.Finish() }
		p, _ := h.accept()
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("closed after %v", d)
		}
		if d := waitTime(l); d != 0 {
			t.Errorf("ended after %v", d)
		}
	})
}

// TestPeerThatClosesWithinAdmission: READY cannot be written. Messages that have
// arrived are received.
func TestPeerThatClosesWithinAdmission(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		h.onConnected = func(*pipe.Pipe) { w.Net.Links()[0].Cut(memnet.FIN) }
		p := w.Dial("a")
		p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER"), st.Message("x"))
		w.Settle()
		if got := receive(h.lastPipe()); !slices.Equal(got, []string{"x"}) {
			t.Errorf("received %q", got)
		}
		if ev := h.lastEvent(); ev.Kind != session.Disconnected {
			t.Errorf("the end is reported as %+v", ev)
		}
	})
}

// TestHalfClosedConnectionIsClosedForAnother: the one that has been half-closed for
// longest, when a limit of the socket or of the process is reached.
func TestHalfClosedConnectionIsClosedForAnother(t *testing.T) {
	for name, limit := range map[string]func(f *failing, c *session.Config){
		"MaxConnections": func(_ *failing, c *session.Config) { c.MaxConnections = 2 },
		"descriptors":    func(f *failing, _ *session.Config) { f.times = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				f := &failing{Transport: w.Net}
				w.Transport = f
				h.listen()
				var peers []*st.Peer
				for range 2 {
					p := w.Dial("a")
					p.CloseWrite()
					w.Settle()
					peers = append(peers, p)
				}
				limit(f, &h.cfg)
				w.Dial("a")
				w.Settle()
				if d := peers[0].WaitClosed(); d != 0 {
					t.Errorf("closed after %v", d)
				}
				h.send(h.pipes[1], "reply")
				if got := string(peers[1].ReadN(5)); got != "reply" {
					t.Errorf("received %q", got)
				}
				if slices.Contains(h.kinds(), session.AcceptFailed) {
					t.Errorf("events %v", h.kinds())
				}
			}, raw)
		})
	}
}

// TestListenerFinishEndsWaits: for the unread messages of disconnected peers, and
// for a pending connection.
func TestListenerFinishEndsWaits(t *testing.T) {
	for name, limit := range map[string]func(h *host){
		"unread messages":     func(h *host) { h.unreadLimit = true },
		"pending connections": func(h *host) { h.cfg.MaxPending = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				limit(h)
				l := h.listen()
				for range 3 {
					w.Dial("a")
				}
				w.Settle()
				l.Finish()
				if d := waitTime(l); d != 0 {
					t.Errorf("ended after %v", d)
				}
				h.wantCalls()
			})
		})
	}
}

// TestDialedStreamWritesQueueToHalfClosedPeer: then it connects again.
func TestDialedStreamWritesQueueToHalfClosedPeer(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(10) })
		s := w.Listen("a")
		d := h.dial()
		p := s.Accept()
		w.Settle()
		for range 10 {
			h.send(d.Pipe(), st.Large(10))
		}
		p.CloseWrite()
		w.Settle()
		if got := string(p.ReadN(100)); got != st.Large(100) {
			t.Errorf("received %q", got)
		}
		p.WaitClosed()
		s.Accept()
	}, raw)
}

// TestStreamKeepsMessagesThatAreNotBegun: a connection is cut after some bytes of
// "aaaabbbbcccc". A message of which a part was written is dropped.
func TestStreamKeepsMessagesThatAreNotBegun(t *testing.T) {
	for n := range 12 {
		runHost(t, func(w *st.World, h *host) {
			links := 0
			w.Net.OnLink(func(l *memnet.Link) {
				if links++; links == 1 {
					l.Up().CutAfterWrite(int64(n), memnet.RST)
				}
			})
			s := w.Listen("a")
			d := h.dial()
			for _, body := range []string{"aaaa", "bbbb", "cccc"} {
				h.send(d.Pipe(), body)
			}
			s.Accept()
			p := s.Accept()
			begun := (n + 3) / 4
			want := "aaaabbbbcccc"[4*begun:]
			w.Settle()
			if got := string(p.ReadN(len(want))); got != want {
				t.Errorf("cut after %d bytes: received %q, want %q", n, got, want)
			}
			if n%4 != 0 {
				h.wantDrops(pipe.DropInFlight, 1)
			}
			if n := h.unsent(d.Pipe()); n != 0 {
				t.Errorf("%d messages pending", n)
			}
		}, raw)
	}
}

// TestKindsHaveNames: for counters and logs.
func TestKindsHaveNames(t *testing.T) {
	seen := make(map[string]bool)
	for k := session.Listening; k < session.NumKinds; k++ {
		name := k.String()
		if seen[name] || name == "unknown" || name == "" || strings.ReplaceAll(name, "_", " ") != k.Words() {
			t.Errorf("kind %d is %q, in words %q", k, name, k.Words())
		}
		seen[name] = true
	}
	for _, k := range []session.Kind{0, session.NumKinds} {
		if k.String() != "unknown" {
			t.Errorf("kind %d is %q", k, k)
		}
	}
}
