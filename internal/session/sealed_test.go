package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// curveServer makes the host a server of CURVE that accepts every client.
func curveServer(c *session.Config) {
	c.Authenticator = session.NewAuthenticator(1, func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
		return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil
	})
	c.Engine.NewMechanism = st.Curve(nil, nil).Server
}

// curveClient makes the host a client of CURVE.
func curveClient(c *session.Config) { c.Engine.NewMechanism = st.Curve(nil, nil).Client }

// wantSealed reads one frame that CURVE has encrypted and returns its content.
func wantSealed(t testing.TB, p *st.Peer) (flags byte, body string) {
	t.Helper()
	flags, sealed := p.Frame()
	if flags&wire.FlagCommand != 0 || !strings.HasPrefix(string(sealed), "\x07MESSAGE") {
		t.Fatalf("frame %x %.40q is not encrypted", flags, sealed)
	}
	flags, plain := p.Open(flags, sealed)
	return flags, string(plain)
}

// Everything that a connection sends after the handshake is encrypted under CURVE:
// subscriptions, PINGs, PONGs, messages, and the ERROR that ends it.
// https://rfc.zeromq.org/spec/26/#the-message-command
func TestCommandsInTrafficAreEncrypted(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p := w.Dial("a")
		p.HandshakeWith(st.Curve(nil, nil).Client, "DEALER", "X-On-Error", "count")
		w.Settle()
		pipe := h.lastPipe()
		pipe.Sub.Subscribe("topic", true)
		pipe.Sub.Subscribe("topic", false)
		for _, want := range []string{"\x09SUBSCRIBEtopic", "\x06CANCELtopic"} {
			if flags, body := wantSealed(w, p); flags != wire.FlagCommand || body != want {
				t.Errorf("received %x %q, want %q", flags, body, want)
			}
		}
		h.send(pipe, "message")
		if flags, body := wantSealed(w, p); flags != 0 || body != "message" {
			t.Errorf("received %x %q", flags, body)
		}
		p.MustWrite(p.Seal(st.Ping(0, "context")))
		if flags, body := wantSealed(w, p); flags != wire.FlagCommand || body != "\x04PONGcontext" {
			t.Errorf("received %x %q instead of a PONG", flags, body)
		}
		time.Sleep(time.Second)
		if flags, body := wantSealed(w, p); flags != wire.FlagCommand || !strings.HasPrefix(body, "\x04PING") {
			t.Errorf("received %x %q instead of a PING", flags, body)
		}
		p.MustWrite(p.Seal(st.Command("PING", nil))) // malformed
		flags, body := wantSealed(w, p)
		if flags != wire.FlagCommand || !strings.HasPrefix(body, "\x05ERROR") || !strings.Contains(body, "rejected-after-0-messages:malformed") {
			t.Errorf("received %x %q instead of an ERROR", flags, body)
		}
		p.WaitClosed()
	}, curveServer, heartbeat)
}

// A peer of CURVE that sends something that does not decrypt gets no ERROR, unless
// it has announced that it accepts one: the ERROR would help it to try.
// https://rfc.zeromq.org/spec/26/#error-handling
func TestPeerThatDoesNotAcceptErrorIsClosedSilently(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p := w.Dial("a")
		p.HandshakeWith(st.Curve(nil, nil).Client, "DEALER")
		p.MustWrite(st.Message("in plain text"))
		if flags, body, err := p.TryFrame(); err == nil {
			t.Errorf("received %x %q", flags, body)
		}
		p.WaitClosed()
		if ev := h.lastEvent(); ev.Kind != session.Disconnected || ev.Reason != engine.CloseMalformed {
			t.Errorf("event %v, reason %v", ev.Kind, ev.Reason)
		}
	}, curveServer)
}

// stalling calls stall before the last command of a server.
type stalling struct {
	mechanism.Mechanism
	stall func()
}

func (s *stalling) Resume(v mechanism.Verdict) error {
	s.stall()
	return s.Mechanism.Resume(v)
}

// A socket that refuses a peer answers no PING of the peer: it could stand before
// the ERROR, in a form that the peer does not accept.
func TestRefusedPeerGetsErrorOnlyDespitePing(t *testing.T) {
	t.Run("connecting client of CURVE", func(t *testing.T) {
		runHost(t, func(w *st.World, h *host) {
			h.refusal = errors.New("unwanted")
			l := w.Listen("a")
			h.dial()
			p := l.Accept()
			down := w.Net.Links()[0].Down()
			p.HandshakeWith(func(md []byte) mechanism.Mechanism {
				return &stalling{st.Curve(nil, nil).Server(md), down.Stall}
			}, "DEALER")
			p.MustWrite(p.Seal(st.Ping(0, "")))
			down.Resume()
			if flags, body := wantSealed(w, p); flags != wire.FlagCommand || !strings.HasPrefix(body[1:], "ERROR") {
				t.Errorf("received %x %q, want an ERROR", flags, body)
			}
		}, curveClient)
	})
	t.Run("accepting NULL", func(t *testing.T) {
		runHost(t, func(w *st.World, h *host) {
			h.refusal = errors.New("unwanted")
			h.listen()
			p := w.Dial("a")
			p.MustWrite(append(append(st.Greeting(), st.Ready("Socket-Type", "DEALER", "X-On-Error", "retry")...), st.Ping(0, "")...))
			p.ReadN(64)
			wantError(t, p, "not-admitted:unwanted")
		})
	})
}
