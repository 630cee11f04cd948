package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

var oldVersions = []version{v1, v2, v3_0}

// joinWire connects o and w and returns the endpoint.
func joinWire(o *ours, w *wire, oursBinds bool, endpoint string) string {
	o.t.Helper()
	if oursBinds {
		endpoint = o.bind(endpoint)
		w.connect(endpoint)
		return endpoint
	}
	w.bind(endpoint)
	o.connect(endpoint)
	w.accept()
	return endpoint
}

// writeModes are the ways in which a peer splits its output into writes.
var writeModes = []struct {
	name           string
	eager, trickle bool
	sizes          []int
}{
	{"at once", true, false, sizes[:len(sizes)-1]},
	{"step by step", false, false, []int{0, 1, 255, 256, 65535}},
	{"byte by byte", false, true, []int{0, 1, 253, 254, 255, 256}},
}

// Every valid pair of types, with either side bound, over tcp and ipc, with
// every old version. Each pair exchanges the largest messages only once,
// because they take most of the time.
func TestOldVersionPairsExchangeMessages(t *testing.T) {
	for k, v := range oldVersions {
		for i, r := range allRoles() {
			for j, at := range places {
				for _, mode := range writeModes {
					if mode.trickle && at.transport == "ipc" {
						continue // tested over tcp; both transports are byte streams
					}
					t.Run(fmt.Sprintf("%v/%v/%v/%v", v, r, at, mode.name), func(t *testing.T) {
						t.Parallel()
						o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
						w.eager, w.trickle = mode.eager, mode.trickle
						r.prepare(o, w)
						joinWire(o, w, at.oursBinds, freeEndpoint(t, at.transport))
						r.settle(o, w, nil)
						o.checkPeer(w)
						r.exchange(o, w, mode.sizes)
						if mode.eager && i%len(places) == j {
							r.exchange(o, w, []int{1 << 20})
						}
						if mode.eager && i%len(places) == j && i%len(oldVersions) == k {
							r.talk(o, w, single(hugeSize, 30))
						}
					})
				}
			}
		}
	}
}

// checkPeer compares the peer's properties from the handshake with w.
func (o *ours) checkPeer(w *wire) {
	o.t.Helper()
	p := o.Peers()[0]
	typ, id := "", ""
	if w.version == v3_0 {
		typ = w.name
	}
	if hasID(w.name) {
		id = theirsID
	}
	version := fmt.Sprintf("%d.0", int(w.version))
	if p.Version().String() != version || typ != "" && p.SocketType().String() != typ || typ == "" && p.SocketType() != 0 || p.RoutingID() != id || p.Mechanism() != "NULL" {
		o.t.Errorf("peer of version %q, type %q, id %q, mechanism %q; want %q, %q, %q, NULL",
			p.Version(), p.SocketType(), p.RoutingID(), p.Mechanism(), version, typ, id)
	}
}

// The connection is reset, and a new peer takes over the endpoint.
func TestExchangeResumesAfterOldVersionPeerIsKilled(t *testing.T) {
	for _, v := range oldVersions {
		for _, r := range allRoles() {
			for _, at := range places {
				t.Run(fmt.Sprintf("%v/%v/%v", v, r, at), func(t *testing.T) {
					t.Parallel()
					o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
					r.prepare(o, w)
					endpoint := joinWire(o, w, at.oursBinds, freeEndpoint(t, at.transport))
					r.settle(o, w, nil)
					r.exchange(o, w, []int{1, 8192})

					events := o.watch()
					w.kill()
					events.wait(zmq.EventDisconnected)
					w = newWire(t, v, r)
					r.prepare(w)
					w.reattach(at, endpoint)
					events.wait(zmq.EventReady)
					r.settle(o, w, o)
					r.exchange(o, w, []int{1, 8192})
				})
			}
		}
	}
}

func (w *wire) reattach(at place, endpoint string) {
	w.t.Helper()
	if at.oursBinds {
		w.connect(endpoint)
		return
	}
	w.bind(endpoint)
	w.accept()
}

// Our socket is closed while it is connected, and a new one takes over the
// endpoint.
func TestNewSocketResumesExchangeWithOldVersionPeer(t *testing.T) {
	for _, v := range oldVersions {
		for _, r := range allRoles() {
			for _, at := range places {
				t.Run(fmt.Sprintf("%v/%v/%v", v, r, at), func(t *testing.T) {
					t.Parallel()
					o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
					r.prepare(o, w)
					endpoint := joinWire(o, w, at.oursBinds, freeEndpoint(t, at.transport))
					r.settle(o, w, nil)
					r.exchange(o, w, []int{1, 8192})

					o.Close()
					if _, err := w.r.ReadByte(); err == nil {
						t.Fatal("received a byte from a closed socket")
					}
					o = newOurs(t, r.ours, nil)
					r.prepare(o)
					if at.oursBinds {
						o.bind(endpoint)
						w.connect(endpoint)
					} else {
						o.connect(endpoint)
						w.accept()
					}
					r.settle(o, w, w)
					r.exchange(o, w, []int{1, 8192})
				})
			}
		}
	}
}

// An old peer may send messages immediately after its part of the handshake,
// before it reads ours.
func TestMessagesSentDuringOldVersionHandshakeAreReceived(t *testing.T) {
	for _, v := range oldVersions {
		for _, oursBinds := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v/bound by us=%v", v, oursBinds), func(t *testing.T) {
				t.Parallel()
				r := roles{ours: "PULL", theirs: "PUSH"}
				o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
				w.eager = true
				for n := range 100 {
					w.early = append(w.early, w.encode(numbered(n, 1000).frames())...)
				}
				joinWire(o, w, oursBinds, freeEndpoint(t, "tcp"))
				for n := range 100 {
					o.expect(numbered(n, 1000))
				}
			})
		}
	}
}

// ZMTP versions before 3.1 have no PING. Such a peer receives none and is not
// disconnected for silence. Any received command fails the test.
func TestOldVersionPeersReceiveNoPing(t *testing.T) {
	for _, v := range oldVersions {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.Heartbeat.Interval, opts.Heartbeat.TTL = time.Millisecond, time.Second
			r := roles{ours: "PAIR", theirs: "PAIR"}
			o, w := newOurs(t, r.ours, opts), newWire(t, v, r)
			joinWire(o, w, true, freeEndpoint(t, "tcp"))
			o.connected()
			// The duration is arbitrary, but long compared with the heartbeat
			// interval.
			for start := time.Now(); time.Since(start) < 100*time.Millisecond; {
				bothWays(o, w, single(10, 1))
			}
			if n := o.count(zmq.EventDisconnected); n > 0 {
				t.Errorf("%d connections were closed", n)
			}
		})
	}
}

// ZMTP 1.0 has no subscriptions on the wire.
func TestZMTP1SubscriberReceivesEveryTopic(t *testing.T) {
	for _, typ := range []string{"PUB", "XPUB"} {
		t.Run(typ, func(t *testing.T) {
			r := roles{ours: typ, theirs: "SUB"}
			o, w := newOurs(t, r.ours, nil), newWire(t, v1, r)
			joinWire(o, w, true, freeEndpoint(t, "tcp"))
			o.waitSubscribers(1, "no such topic")
			for _, m := range []message{text("a", "1"), text(""), text("b"), text("\x00\x01")} {
				oneWay(o, w, m)
			}
		})
	}
}

// Subscriptions and unsubscriptions of ZMTP 2.0 and 3.0 are messages, not
// commands.
func TestOldVersionSubscriberReceivesOnlyItsTopics(t *testing.T) {
	for _, v := range []version{v2, v3_0} {
		for _, typ := range []string{"PUB", "XPUB"} {
			t.Run(fmt.Sprintf("%v/%s", v, typ), func(t *testing.T) {
				r := roles{ours: typ, theirs: "SUB"}
				o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
				w.subscribe("a", "b.")
				joinWire(o, w, true, freeEndpoint(t, "tcp"))
				o.waitSubscribers(1, "ax")
				o.waitSubscribers(1, "b.x")
				for _, topic := range []string{"b", "c", "ax", "", "b.x"} {
					o.send(text(topic, "1"))
				}
				w.expect(text("ax", "1"))
				w.expect(text("b.x", "1"))
				w.send(text("\x00a"))
				w.send(text("\x01c"))
				o.waitSubscribers(1, "c")
				o.send(text("a", "2"))
				o.send(text("c", "2"))
				w.expect(text("c", "2"))
				if typ == "XPUB" {
					for _, s := range []string{"\x01a", "\x01b.", "\x00a", "\x01c"} {
						o.expect(text(s))
					}
				}
			})
		}
	}
}

// Subscriptions reach an old publisher as messages, for topics of every length.
func TestOldVersionPublisherReceivesSubscriptions(t *testing.T) {
	for _, v := range oldVersions {
		for _, typ := range []string{"SUB", "XSUB"} {
			t.Run(fmt.Sprintf("%v/%s", v, typ), func(t *testing.T) {
				r := roles{ours: typ, theirs: "XPUB"}
				o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
				joinWire(o, w, true, freeEndpoint(t, "tcp"))
				o.connected()
				for _, size := range topicSizes {
					topic := string(blob(size, 1).bytes())
					o.subscribe(topic)
					w.expect(text("\x01" + topic))
					o.unsubscribe(topic)
					w.expect(text("\x00" + topic))
				}
			})
		}
	}
}

// topicSizes are around the lengths at which the encoding of a subscription
// changes.
var topicSizes = []int{0, 1, 244, 245, 246, 247, 252, 253, 254, 255, 256, 257, 10000}
