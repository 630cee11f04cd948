package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zap"
)

func TestWatcherAddsSecurityHintToWarnings(t *testing.T) {
	cert := "my.cert"
	var (
		none        = securityFlags{}
		curveServer = securityFlags{CurveServer: &cert, security: zmq.Security{Mechanism: zmq.Curve{Server: true}}}
		curveClient = securityFlags{security: zmq.Security{Mechanism: zmq.Curve{}}}
		rotating    = securityFlags{CurveServerkey: []string{"a", "b"}, security: zmq.Security{Mechanism: zmq.Curve{}}}
		knownClient = securityFlags{CurveKey: &cert, security: zmq.Security{Mechanism: zmq.Curve{}}}
		plainServer = securityFlags{security: zmq.Security{Mechanism: zmq.PlainServer{}}}
		plainClient = securityFlags{security: zmq.Security{Mechanism: zmq.Plain{}}}
	)
	failed, ended, refused := zmq.EventHandshakeFailed, zmq.EventDisconnected, zmq.EventPeerRefused
	for _, c := range []struct {
		name   string
		flags  securityFlags
		kind   zmq.EventKind
		reason zmq.CloseReason
		want   string // a part of the hint; empty: a warning without one; "-": no warning
	}{
		{"NULL, other mechanism", none, failed, zmq.CloseMechanism, "both sides need the same mechanism"},
		{"NULL, malformed", none, failed, zmq.CloseMalformed, ""},
		{"NULL, timeout", none, failed, zmq.CloseHandshakeTimeout, ""},
		{"NULL, refused", none, failed, zmq.CloseRefused, ""},
		{"NULL, peer limit", none, refused, zmq.CloseNone, ""},
		{"NULL, disconnected", none, ended, zmq.CloseNone, "-"},
		{"NULL, revoked", none, ended, zmq.CloseRevoked, "was removed"},
		{"NULL, TLS", none, failed, zmq.CloseTLS, "--tls-ca"},
		{"CURVE server, wrong key of the server", curveServer, failed, zmq.CloseCrypto, "zmq curve public my.cert"},
		{"CURVE server, denied", curveServer, failed, zmq.CloseAuthDenied, "--curve-allow"},
		{"CURVE server, no decision", curveServer, failed, zmq.CloseAuthFailed, "not a denial"},
		{"CURVE server, timeout", curveServer, failed, zmq.CloseHandshakeTimeout, ""},
		{"CURVE server, revoked", curveServer, ended, zmq.CloseRevoked, "was removed from --curve-allow"},
		{"CURVE server, changed data", curveServer, ended, zmq.CloseCrypto, "has changed the data"},
		{"CURVE server, disconnected", curveServer, ended, zmq.CloseNone, "-"},
		{"CURVE client, connection closed", curveClient, failed, zmq.CloseHandshakeClosed, "compare --curve-serverkey"},
		{"CURVE client, wrong key of the server", curveClient, failed, zmq.CloseCrypto, "compare --curve-serverkey"},
		{"CURVE client with two keys of the server, connection closed", rotating, failed, zmq.CloseHandshakeClosed, "is tried next"},
		{"CURVE client with a new key, denied", curveClient, failed, zmq.CloseRefused, "give a key that it accepts with --curve-key"},
		{"CURVE client with a certificate, denied", knownClient, failed, zmq.CloseRefused, "check that it accepts the key of --curve-key"},
		{"PLAIN server, denied", plainServer, failed, zmq.CloseAuthDenied, "--plain-server"},
		{"PLAIN client, denied", plainClient, failed, zmq.CloseRefused, "check the name and the password"},
		{"PLAIN client, connection closed", plainClient, failed, zmq.CloseHandshakeClosed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stderr bytes.Buffer
			w := watcher{hint: c.flags.hint}
			ev := zmq.Event{Kind: c.kind, Endpoint: "tcp://x:1", Reason: c.reason, Err: errors.New("bad certificate")}
			switch {
			case c.reason == zmq.CloseHandshakeClosed:
				ev.Err = zmq.ErrServerKey
			case strings.Contains(c.name, "denied"):
				ev.Status = zap.StatusDenied
			}
			w.run(&env{stderr: &stderr}, slices.Values([]zmq.Event{ev}))
			line, _ := strings.CutPrefix(stderr.String(), "zmq: warning: tcp://x:1: "+eventText(ev))
			switch c.want {
			case "-":
				if line != "" {
					t.Errorf("%q", line)
				}
			case "":
				if line != "\n" {
					t.Errorf("%q", line)
				}
			default:
				if !strings.HasPrefix(line, " (") || !strings.HasSuffix(line, ")\n") || !strings.Contains(line, c.want) {
					t.Errorf("%q", line)
				}
			}
		})
	}
}
