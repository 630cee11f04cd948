package zmq_test

import (
	"context"
	"errors"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// A second peer announces the routing ID of the first. The option and the users of
// both decide which of them has it from then on.
func TestHandoverDependsOnUsers(t *testing.T) {
	server, one, other := newKey(), newKey(), newKey()
	client := func(k curve.Key) zmq.Security {
		return zmq.Security{Mechanism: zmq.Curve{Key: k, ServerKey: server.Public()}}
	}
	plain := func(user string) zmq.Security {
		return zmq.Security{Mechanism: zmq.Plain{Username: user, Password: "secret"}}
	}
	// users names the users of CURVE; without it they have no user ID.
	users := func(names map[curve.PublicKey]string) zmq.Security {
		return zmq.Security{Mechanism: zmq.Curve{Key: server, Server: true}, Authenticator: func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
			return zmq.Identity{UserID: names[r.PublicKey]}, nil
		}}
	}
	byName := zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
		return zmq.Identity{UserID: r.Username}, nil
	}}
	for _, tt := range []struct {
		name                  string
		server, first, second zmq.Security
		same                  bool // the second peer is the same user
	}{
		{"NULL", zmq.Security{}, zmq.Security{}, zmq.Security{}, false},
		{"CURVE, same key", users(nil), client(one), client(one), true},
		{"CURVE, other key", users(nil), client(one), client(other), false},
		{"CURVE, other key of the same user", users(map[curve.PublicKey]string{one.Public(): "alice", other.Public(): "alice"}), client(one), client(other), true},
		{"CURVE, other key of another user", users(map[curve.PublicKey]string{one.Public(): "alice", other.Public(): "bob"}), client(one), client(other), false},
		{"CURVE, a user and no user", users(map[curve.PublicKey]string{one.Public(): "alice"}), client(one), client(other), false},
		{"PLAIN, same user", byName, plain("alice"), plain("alice"), true},
		{"PLAIN, other user", byName, plain("alice"), plain("bob"), false},
	} {
		for mode, takesOver := range map[zmq.RouterHandover]bool{
			zmq.RouterHandoverNone: false, zmq.RouterHandoverSameUser: tt.same, zmq.RouterHandoverAny: true,
		} {
			t.Run(tt.name+", "+map[zmq.RouterHandover]string{
				zmq.RouterHandoverNone: "none", zmq.RouterHandoverSameUser: "same user", zmq.RouterHandoverAny: "any",
			}[mode], func(t *testing.T) {
				options := func(s zmq.Security) *zmq.Options {
					o := quickOptions()
					o.Security = s
					return o
				}
				ro := options(tt.server)
				ro.Router.Handover = mode
				router := must(zmq.NewRouter(ro))
				endpoint := must(router.Bind("tcp://127.0.0.1:*"))
				dealer := func(s zmq.Security) *zmq.Dealer {
					o := options(s)
					o.RoutingID = "id"
					o.Reconnect = zmq.ReconnectOptions{Interval: zmq.Forever} // or it would take the ID back
					return must(zmq.NewDealer(o))
				}
				first, second := dealer(tt.first), dealer(tt.second)
				closeAtEnd(t, first, second, router)
				ctx := testContext(t)

				if err := first.Connect(endpoint); err != nil {
					t.Fatal(err)
				}
				wantError(t, "WaitConnected", first.WaitConnected(ctx), nil)
				await(t, "the first peer is connected", func() bool { return len(router.Peers()) == 1 })
				if err := second.Connect(endpoint); err != nil {
					t.Fatal(err)
				}
				await(t, "the second peer is connected or refused", func() bool {
					e := router.Stats().Events
					return e[zmq.EventReady] == 2 || e[zmq.EventPeerRefused] == 1
				})
				if refused := router.Stats().Events[zmq.EventPeerRefused] == 1; refused == takesOver {
					t.Fatalf("the second peer is refused: %v", refused)
				}
				has, loses := first, second
				if takesOver {
					has, loses = second, first
				}
				if err := router.SendTo(ctx, "id", []byte("hello")); err != nil {
					t.Fatal(err)
				}
				if m, err := has.Recv(ctx); err != nil || string(m.Bytes()) != "hello" {
					t.Errorf("received %q, %v", m.Bytes(), err)
				}
				await(t, "the other peer is disconnected", func() bool { return len(loses.Peers()) == 0 })
				if m, err := loses.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
					t.Errorf("the other peer received %q, %v", m.Bytes(), err)
				}
			})
		}
	}
}
