package session_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// check is a function of an authenticator.
type check = func(context.Context, *session.AuthRequest) (mechanism.Verdict, error)

// authenticates gives the host an authenticator and a mechanism that waits for it.
func authenticates(concurrent int, f check) func(*session.Config) {
	return func(c *session.Config) {
		c.Engine.NewMechanism = func(md []byte) mechanism.Mechanism { return mechanism.NewCheckedNull(md) }
		c.Authenticator = session.NewAuthenticator(concurrent, f)
	}
}

var errDenied = errors.New("not on the list")

// A peer becomes a peer of the socket only after the authenticator has accepted
// it. The user ID and the properties that it returns describe the peer.
func TestAcceptedPeerHasIdentityFromAuthenticator(t *testing.T) {
	accept := func(_ context.Context, r *session.AuthRequest) (mechanism.Verdict, error) {
		if r.Mechanism != "NULL" || r.Endpoint != "mem://a" || r.Remote == nil {
			t.Errorf("request %+v", r)
		}
		time.Sleep(time.Second)
		md := wire.AppendProperty(nil, "Role", "writer")
		return mechanism.Verdict{Status: mechanism.StatusAccepted, UserID: "alice", Metadata: md}, nil
	}
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p := w.Dial("a")
		p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER", "Role", "reader"), st.Message("early"))
		w.Settle()
		h.wantCalls() // no pipe
		time.Sleep(time.Second)
		w.Settle()
		h.wantCalls("Attach", "Connected")
		peer := h.lastEvent().Peer
		if h.lastEvent().Kind != session.Ready || peer.UserID != "alice" || peer.AuthProperties["role"] != "writer" {
			t.Errorf("event %v of peer %+v", h.lastEvent().Kind, peer)
		}
		if got := receive(h.lastPipe()); len(got) != 1 || got[0] != "early" {
			t.Errorf("received %q", got)
		}
	}, authenticates(1, accept))
}

// Every result but an acceptance closes the connection, and the peer learns no more
// than the status code.
func TestPeerThatIsNotAcceptedIsDisconnected(t *testing.T) {
	verdict := func(s mechanism.ZAPStatus, err error) check {
		return func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
			return mechanism.Verdict{Status: s}, err
		}
	}
	for _, tt := range []struct {
		name   string
		check  check
		reply  string // reason of the ERROR that the peer receives; "" for none
		reason engine.CloseReason
		text   string // in the error of the event
		after  time.Duration
	}{
		{"denied", verdict(mechanism.StatusDenied, errDenied), "400", engine.CloseAuthDenied, errDenied.Error(), 0},
		{"temporary", verdict(mechanism.StatusTemporary, nil), "", engine.CloseAuthFailed, "not possible now", 0},
		{"internal error", verdict(mechanism.StatusInternalError, nil), "500", engine.CloseAuthFailed, "failed", 0},
		{"unknown status", verdict("201", nil), "500", engine.CloseAuthFailed, "failed", 0},
		{"no status", verdict("", nil), "500", engine.CloseAuthFailed, "failed", 0},
		{"panic", func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
			panic("boom")
		}, "500", engine.CloseAuthFailed, "panicked: boom", 0},
		{"no answer", func(ctx context.Context, _ *session.AuthRequest) (mechanism.Verdict, error) {
			<-ctx.Done()
			time.Sleep(time.Minute)
			return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil // too late
		}, "", engine.CloseAuthFailed, "no answer", 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.listen()
				p := w.Dial("a")
				p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER"))
				p.ReadN(64)
				if tt.reply != "" {
					wantError(t, p, tt.reply)
				}
				if after := p.WaitClosed(); after != tt.after {
					t.Errorf("closed after %v, want %v", after, tt.after)
				}
				time.Sleep(2 * time.Minute)
				w.Settle()
				h.wantCalls()
				ev := h.lastEvent()
				if ev.Kind != session.HandshakeFailed || ev.Reason != tt.reason || !strings.Contains(ev.Err.Error(), tt.text) {
					t.Errorf("event %v, reason %v, error %v", ev.Kind, ev.Reason, ev.Err)
				}
			}, authenticates(1, tt.check))
		})
	}
}

// The error of an authenticator that panicked names the functions that were running,
// the innermost first, and no arguments, which may be secrets.
func TestErrorOfPanickingAuthenticatorHasItsFunctions(t *testing.T) {
	assign := func(m map[string]int, password string) { m[password]++ }
	panicking := func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
		assign(nil, "hunter2")
		return mechanism.Verdict{}, nil
	}
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p := w.Dial("a")
		p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER"))
		p.WaitClosed()
		w.Settle()
		text := h.lastEvent().Err.Error()
		want := regexp.MustCompile(`panicked: assignment to entry in nil map at ` +
			`session_test\.\S*HasItsFunctions\.func1 \(authenticate_test\.go:\d+\), ` +
			`session_test\.\S*HasItsFunctions\.func2 \(authenticate_test\.go:\d+\)(, session\.\S+ \(authenticate\.go:\d+\))+$`)
		if !want.MatchString(text) {
			t.Errorf("%s, want %v", text, want)
		}
	}, authenticates(1, panicking))
}

// The context of a check ends when the connection is closed, so that nothing waits
// for an authenticator that does not answer.
func TestClosingListenerEndsCheck(t *testing.T) {
	ended := make(chan error, 1)
	wait := func(ctx context.Context, _ *session.AuthRequest) (mechanism.Verdict, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil
	}
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		w.Dial("a").MustWrite(st.Greeting())
		w.Settle()
		l.Finish()
		if d := waitTime(l); d != 0 {
			t.Errorf("the listener took %v to end", d)
		}
		if err := <-ended; err != context.Canceled {
			t.Errorf("the check's context ended with %v", err)
		}
	}, authenticates(1, wait))
}

// A peer whose handshake began before the security was replaced is not even admitted
// for a moment, and its credentials are not checked.
func TestHostDoesNotSeePeerOfReplacedSecurity(t *testing.T) {
	asked := false
	accept := func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
		asked = true
		return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil
	}
	for _, set := range [][]func(*session.Config){nil, {authenticates(1, accept)}} {
		runHost(t, func(w *st.World, h *host) {
			h.listen()
			p := w.Dial("a")
			w.Settle()
			cfg := h.cfg
			h.next.Store(&cfg)
			p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER"))
			if d := p.WaitClosed(); d != 0 {
				t.Errorf("closed after %v", d)
			}
			h.wantCalls()
			if asked {
				t.Error("the credentials were checked")
			}
		}, set...)
	}
}

// Security may be replaced, or peers be disconnected, while the host admits a peer. If
// the host then looks for connected peers, it does not find this one yet.
func TestWithdrawalDuringAdmissionEndsConnection(t *testing.T) {
	accept := func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
		return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil
	}
	for name, withdraw := range map[string]func(*host){
		"replaced": func(h *host) {
			cfg := h.cfg
			h.next.Store(&cfg)
		},
		"disconnected": func(h *host) { h.revocations.Add(1) },
	} {
		for _, binds := range []bool{true, false} {
			runHost(t, func(w *st.World, h *host) {
				h.onConnected = func(*pipe.Pipe) { withdraw(h) }
				var p *st.Peer
				if binds {
					h.listen()
					p = w.Dial("a")
				} else {
					l := w.Listen("a")
					h.dial()
					p = l.Accept()
				}
				p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER"), st.Message("early"))
				if d := p.WaitClosed(); d != 0 {
					t.Errorf("%s: closed after %v", name, d)
				}
				if slices.Contains(h.kinds(), session.Ready) || !slices.Contains(h.kinds(), session.HandshakeFailed) {
					t.Errorf("%s: events %v", name, h.kinds())
				}
				if got := receive(h.lastPipe()); len(got) != 0 {
					t.Errorf("%s: received %q", name, got)
				}
			}, authenticates(1, accept))
		}
	}
}

// Slow checks delay other peers only when as many run as the limit allows.
func TestChecksRunConcurrentlyUpToLimit(t *testing.T) {
	var running, most atomic.Int32
	slow := func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
		most.Store(max(most.Load(), running.Add(1)))
		time.Sleep(time.Second)
		running.Add(-1)
		return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil
	}
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		for range 7 {
			w.Dial("a").MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER"))
		}
		for second, want := range []int{0, 3, 6, 7} {
			w.Settle()
			ready := 0
			for _, k := range h.kinds() {
				if k == session.Ready {
					ready++
				}
			}
			if ready != want {
				t.Errorf("%d peers are ready after %d s, want %d", ready, second, want)
			}
			time.Sleep(time.Second)
		}
		if most.Load() != 3 {
			t.Errorf("%d checks ran at a time, want 3", most.Load())
		}
	}, authenticates(3, slow))
}

// Without an authenticator, a peer whose mechanism waits for a verdict is refused.
func TestPeerIsRefusedWithoutAuthenticator(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p := w.Dial("a")
		p.MustWrite(st.Greeting())
		p.ReadN(64)
		wantError(t, p, "500")
		p.WaitClosed()
		w.Settle()
		if ev := h.lastEvent(); ev.Reason != engine.CloseAuthFailed {
			t.Errorf("reason %v", ev.Reason)
		}
	}, authenticates(1, nil), func(c *session.Config) { c.Authenticator = nil })
}

// ZMTP 1.0 and 2.0 have no commands with which a peer could be refused, and no
// security.
func TestOldPeersAreRefusedWithAuthenticator(t *testing.T) {
	accept := func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
		return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil
	}
	for name, hello := range map[string]string{
		"1.0 without signature": "\x01\x00\x02\x00x",
		"1.0":                   "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x00\x05\x00\x00",
		"2.0":                   "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x05\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.listen()
				p := w.Dial("a")
				p.MustWrite([]byte(hello))
				w.Settle()
				h.wantCalls()
				if ev := h.lastEvent(); ev.Kind != session.HandshakeFailed || ev.Reason != engine.CloseVersion {
					t.Errorf("event %v, reason %v, error %v", ev.Kind, ev.Reason, ev.Err)
				}
			}, authenticates(1, accept))
		})
	}
}
