package zmq_test

import (
	"context"
	"errors"
	"iter"
	"net"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zap"
)

// facts are what an event says of the peer and the refusal.
type facts struct {
	peer      zmq.SocketType
	mechanism string
	status    zap.Status
	serverKey bool
}

// wantFacts waits for a failed handshake with these facts. Two sockets that refuse
// each other race: one may see only that the other has closed the connection, and
// then sees more after the next attempt.
func wantFacts(t *testing.T, side string, events iter.Seq[zmq.Event], want facts) {
	t.Helper()
	var seen []facts
	for ev := range events {
		if ev.Kind != zmq.EventHandshakeFailed {
			continue
		}
		got := facts{ev.Peer.SocketType(), ev.Peer.Mechanism(), ev.Status, errors.Is(ev.Err, zmq.ErrServerKey)}
		if got == want && ev.Peer.Version() == zmq.ZMTP31 && ev.Peer.RemoteAddr() != nil {
			return
		}
		seen = append(seen, got)
	}
	t.Errorf("events of the %s: %+v, want %+v", side, seen, want)
}

// The event of a failed handshake has the facts of the refusal as values, so that
// no program has to read the text of its error.
func TestHandshakeFailureHasFactsAsValues(t *testing.T) {
	key := newKey()
	answer := func(err error) zmq.Authenticator {
		return func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) { return zmq.Identity{}, err }
	}
	plain := zmq.Security{Mechanism: zmq.Plain{Username: "alice", Password: "password"}}
	plainServer := func(err error) zmq.Security {
		return zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: answer(err)}
	}
	curveServer := zmq.Security{Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: zmq.AllowAny}
	for name, tt := range map[string]struct {
		server, client zmq.Security
		wantServer     facts // of the PULL
		wantClient     facts // of the PUSH or PUB
		pub            bool
	}{
		"socket type": {wantServer: facts{peer: zmq.TypePub, mechanism: "NULL"}, wantClient: facts{peer: zmq.TypePull, mechanism: "NULL"}, pub: true},
		"mechanism": {
			client: plain, server: curveServer,
			wantServer: facts{mechanism: "PLAIN"}, wantClient: facts{mechanism: "CURVE"},
		},
		"denied": {
			client: plain, server: plainServer(errors.New("no")),
			wantServer: facts{mechanism: "PLAIN", status: zap.StatusDenied}, wantClient: facts{mechanism: "PLAIN", status: zap.StatusDenied},
		},
		"no decision": {
			client: plain, server: plainServer(zmq.ErrAuthUnavailable),
			wantServer: facts{mechanism: "PLAIN", status: zap.StatusTemporary}, wantClient: facts{mechanism: "PLAIN"},
		},
		"authenticator fails": {
			client: plain, server: plainServer(zmq.ErrAuthFailed),
			wantServer: facts{mechanism: "PLAIN", status: zap.StatusInternalError}, wantClient: facts{mechanism: "PLAIN", status: zap.StatusInternalError},
		},
		"another key": {
			client: zmq.Security{Mechanism: zmq.Curve{ServerKey: newKey().Public()}}, server: curveServer,
			wantServer: facts{mechanism: "CURVE"}, wantClient: facts{mechanism: "CURVE", serverKey: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, server, client := testContext(t), quickOptions(), quickOptions()
			server.Security, client.Security = tt.server, tt.client
			pull := must(zmq.NewPull(server))
			var push zmq.Connector
			if tt.pub {
				push = must(zmq.NewPub(client)).Connector
			} else {
				push = must(zmq.NewPush(client)).Connector
			}
			atServer, atClient := pull.Events(ctx), push.Events(ctx)
			join(t, "tcp://127.0.0.1:*", pull, push)
			wantFacts(t, "server", atServer, tt.wantServer)
			wantFacts(t, "client", atClient, tt.wantClient)
		})
	}
}

// A peer that announces a name that ZMTP does not define is described without it.
func TestHandshakeFailureOmitsUnknownNames(t *testing.T) {
	pull := must(zmq.NewPull(quickOptions()))
	closeAtEnd(t, pull)
	greeting := func(mechanism string) string {
		return "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01" + mechanism + strings.Repeat("\x00", 52-len(mechanism))
	}
	for name, sent := range map[string]string{
		"mechanism":   greeting("SECRET"),
		"socket type": greeting("NULL") + "\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06SECRET",
	} {
		ctx, cancel := context.WithCancel(testContext(t))
		events := pull.Events(ctx)
		conn := must(net.Dial("tcp", strings.TrimPrefix(must(pull.Bind("tcp://127.0.0.1:*")), "tcp://")))
		must(conn.Write([]byte(sent)))
		failed := false
		for ev := range events {
			if failed = ev.Kind == zmq.EventHandshakeFailed; failed {
				if ev.Peer.SocketType() != 0 || ev.Peer.Mechanism() == "SECRET" {
					t.Errorf("%s: the peer is a %v with mechanism %q", name, ev.Peer.SocketType(), ev.Peer.Mechanism())
				}
				break
			}
		}
		if !failed {
			t.Errorf("%s: no event", name)
		}
		conn.Close()
		cancel()
	}
}
