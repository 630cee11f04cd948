package socket_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// place is the place of a hostile peer: the mechanism, for which it has valid
// credentials, the role of our socket in it, and whether our socket binds.
type place struct {
	sec           st.Security
	server, binds bool
}

func (pl place) String() string {
	role, way := "client", "connects"
	if pl.server {
		role = "server"
	}
	if pl.binds {
		way = "binds"
	}
	return fmt.Sprintf("%s %s %s", pl.sec.Name, role, way)
}

// eachPlace runs f for every place.
func eachPlace(t *testing.T, f func(t *testing.T, pl place)) {
	for _, sec := range st.Securities() {
		for _, server := range []bool{true, false} {
			for _, binds := range []bool{true, false} {
				pl := place{sec, server, binds}
				t.Run(pl.String(), func(t *testing.T) { f(t, pl) })
			}
		}
	}
}

var errUnknownUser = errors.New("unknown user")

// authenticate accepts the credentials of st.Securities.
func authenticate(_ context.Context, r *session.AuthRequest) (mechanism.Verdict, error) {
	known := r.Mechanism == "NULL" || r.Mechanism == "CURVE" && r.PublicKey == st.ClientPublic() ||
		r.Username == st.Username && r.Password == st.Password
	if !known {
		return mechanism.Verdict{Status: mechanism.StatusDenied}, errUnknownUser
	}
	return mechanism.Verdict{Status: mechanism.StatusAccepted, UserID: st.Username}, nil
}

// security returns the security of a socket in that role.
func security(sec st.Security, server bool) socket.Security {
	if server {
		return socket.Security{NewMechanism: sec.Server, Authenticator: session.NewAuthenticator(64, authenticate)}
	}
	return socket.Security{NewMechanism: sec.Client}
}

// ours gives our socket its role.
func (pl place) ours(o *socket.Options) { o.Security = security(pl.sec, pl.server) }

// good gives a socket the role of the peer.
func (pl place) good(o *socket.Options) { o.Security = security(pl.sec, !pl.server) }

// hostile is the mechanism of the hostile peer.
func (pl place) hostile() func([]byte) mechanism.Mechanism {
	if pl.server {
		return pl.sec.Client
	}
	return pl.sec.Server
}

// join returns a hostile peer of the socket that has completed its handshake.
func (pl place) join(w *st.World, s *st.Socket, socketType string, properties ...string) *st.Peer {
	p := rawPeer(w, s, pl.binds)
	p.HandshakeWith(pl.hostile(), socketType, properties...)
	w.Settle()
	return p
}

// pullWithGoodPeer returns a PULL, and a good peer that is connected to it.
func (pl place) pullWithGoodPeer(w *st.World) (pull, push *st.Socket) {
	pull, push = w.Socket(pattern.PULL, pl.ours), w.Socket(pattern.PUSH, pl.good)
	push.MustConnect(pull.MustBind("mem://good"))
	push.MustSend("before")
	pull.WantRecv("before")
	return pull, push
}

// wantUnharmed checks that the connection of the good peer has survived.
func wantUnharmed(t *testing.T, pull, push *st.Socket) {
	t.Helper()
	push.MustSend("after")
	pull.WantRecv("after")
	if ends := push.EventsOf(session.Disconnected, session.HandshakeFailed); len(ends) != 0 {
		t.Errorf("the good peer lost its connection: %+v", ends)
	}
}

// The inputs that TestBadInputClosesOnlyItsConnection sends after the handshake of
// NULL are refused from a peer with valid credentials of each mechanism too, as
// client and as server.
func TestBadInputFromAuthenticatedPeerClosesOnlyItsConnection(t *testing.T) {
	opening := len(st.Greeting()) + len(st.Ready("Socket-Type", "PUSH"))
	eachPlace(t, func(t *testing.T, pl place) {
		for _, in := range badInputs() {
			if !in.ready {
				continue
			}
			t.Run(in.name, func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					pull, push := pl.pullWithGoodPeer(w)
					bad := pl.join(w, pull, "PUSH")
					traffic := aboveSealedLimit(pl, in.name, in.bytes[opening:])
					go bad.Write(bad.Seal(traffic))
					if d := bad.WaitClosed(); d != 0 {
						t.Errorf("closed after %v", d)
					}
					wantOneFailure(t, pull, session.Disconnected, in.reason)
					wantUnharmed(t, pull, push)
				})
			})
		}
	})
}

// aboveSealedLimit returns the traffic of a bad input. Where that is the header of
// a frame above a limit, and frames are encrypted, it adds the size of what
// encryption adds, because limits apply to decrypted frames.
func aboveSealedLimit(pl place, name string, traffic []byte) []byte {
	if !strings.HasSuffix(name, "above the limit") || pl.sec.Name != "CURVE" {
		return traffic
	}
	return binary.BigEndian.AppendUint64(traffic[:1:1], binary.BigEndian.Uint64(traffic[1:])+mechanism.SealOverhead)
}

// Bytes of a message that its peer does not finish are freed and counted, and the
// application does not receive them.
func TestUnfinishedMessageOfAuthenticatedPeerIsDropped(t *testing.T) {
	eachPlace(t, func(t *testing.T, pl place) {
		st.Run(t, func(w *st.World) {
			pull, push := pl.pullWithGoodPeer(w)
			bad := pl.join(w, pull, "PUSH")
			bad.MustWrite(bad.Seal(st.RawFrame(wire.FlagMore, []byte(st.Large(1000))), st.RawFrame(wire.FlagMore, []byte(st.Large(100_000)))))
			bad.MustWrite(bad.Seal(st.RawFrame(0, []byte(st.Large(1000))))[:900])
			w.Settle()
			pull.WantNone()
			bad.Close()
			w.Settle()
			pull.WantNone()
			pull.WantDrops(map[pipe.Drop]uint64{pipe.DropPartial: 1})
			wantUnharmed(t, pull, push)
		})
	})
}

// A frame costs memory as its bytes arrive, not as its header announces.
func TestClaimedLengthOfAuthenticatedPeerCostsNoMemory(t *testing.T) {
	const peers, most = 100, 64 << 10 // with both ends of a connection of the memory network
	eachPlace(t, func(t *testing.T, pl place) {
		if !pl.binds {
			return
		}
		st.Run(t, func(w *st.World) {
			pull := w.Socket(pattern.PULL, func(o *socket.Options) { pl.ours(o); o.Limits.Frame, o.Limits.Message = 0, 0 })
			pull.MustBind("mem://a")
			before := heap()
			for range peers {
				p := w.Dial("a")
				p.HandshakeWith(pl.hostile(), "PUSH")
				p.MustWrite(binary.BigEndian.AppendUint64([]byte{wire.FlagLarge}, 1<<30), make([]byte, 100))
			}
			w.Settle()
			if grown := heap() - before; grown > peers*most {
				t.Errorf("the heap grew by %d bytes for %d peers", grown, peers)
			}
			pull.WantNone()
		})
	})
}

// A subscriber that has lost its connection sends its subscriptions again, under
// each mechanism.
func TestSubscriptionsAreSentAgainUnderEachMechanism(t *testing.T) {
	eachPlace(t, func(t *testing.T, pl place) {
		if pl.binds {
			return
		}
		st.Run(t, func(w *st.World) {
			sub := w.Socket(pattern.SUB, pl.ours)
			for _, topic := range []string{"a", "b"} {
				if err := sub.Subscribe(topic, true); err != nil {
					t.Fatal(err)
				}
			}
			l := w.Listen("a")
			sub.MustConnect("mem://a")
			for round := range 3 {
				pub := l.Accept()
				pub.HandshakeWith(pl.hostile(), "PUB")
				var got []string
				for range 2 {
					flags, body := pub.Open(pub.Frame())
					if flags&wire.FlagCommand == 0 {
						t.Errorf("received %q instead of a command", body)
					}
					got = append(got, string(body))
				}
				slices.Sort(got)
				if !slices.Equal(got, []string{"\x09SUBSCRIBEa", "\x09SUBSCRIBEb"}) {
					t.Fatalf("connection %d: received %q", round, got)
				}
				pub.MustWrite(pub.Seal(st.Message("a message"), st.Message("unwanted")))
				sub.WantRecv("a message")
				pub.Close()
			}
		})
	})
}

// Commands that the socket ignores close the connection when their bytes exceed
// the limit, and until then cost no memory.
func TestFloodOfIgnoredCommandsIsClosed(t *testing.T) {
	eachPlace(t, func(t *testing.T, pl place) {
		st.Run(t, func(w *st.World) {
			limited := func(o *socket.Options) { pl.ours(o); o.Limits.Useless = 1 << 20 }
			pull := w.Socket(pattern.PULL, limited)
			bad := pl.join(w, pull, "PUSH")
			unknown := st.Command("UNKNOWN", make([]byte, 1<<10))
			sent := 0
			for err := error(nil); err == nil && sent < 10<<20; sent += len(unknown) {
				_, err = bad.Write(bad.Seal(unknown))
			}
			if sent > 5<<20 {
				t.Errorf("%d bytes were read", sent)
			}
			bad.WaitClosed()
			wantOneFailure(t, pull, session.Disconnected, engine.CloseIgnoredCommands)
		})
	})
}

// Commands of a handshake have no effect after it: they are ignored.
func TestCommandsOfHandshakeAreIgnoredInTraffic(t *testing.T) {
	eachPlace(t, func(t *testing.T, pl place) {
		st.Run(t, func(w *st.World) {
			pull := w.Socket(pattern.PULL, pl.ours)
			bad := pl.join(w, pull, "PUSH")
			for _, name := range []string{"READY", "HELLO", "WELCOME", "INITIATE", "MESSAGE", "SUBSCRIBE", "CANCEL", "JOIN", "LEAVE", "", "X"} {
				bad.MustWrite(bad.Seal(st.Command(name, []byte("data"))))
			}
			bad.MustWrite(bad.Seal(st.RawFrame(wire.FlagCommand, nil)))
			bad.MustWrite(bad.Seal(st.Message("message")))
			pull.WantRecv("message")
			pull.WantNone()
			if _, peers := pull.EventsOf(session.Disconnected), pull.Stats().Peers; peers != 1 {
				t.Errorf("%d peers, want 1", peers)
			}
		})
	})
}

// A peer that sends PINGs and does not read the PONGs is read more slowly, and
// memory does not grow with the number of PINGs.
func TestFloodOfPingsUsesBoundedMemory(t *testing.T) {
	const pings = 20_000
	eachPlace(t, func(t *testing.T, pl place) {
		st.Run(t, func(w *st.World) {
			pull, push := pl.pullWithGoodPeer(w)
			bad := pl.join(w, pull, "PUSH")
			before := heap()
			for range pings / 100 {
				var b []byte
				for range 100 {
					b = append(b, bad.Seal(st.Ping(0, "context of a PING"))...)
				}
				bad.MustWrite(b)
			}
			w.Settle()
			if grown := heap() - before; grown > 2<<20 {
				t.Errorf("the heap grew by %d bytes", grown)
			}
			if n := len(pull.EventsOf(session.Throttled)); n != 1 {
				t.Errorf("%d Throttled events, want 1", n)
			}
			wantUnharmed(t, pull, push)
		})
	})
}

// A peer with more subscriptions than the limit is disconnected, and all of its
// subscriptions are removed. Cancels of topics that it has not subscribed to have
// no effect.
func TestSubscriptionsOfAuthenticatedPeerAreLimited(t *testing.T) {
	eachPlace(t, func(t *testing.T, pl place) {
		st.Run(t, func(w *st.World) {
			pub := w.Socket(pattern.PUB, func(o *socket.Options) { pl.ours(o); o.Pattern.MaxTopics = 1000 })
			bad := pl.join(w, pub, "SUB")
			var b [][]byte
			for i := range 1001 {
				b = append(b, st.Command("CANCEL", fmt.Append(nil, "never subscribed", i)), st.Command("SUBSCRIBE", fmt.Append(nil, "topic", i)))
			}
			bad.MustWrite(bad.Seal(b[:2000]...))
			w.Settle()
			if n := pub.TopicCount(); n != 1000 {
				t.Errorf("%d topics, want 1000", n)
			}
			bad.MustWrite(bad.Seal(b[2000:]...))
			bad.WaitClosed()
			if n := pub.TopicCount(); n != 0 {
				t.Errorf("%d topics after the peer was disconnected", n)
			}
			if ends := pub.EventsOf(session.Disconnected, session.PeerRefused); len(ends) != 1 || ends[0].Err == nil {
				t.Errorf("events %+v", ends)
			}
		})
	})
}

// Messages to a socket that receives none are dropped and counted, and leak no
// memory (CVE-2021-20237).
func TestMessagesToPublisherUseNoMemory(t *testing.T) {
	const batches, batch = 200, 100
	eachPlace(t, func(t *testing.T, pl place) {
		st.Run(t, func(w *st.World) {
			pub := w.Socket(pattern.PUB, pl.ours)
			bad := pl.join(w, pub, "SUB")
			before := heap()
			for range batches {
				bad.MustWrite(bad.Seal(bytes.Repeat(st.Message("with", "two frames"), batch)))
			}
			w.Settle()
			if grown := heap() - before; grown > 1<<20 {
				t.Errorf("the heap grew by %d bytes", grown)
			}
			pub.WantDrops(map[pipe.Drop]uint64{pipe.DropUpstream: batches * batch})
		})
	})
}

// A request with more routing IDs than a message may have frames is refused before
// its end.
func TestEnvelopeWithoutEndIsRefused(t *testing.T) {
	eachPlace(t, func(t *testing.T, pl place) {
		st.Run(t, func(w *st.World) {
			rep := w.Socket(pattern.REP, func(o *socket.Options) { pl.ours(o); o.Limits.Frames = 1000 })
			bad := pl.join(w, rep, "DEALER")
			bad.MustWrite(bad.Seal(bytes.Repeat(st.RawFrame(wire.FlagMore, []byte("hop")), 1001)))
			bad.WaitClosed()
			wantOneFailure(t, rep, session.Disconnected, engine.CloseMessageSize)
			rep.WantNone()
		})
	})
}

// The metadata of a peer is limited in every mechanism. The limits are those of
// badInputs.
func TestMetadataOfAuthenticatedPeerIsLimited(t *testing.T) {
	many := []string{}
	for i := range 65 {
		many = append(many, fmt.Sprint("X-", i), "")
	}
	for _, tt := range []struct {
		name       string
		socketType string
		properties []string
		reason     engine.CloseReason
	}{
		{"bytes", "PUSH", []string{"X", st.Large(9 << 10)}, engine.CloseMetadata},
		{"handshake", "PUSH", []string{"X", st.Large(200 << 10)}, engine.CloseHandshakeSize},
		{"properties", "PUSH", many, engine.CloseMetadata},
		{"socket type", "SUB", nil, engine.CloseSocketType},
		{"identity with a zero", "PUSH", []string{"Identity", "\x00a"}, engine.CloseMalformed},
		{"long identity", "PUSH", []string{"Identity", st.Large(256)}, engine.CloseMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachPlace(t, func(t *testing.T, pl place) {
				st.Run(t, func(w *st.World) {
					pull, push := pl.pullWithGoodPeer(w)
					bad := rawPeer(w, pull, pl.binds)
					if bad.TryHandshakeWith(pl.hostile(), tt.socketType, tt.properties...) == nil {
						bad.Write(bad.Seal(st.Message("early")))
					}
					bad.WaitClosed()
					wantOneFailure(t, pull, session.HandshakeFailed, tt.reason)
					pull.WantNone()
					wantUnharmed(t, pull, push)
				})
			})
		})
	}
}

// INITIATE with metadata of any size is accepted or refused by a limit, and never
// more (CVE-2019-13132).
func TestInitiateWithMetadataOfAnySize(t *testing.T) {
	sizes := []int{0, 1, 100, 254, 255, 256, 257, 510, 511, 512, 513, 4 << 10, 8 << 10, 64 << 10, 127 << 10, 128 << 10}
	eachPlace(t, func(t *testing.T, pl place) {
		for _, size := range sizes {
			st.Run(t, func(w *st.World) {
				pull := w.Socket(pattern.PULL, pl.ours)
				bad := rawPeer(w, pull, pl.binds)
				err := bad.TryHandshakeWith(pl.hostile(), "PUSH", "X", st.Large(size))
				w.Settle()
				accepted := pull.Stats().Peers == 1
				if want := size < 8<<10; accepted != want {
					t.Errorf("%d bytes of metadata: accepted %v (%v)", size, accepted, err)
				}
				if n := len(pull.EventsOf(session.HandshakeFailed)); !accepted && n != 1 {
					t.Errorf("%d bytes of metadata: %d events", size, n)
				}
			})
		}
	})
}
