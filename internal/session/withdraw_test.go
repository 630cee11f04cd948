package session_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// lockstep makes the host a REQ or REP, which may withdraw requests.
func lockstep(c *session.Config) { c.Lockstep = true }

// withdraw removes the messages whose first frames are names from the queue, and
// returns those that it has removed.
func (h *host) withdraw(p *pipe.Pipe, names ...string) (removed []string) {
	h.sendMu.Lock()
	defer h.sendMu.Unlock()
	for _, m := range p.Out.Withdraw(math.MaxInt, func(first []byte) bool { return slices.Contains(names, string(first)) }) {
		removed = append(removed, string(m.First))
	}
	return removed
}

// requestPeer is a raw peer that receives requests in one form of the protocol.
type requestPeer struct {
	form  string
	set   func(*session.Config)
	shake func(p *st.Peer)
	next  func(p *st.Peer) (first string, more bool, err error) // one frame
}

func requestPeers() []requestPeer {
	frame := func(p *st.Peer) (string, bool, error) {
		flags, body, err := p.TryFrame()
		if err == nil {
			flags, body = p.Open(flags, body)
		}
		return string(body), flags&msg.FlagMore != 0, err
	}
	return []requestPeer{{
		form:  "unchanged",
		set:   func(*session.Config) {},
		shake: func(p *st.Peer) { p.Handshake("DEALER") },
		next:  frame,
	}, {
		form:  "encrypted",
		set:   curveClient,
		shake: func(p *st.Peer) { p.HandshakeWith(st.Curve(nil, nil).Server, "DEALER") },
		next:  frame,
	}, {
		// The length of a frame of ZMTP 1.0 includes the flags, which follow it.
		// https://rfc.zeromq.org/spec/13/
		form: "ZMTP 1.0",
		set:  func(*session.Config) {},
		shake: func(p *st.Peer) {
			go p.MustWrite([]byte{1, 0})
			p.ReadN(10) // the empty routing ID
		},
		next: func(p *st.Peer) (string, bool, error) {
			var h [1]byte
			if _, err := p.Read(h[:]); err != nil {
				return "", false, err
			}
			b := p.ReadN(int(h[0]))
			return string(b[1:]), b[0] != 0, nil
		},
	}}
}

// names reads messages until the connection has no more, and returns their first
// frames.
func (r requestPeer) names(h *host, p *st.Peer) (list []string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for first := true; ; {
			name, more, err := r.next(p)
			if err != nil {
				return
			}
			if first {
				list = append(list, name)
			}
			first = !more
		}
	}()
	h.w.Settle()
	p.Close()
	<-done
	return list
}

// TestWithdrawnRequestsAreNotWritten: requests are queued as one batch, and the
// peer does not read, so that a write blocks. From then on a request can be
// withdrawn unless its write has begun. The others arrive whole and in order.
func TestWithdrawnRequestsAreNotWritten(t *testing.T) {
	for _, tt := range []struct {
		name     string
		read     int // requests that the peer reads before the others are withdrawn
		withdraw string
		removed  string
		want     string // after those that the peer has read
	}{
		{"none", 0, "", "", "a b c d e late"},
		{"begun", 0, "a", "", "a b c d e late"},
		{"all", 0, "a b c d e late", "b c d e late", "a"},
		{"next and last", 0, "b late", "b late", "a c d e"},
		{"every other", 0, "b d", "b d", "a c e late"},
		{"after others are written", 2, "a b c e", "e", "c d late"},
		{"last of the batch", 4, "a b c d e", "", "e late"},
	} {
		for _, peer := range requestPeers() {
			for size, name := range map[int]string{150: "small", 20_000: "large"} {
				if size > 200 && peer.form == "ZMTP 1.0" {
					continue // the peer reads short frames only
				}
				t.Run(strings.Join([]string{tt.name, peer.form, name}, "/"), func(t *testing.T) {
					runHost(t, func(w *st.World, h *host) {
						w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(100) })
						s := w.Listen("a")
						d := h.dial()
						for _, name := range strings.Fields("a b c d e") {
							h.send(d.Pipe(), name, st.Large(size))
						}
						p := s.Accept()
						peer.shake(p)
						w.Settle()
						h.send(d.Pipe(), "late", st.Large(size))
						for range 2 * tt.read {
							if _, _, err := peer.next(p); err != nil {
								t.Fatal(err)
							}
						}
						w.Settle()
						pending := h.unsent(d.Pipe())
						removed := h.withdraw(d.Pipe(), strings.Fields(tt.withdraw)...)
						if want := strings.Fields(tt.removed); !slices.Equal(removed, want) {
							t.Errorf("withdrawn %q, want %q", removed, want)
						}
						if n := h.unsent(d.Pipe()); n != pending-len(removed) {
							t.Errorf("%d requests are pending after %d, of which %d were withdrawn", n, pending, len(removed))
						}
						if got, want := peer.names(h, p), strings.Fields(tt.want); !slices.Equal(got, want) {
							t.Errorf("received %q, want %q", got, want)
						}
						if n := h.unsent(d.Pipe()); n != 0 {
							t.Errorf("%d requests pending", n)
						}
						h.wantDrops(pipe.DropInFlight, 0)
					}, lockstep, peer.set)
				})
			}
		}
	}
}

// TestRequestsCanBeWithdrawnWhileCommandIsWritten: no request has begun, so all of
// them can be.
func TestRequestsCanBeWithdrawnWhileCommandIsWritten(t *testing.T) {
	for _, peer := range requestPeers()[:2] {
		t.Run(peer.form, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(100) })
				h.onConnected = func(p *pipe.Pipe) { p.Sub.Subscribe(st.Large(1000), true) }
				s := w.Listen("a")
				d := h.dial()
				h.send(d.Pipe(), "a", "x")
				h.send(d.Pipe(), "b", "x")
				p := s.Accept()
				peer.shake(p)
				w.Settle()
				if got := h.withdraw(d.Pipe(), "a"); !slices.Equal(got, []string{"a"}) {
					t.Errorf("withdrawn %q", got)
				}
				if got := peer.names(h, p); len(got) != 2 || !strings.HasPrefix(got[0], "\x09SUBSCRIBE") || got[1] != "b" {
					t.Errorf("received %.20q", got)
				}
			}, lockstep, peer.set)
		})
	}
}

// TestWithdrawnRequestsAreNotSentAgain: the connection is lost within a write. The
// request that was written in part is dropped, the others are written to the next
// connection, except the withdrawn ones.
func TestWithdrawnRequestsAreNotSentAgain(t *testing.T) {
	for _, peer := range requestPeers() {
		t.Run(peer.form, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(100) })
				s := w.Listen("a")
				d := h.dial()
				for _, name := range strings.Fields("a b c d") {
					h.send(d.Pipe(), name, st.Large(150))
				}
				p := s.Accept()
				peer.shake(p)
				w.Settle()
				if got := h.withdraw(d.Pipe(), "a", "c"); !slices.Equal(got, []string{"c"}) {
					t.Errorf("withdrawn %q", got)
				}
				w.Net.Links()[0].Cut(memnet.RST)
				p = s.Accept()
				peer.shake(p)
				if got := peer.names(h, p); !slices.Equal(got, []string{"b", "d"}) {
					t.Errorf("received %q", got)
				}
				h.wantDrops(pipe.DropInFlight, 1)
				if n := h.unsent(d.Pipe()); n != 0 {
					t.Errorf("%d requests pending", n)
				}
			}, lockstep, peer.set)
		})
	}
}
