package interop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/interop/internal/harness"
)

// sealedSizes are around the limits of the frame that CURVE makes of a frame.
var sealedSizes = []int{0, 1, 222, 223, 255, 256, 8192, 1 << 20}

// manyFrames returns a message of n frames.
func manyFrames(n, seed int) (m message) {
	for i := range n {
		m = append(m, blob(i%3, seed+i%2))
	}
	return m
}

// checkSecured exchanges messages over one connection.
func (r roles) checkSecured(t *testing.T, a alliance, at place, p *python) {
	t.Helper()
	o, th := a.newOurs(t, r.ours, nil), a.socket(p, r.theirs, nil)
	r.prepare(o, th)
	join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
	r.settle(o, th, nil)
	if got := o.Peers()[0].Mechanism(); got != a.ours.mechanism {
		t.Errorf("mechanism %q, want %q", got, a.ours.mechanism)
	}
	r.exchange(o, th, sealedSizes)
	r.talk(o, th, manyFrames(500, 40))
}

// Every valid pair of types over CURVE, with our socket as the client and as the
// server. The places alternate, so that each occurs with both roles.
func TestLibzmqPairsExchangeMessagesOverCurve(t *testing.T) {
	for i, r := range allRoles() {
		for j, a := range curveAlliances {
			at := places[(i+i/4*j+j)%len(places)]
			t.Run(fmt.Sprintf("%v/%v/%v", r, a, at), func(t *testing.T) {
				t.Parallel()
				p := startPython(t)
				p.zap(knownOnly)
				r.checkSecured(t, a, at, p)
			})
		}
	}
}

// startNode starts peer.mjs. npm's zeromq is optional: without it these tests are
// skipped even with ZMQ_INTEROP_REQUIRED=1.
func startNode(t *testing.T) *python {
	t.Helper()
	if why := harness.NoNode(); why != "" {
		t.Skip(why)
	}
	return startPeer(t, "node", "peer.mjs", harness.NodeModules())
}

// Some pairs of types, with libzmq 4.3.5 as the peer. Each role of each mechanism
// occurs in every place.
func TestLibzmq435PairsExchangeMessagesSecurely(t *testing.T) {
	i := 0
	for _, r := range allRoles() {
		if !slices.Contains([]string{"DEALER-ROUTER", "ROUTER-DEALER", "REQ-REP", "PULL-PUSH"}, r.String()) {
			continue
		}
		i++
		for j, a := range slices.Concat(curveAlliances, plainAlliances) {
			at := places[(i+j)%len(places)]
			t.Run(fmt.Sprintf("%v/%v/%v", r, a, at), func(t *testing.T) {
				t.Parallel()
				p := startNode(t)
				p.zap(knownOnly)
				r.checkSecured(t, a, at, p)
			})
		}
	}
}

// Every valid pair of types over PLAIN, each with one place and one role.
func TestLibzmqPairsExchangeMessagesOverPlain(t *testing.T) {
	for i, r := range allRoles() {
		a, at := plainAlliances[i%2], places[i/2%len(places)]
		t.Run(fmt.Sprintf("%v/%v/%v", r, a, at), func(t *testing.T) {
			t.Parallel()
			p := startPython(t)
			p.zap(knownOnly)
			r.checkSecured(t, a, at, p)
		})
	}
}

// SUBSCRIBE and CANCEL are encrypted like messages.
func TestSubscriptionsTakeEffectOverCurve(t *testing.T) {
	for i, r := range []roles{
		{ours: "PUB", theirs: "SUB"}, {ours: "PUB", theirs: "XSUB"}, {ours: "XPUB", theirs: "SUB"}, {ours: "XPUB", theirs: "XSUB"},
		{ours: "SUB", theirs: "PUB"}, {ours: "SUB", theirs: "XPUB"}, {ours: "XSUB", theirs: "PUB"}, {ours: "XSUB", theirs: "XPUB"},
	} {
		for _, a := range curveAlliances {
			oursBinds := (i+i/4)%2 == 0
			t.Run(fmt.Sprintf("%v/%v%v", r, a, boundBy(oursBinds)), func(t *testing.T) {
				t.Parallel()
				o, th := a.newOurs(t, r.ours, nil), a.newTheirs(t, r.theirs, nil)
				join(o, th, oursBinds, freeEndpoint(t, "tcp"))
				o.connected()
				th.connected()
				var pub, sub socket = o, th
				if subscribes(r.ours) {
					pub, sub = th, o
				}
				if pub.typ() == "XPUB" {
					checkXPubTopics(t, pub, sub)
				} else {
					checkTopics(t, pub, sub)
				}
			})
		}
	}
}

// Either side or both send heartbeats, which CURVE encrypts. The frames in
// addition to those of the messages are PING and PONG.
func TestHeartbeatsKeepIdleCurveConnectionOpen(t *testing.T) {
	for i, c := range []struct {
		name         string
		ours, theirs bool
	}{{"ours", true, false}, {"theirs", false, true}, {"both", true, true}} {
		a, oursBinds := curveAlliances[i%2], i != 1
		t.Run(fmt.Sprintf("%v/%v%v", c.name, a, boundBy(oursBinds)), func(t *testing.T) {
			t.Parallel()
			opts, far := testOptions(), options{}
			opts.Heartbeat.Interval = zmq.Forever
			if c.ours {
				opts.Heartbeat.Interval = 10 * time.Millisecond
			}
			opts.Heartbeat.Timeout, opts.Heartbeat.TTL = waitLimit, waitLimit
			if c.theirs {
				far = options{"HEARTBEAT_IVL": 10, "HEARTBEAT_TIMEOUT": waitLimitMS, "HEARTBEAT_TTL": waitLimitMS}
			}
			o, th := a.newOurs(t, "DEALER", opts), a.newTheirs(t, "DEALER", far)
			net := joinOver(o, th, oursBinds, []string{sealedFrame})
			for range 2 {
				bothWays(o, th, single(10, 1))
			}
			for _, way := range []int{toBinder, toConnector} {
				net.wait(o.ctx, way, sealedFrame, 2+minHeartbeats)
			}
			bothWays(o, th, single(10, 3))
			if n := o.count(zmq.EventDisconnected); n > 0 {
				t.Errorf("%d connections were closed", n)
			}
		})
	}
}

// Timeouts and TTLs have the same effect as without encryption.
func TestSilentPeerIsDisconnectedOverCurve(t *testing.T) {
	for i, c := range silences() {
		a, oursBinds := curveAlliances[i%2], i < 2
		t.Run(fmt.Sprintf("%v/%v%v", c.name, a, boundBy(oursBinds)), func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			c.us(opts)
			c.check(t, a.newOurs(t, "DEALER", opts), a.newTheirs(t, "DEALER", c.them), oursBinds, sealedFrame)
		})
	}
}

// The peer is killed and started again with the same keys. Then our socket is
// closed and replaced.
func TestExchangeOverCurveResumesAfterRestart(t *testing.T) {
	i := 0
	for _, r := range allRoles() {
		if !slices.Contains([]string{"DEALER-ROUTER", "SUB-XPUB", "PUSH-PULL", "REP-REQ"}, r.String()) {
			continue
		}
		for _, a := range curveAlliances {
			at := places[i%len(places)]
			i++
			t.Run(fmt.Sprintf("%v/%v/%v", r, a, at), func(t *testing.T) {
				t.Parallel()
				o, th := a.newOurs(t, r.ours, nil), a.newTheirs(t, r.theirs, nil)
				r.prepare(o, th)
				endpoint := join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
				r.settle(o, th, nil)
				r.exchange(o, th, []int{1, 8192})

				events := o.watch()
				th.p.kill()
				events.wait(zmq.EventDisconnected)
				th = a.newTheirs(t, r.theirs, nil)
				r.prepare(th)
				th.reattach(at, endpoint)
				events.wait(zmq.EventReady)
				r.settle(o, th, o)
				r.exchange(o, th, []int{1, 8192})

				o.Close()
				th.waitDisconnected()
				o = a.newOurs(t, r.ours, nil)
				r.prepare(o)
				if at.oursBinds {
					o.bind(endpoint)
				} else {
					o.connect(endpoint)
				}
				r.settle(o, th, th)
				r.exchange(o, th, []int{1, 8192})
			})
		}
	}
}

// The authenticator receives what a libzmq client sends. The user ID that it
// returns is on each message and describes the peer.
func TestAuthenticatorIdentifiesLibzmqClients(t *testing.T) {
	for _, c := range []party{nullParty, plainClient, curveClient} {
		t.Run(c.mechanism, func(t *testing.T) {
			t.Parallel()
			server := party{mechanism: c.mechanism, server: true}
			if c.mechanism == "CURVE" {
				server.key = serverKey
			}
			requests := make(chan *zmq.AuthRequest, 10)
			opts := testOptions()
			opts.Security = server.security(func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
				requests <- r
				return zmq.Identity{UserID: "user of " + r.Mechanism, Metadata: map[string]string{"X-Role": "reader"}}, nil
			})
			o, th := newOurs(t, "ROUTER", opts), startPython(t).socket("DEALER", c.options())
			endpoint := o.bind(freeEndpoint(t, "tcp"))
			th.connect(endpoint)
			th.send(text("hello"))
			m := o.recvMessage()
			from := m.From()
			role, _ := from.AuthProperty("X-Role")
			if from.UserID() != "user of "+c.mechanism || role != "reader" || from.RoutingID() != theirsID || from.SocketType() != zmq.TypeDealer {
				t.Errorf("message from %v of user %q with role %q", from, from.UserID(), role)
			}
			r := <-requests
			if r.Mechanism != c.mechanism || r.Domain != domain || r.Endpoint != endpoint || r.Username != c.user || r.Password != c.password ||
				r.PublicKey != c.key.Public() || !strings.HasPrefix(r.RemoteAddr.String(), "127.0.0.1:") {
				t.Errorf("request %+v", r)
			}
			if typ := r.Metadata["Socket-Type"]; c.mechanism == "CURVE" && typ != "DEALER" {
				t.Errorf("the client announced the type %q", typ)
			}
		})
	}
}

// libzmq's ZAP handler receives what our client sends.
func TestLibzmqZAPHandlerReceivesOurCredentials(t *testing.T) {
	public := clientKey.Public()
	for _, c := range []struct {
		client, server party
		credentials    []string
	}{
		{nullParty, nullServer, nil},
		{plainClient, plainServer, []string{plainClient.user, plainClient.password}},
		{curveClient, curveServer, []string{string(public[:])}},
	} {
		t.Run(c.client.mechanism, func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.Security = c.client.security(nil)
			p := startPython(t)
			p.zap(acceptAny)
			o, th := newOurs(t, "DEALER", opts), p.socket("DEALER", c.server.options())
			join(o, th, false, freeEndpoint(t, "tcp"))
			bothWays(o, th, single(10, 1))
			var got []string
			for _, f := range p.call(command{"do": "asked"}).Frames {
				got = append(got, string(f.B64))
			}
			want := append([]string{domain, "127.0.0.1", theirsID, c.client.mechanism}, c.credentials...)
			if !slices.Equal(got, want) {
				t.Errorf("request %q, want %q", got, want)
			}
		})
	}
}
