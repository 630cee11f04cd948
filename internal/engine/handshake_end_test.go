package engine_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// greetingOf returns the greeting of a peer with ZMTP 3.1.
func greetingOf(mechanism string, server bool) string {
	return string(wire.AppendGreetingV3Tail(wire.AppendRevision(wire.AppendSignature(nil, 0)), mechanism, server))
}

// A peer that announces that it is a server too is refused at once. Otherwise both
// would wait for a HELLO until the deadline.
func TestServerRefusesServer(t *testing.T) {
	for _, server := range []bool{true, false} {
		cfg := *dealer("")
		cfg.NewMechanism = func(md []byte) mechanism.Mechanism { return mechanism.NewPlainServer(md) }
		_, err := engine.New(&cfg).Handshake([]byte(greetingOf("PLAIN", server)))
		if refused := engine.CloseReasonOf(err) == engine.CloseMechanism; refused != server {
			t.Errorf("peer that announces as-server %v: %v", server, err)
		}
	}
	cfg := *dealer("")
	if _, err := engine.New(&cfg).Handshake([]byte(greetingOf("NULL", true))); err != nil {
		t.Errorf("NULL has no roles: %v", err)
	}
}

// The end of a handshake names the most likely cause, depending on how far it was.
func TestEndOfHandshakeNamesLikelyCause(t *testing.T) {
	server := func(md []byte) mechanism.Mechanism { return mechanism.NewPlainServer(md) }
	client := func(md []byte) mechanism.Mechanism { return mechanism.NewPlainClient("user", "password", md) }
	null := func(md []byte) mechanism.Mechanism { return mechanism.NewNull(md) }
	for _, tt := range []struct {
		name      string
		mechanism func(md []byte) mechanism.Mechanism
		accepted  bool
		sent      string
		closed    string // part of the error after EOF; empty: none
		timedOut  string // part of the error after the deadline
	}{
		{"no bytes", null, false, "", "before its greeting: early", "timeout"},
		{"accepted, no bytes", client, true, "", "", "timeout"},
		{"NULL", null, false, greetingOf("NULL", false), "NULL handshake: it may be unable to authenticate", "timeout"},
		{"accepted NULL", null, true, greetingOf("NULL", false), "", "timeout"},
		{"client", client, false, greetingOf("PLAIN", true), "PLAIN handshake: it may be unable to authenticate", "timeout"},
		{"accepted client", client, true, greetingOf("PLAIN", true), "PLAIN handshake: it may be unable to authenticate", "timeout"},
		{"server", server, false, greetingOf("PLAIN", false), "it may be a server too", "peer sent no HELLO: it may be a PLAIN server too"},
		{"accepted server", server, true, greetingOf("PLAIN", false), "", "peer sent no HELLO: it may be a PLAIN server too"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := *dealer("")
			cfg.NewMechanism = tt.mechanism
			e := engine.New(&cfg)
			if tt.accepted {
				e = engine.NewAccepted(&cfg)
			}
			if _, err := e.Handshake([]byte(tt.sent)); err != nil {
				t.Fatal(err)
			}
			err := e.HandshakeClosed("early")
			if tt.closed == "" != (err == nil) || err != nil && (engine.CloseReasonOf(err) != engine.CloseHandshakeClosed || !strings.Contains(err.Error(), tt.closed)) {
				t.Errorf("closed: %v", err)
			}
			err = e.HandshakeTimedOut(os.ErrDeadlineExceeded)
			if engine.CloseReasonOf(err) != engine.CloseHandshakeTimeout || !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), tt.timedOut) {
				t.Errorf("timed out: %v", err)
			}
		})
	}
}
