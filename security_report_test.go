package zmq_test

import (
	"context"
	"iter"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// A client that was denied waits for MaxInterval. A new key of SetSecurity, or of
// SetEndpointSecurity, is used at once.
func TestNewSecurityIsUsedAtOnceByWaitingEndpoint(t *testing.T) {
	key, denied, accepted := newKey(), newKey(), newKey()
	client := func(k curve.Key) zmq.Security {
		return zmq.Security{Mechanism: zmq.Curve{Key: k, ServerKey: key.Public()}}
	}
	for name, tt := range map[string]struct {
		connect func(push *zmq.Push) error
		replace func(push *zmq.Push) error
	}{
		"of the socket": {
			func(push *zmq.Push) error { return push.Connect("mem://a") },
			func(push *zmq.Push) error { return push.SetSecurity(client(accepted)) },
		},
		"of the endpoint": {
			func(push *zmq.Push) error {
				sec := client(denied)
				return push.ConnectWith("mem://a", zmq.EndpointOptions{Security: &sec})
			},
			func(push *zmq.Push) error { return push.SetEndpointSecurity("mem://a", client(accepted)) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				zmq.NewMemory(t)
				pull := must(zmq.NewPull(curveServer(key, allowOnly(accepted.Public()))))
				push := must(zmq.NewPush(&zmq.Options{
					Security: client(denied), Linger: zmq.NoLinger, Reconnect: zmq.ReconnectOptions{MaxInterval: time.Minute},
				}))
				defer pull.Close()
				defer push.Close()
				must(pull.Bind("mem://a"))
				if err := tt.connect(push); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if e := push.Endpoints()[0]; e.State != zmq.EndpointWaiting || e.Attempts != 1 {
					t.Fatalf("before: %+v", e)
				}
				if err := tt.replace(push); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if e := push.Endpoints()[0]; e.State != zmq.EndpointConnected {
					t.Errorf("after: %+v", e)
				}
			})
		})
	}
}

// Two clients, or two servers, of one mechanism report that at once.
func TestPeersOfTheSameRoleReportIt(t *testing.T) {
	eachMechanism(t, func(t *testing.T, client, server *zmq.Options) {
		if client.Security.Mechanism == nil {
			t.Skip("NULL has no roles")
		}
		for _, tt := range []struct {
			o      *zmq.Options
			reason zmq.CloseReason
			text   string
		}{
			{client, zmq.CloseUnexpected, "the peer is a client too: one side must be the server"},
			{server, zmq.CloseMechanism, "the peer is a server too: one side must be the client"},
		} {
			ctx := testContext(t)
			pull, push := must(zmq.NewPull(tt.o)), must(zmq.NewPush(tt.o))
			events := []iter.Seq[zmq.Event]{pull.Events(ctx), push.Events(ctx)}
			join(t, "tcp://127.0.0.1:*", pull, push)
			for _, list := range events {
				for ev := range list {
					if ev.Kind != zmq.EventHandshakeFailed {
						continue
					}
					if ev.Reason != tt.reason || !strings.HasSuffix(ev.Err.Error(), tt.text) {
						t.Errorf("reason %v, %v", ev.Reason, ev.Err)
					}
					break
				}
			}
		}
	})
}

// A server that cannot decrypt, or cannot decide, closes the connection without an
// ERROR. The client reports the most likely cause, and not only EOF, with a reason
// of its own, and tries again soon.
func TestClientReportsLikelyCauseIfServerClosesDuringHandshake(t *testing.T) {
	key := newKey()
	unavailable := func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) {
		return zmq.Identity{}, zmq.ErrAuthUnavailable
	}
	const notNow = "it may be unable to authenticate this socket at the moment, or not accept its socket type"
	for _, tt := range []struct {
		name           string
		client, server zmq.Security
		cause          string
	}{
		{
			"CURVE with the key of another server", zmq.Security{Mechanism: zmq.Curve{ServerKey: newKey().Public()}},
			zmq.Security{Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: zmq.AllowAny},
			"peer closed the connection during the CURVE handshake: the server may have another key than Curve.ServerKey",
		},
		{
			"CURVE without a decision", zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public()}},
			zmq.Security{Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: unavailable},
			"peer closed the connection during the CURVE handshake: " + notNow,
		},
		{
			"PLAIN without a decision", zmq.Security{Mechanism: zmq.Plain{Username: "a", Password: "b"}},
			zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: unavailable},
			"peer closed the connection during the PLAIN handshake: " + notNow,
		},
		{
			"NULL without a decision", zmq.Security{}, zmq.Security{Authenticator: unavailable},
			"peer closed the connection during the NULL handshake: " + notNow,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, client := quickOptions(), quickOptions()
			server.Security, client.Security = tt.server, tt.client
			pull := must(zmq.NewPull(server))
			closeAtEnd(t, pull)
			wantHandshakeClosed(t, client, must(pull.Bind("tcp://127.0.0.1:*")), tt.cause)
		})
	}
	t.Run("port that closes every connection", func(t *testing.T) {
		l := must(net.Listen("tcp", "127.0.0.1:0"))
		closeAtEnd(t, l)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.Close()
			}
		}()
		const text = "peer closed the connection before its greeting: "
		wantHandshakeClosed(t, quickOptions(), "tcp://"+l.Addr().String(), text+"it may refuse connections from here, or expect another transport, such as tls+tcp, or another mechanism")
		_, client := tlsPair()
		wantHandshakeClosed(t, client, "tls+tcp://"+l.Addr().String(), text+"it may refuse connections from here, or not use TLS")
	})
	t.Run("port of TLS", func(t *testing.T) {
		server, client := tlsPair()
		client.Security = zmq.Security{}
		pull := must(zmq.NewPull(server))
		closeAtEnd(t, pull)
		ep := strings.TrimPrefix(must(pull.Bind(tlsEndpoint)), "tls+")
		wantHandshakeClosed(t, client, ep, "peer closed the connection before its greeting: it may refuse connections from here, or expect another transport, such as tls+tcp, or another mechanism")
	})
}

// wantHandshakeClosed connects to an endpoint whose peer closes each connection
// during the handshake.
func wantHandshakeClosed(t *testing.T, client *zmq.Options, endpoint, cause string) {
	t.Helper()
	client.Linger = zmq.NoLinger
	push := must(zmq.NewPush(client))
	closeAtEnd(t, push)
	ctx, cancel := context.WithCancel(testContext(t))
	events := push.Events(ctx)
	if err := push.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	for ev := range events {
		if ev.Kind == zmq.EventHandshakeFailed && (ev.Reason != zmq.CloseHandshakeClosed || ev.Err.Error() != cause) {
			t.Errorf("event with reason %v, error %v", ev.Reason, ev.Err)
		}
		if ev.Kind == zmq.EventRetrying {
			break
		}
	}
	if e := push.Endpoints()[0]; e.Err == nil || !strings.HasSuffix(e.Err.Error(), cause) {
		t.Errorf("error of the endpoint: %v", e.Err)
	}
	if n := push.Stats().CloseReasons[zmq.CloseHandshakeClosed]; n == 0 {
		t.Errorf("close reasons %v", push.Stats().CloseReasons)
	}
	cancel()
	if err := push.WaitConnected(ctx); err == nil || !strings.Contains(err.Error(), endpoint+": "+cause+" (") {
		t.Errorf("WaitConnected: %v", err)
	}
}
