package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

var oldVersions = []version{v1, v2, v3_0}

// joinWire connects the two.
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

// manners are the ways in which a peer may write.
var manners = []struct {
	name           string
	eager, trickle bool
	sizes          []int
}{
	{"at once", true, false, sizes[:len(sizes)-1]},
	{"step by step", false, false, []int{0, 1, 255, 256, 65535}},
	{"byte by byte", false, true, []int{0, 1, 253, 254, 255, 256}},
}

// The exchange of every legal pair, in every place, with every old version.
// The largest messages go once between the types of each pair, for they are
// what takes long.
func TestOldExchange(t *testing.T) {
	for k, v := range oldVersions {
		for i, r := range allRoles() {
			for j, at := range places {
				for _, how := range manners {
					if how.trickle && at.transport == "ipc" {
						continue // a stream is a stream
					}
					t.Run(fmt.Sprintf("%v/%v/%v/%v", v, r, at, how.name), func(t *testing.T) {
						t.Parallel()
						o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
						w.eager, w.trickle = how.eager, how.trickle
						r.prepare(o, w)
						joinWire(o, w, at.oursBinds, anywhere(t, at.transport))
						r.settle(o, w, nil)
						o.checkPeer(w)
						r.exchange(o, w, how.sizes)
						if how.eager && i%len(places) == j {
							r.exchange(o, w, []int{1 << 20})
						}
						if how.eager && i%len(places) == j && i%len(oldVersions) == k {
							r.talk(o, w, single(huge, 30))
						}
					})
				}
			}
		}
	}
}

// checkPeer compares what the handshake told us.
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
	if p.Version() != version || typ != "" && p.SocketType().String() != typ || typ == "" && p.SocketType() != 0 || p.RoutingID() != id || p.Mechanism() != "NULL" {
		o.t.Errorf("peer of version %q, type %q, id %q, mechanism %q; want %q, %q, %q, NULL",
			p.Version(), p.SocketType(), p.RoutingID(), p.Mechanism(), version, typ, id)
	}
}

// Exchange goes on after the old peer is gone and another takes its place.
func TestOldTheirsKilled(t *testing.T) {
	for _, v := range oldVersions {
		for _, r := range allRoles() {
			for _, at := range places {
				t.Run(fmt.Sprintf("%v/%v/%v", v, r, at), func(t *testing.T) {
					t.Parallel()
					o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
					r.prepare(o, w)
					endpoint := joinWire(o, w, at.oursBinds, anywhere(t, at.transport))
					r.settle(o, w, nil)
					r.exchange(o, w, []int{1, 8192})

					happens := o.watch()
					w.kill()
					happens.wait(zmq.EventDisconnected)
					w = newWire(t, v, r)
					r.prepare(w)
					w.meet(at, endpoint)
					happens.wait(zmq.EventReady)
					r.settle(o, w, o)
					r.exchange(o, w, []int{1, 8192})
				})
			}
		}
	}
}

func (w *wire) meet(at place, endpoint string) {
	w.t.Helper()
	if at.oursBinds {
		w.connect(endpoint)
		return
	}
	w.bind(endpoint)
	w.accept()
}

// Exchange goes on after our socket is closed in the middle of everything and
// another takes its place.
func TestOldOursReopened(t *testing.T) {
	for _, v := range oldVersions {
		for _, r := range allRoles() {
			for _, at := range places {
				t.Run(fmt.Sprintf("%v/%v/%v", v, r, at), func(t *testing.T) {
					t.Parallel()
					o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
					r.prepare(o, w)
					endpoint := joinWire(o, w, at.oursBinds, anywhere(t, at.transport))
					r.settle(o, w, nil)
					r.exchange(o, w, []int{1, 8192})

					o.Close()
					if _, err := w.r.ReadByte(); err == nil {
						t.Fatal("a byte from a socket that is closed")
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

// An old peer may send messages right behind its handshake, before it has read
// a byte of ours.
func TestOldMessagesWithHandshake(t *testing.T) {
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
				joinWire(o, w, oursBinds, anywhere(t, "tcp"))
				for n := range 100 {
					o.expect(numbered(n, 1000))
				}
			})
		}
	}
}

// Peers before ZMTP 3.1 know no PING: they get none, and are not given up for
// their silence. Whatever comes as a command fails the test.
func TestOldPeersGetNoPing(t *testing.T) {
	for _, v := range oldVersions {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.Heartbeat.Interval, opts.Heartbeat.TTL = time.Millisecond, time.Second
			r := roles{ours: "PAIR", theirs: "PAIR"}
			o, w := newOurs(t, r.ours, opts), newWire(t, v, r)
			joinWire(o, w, true, anywhere(t, "tcp"))
			o.connected()
			// How long this goes on does not matter, but that it is long for
			// such a heart.
			for start := time.Now(); time.Since(start) < 100*time.Millisecond; {
				bothWays(o, w, single(10, 1))
			}
			if n := o.count(zmq.EventDisconnected); n > 0 {
				t.Errorf("%d connections were lost", n)
			}
		})
	}
}

// A subscriber of ZMTP 1.0 gets everything, for it cannot say what it wants.
func TestUnversionedSubscriberGetsAll(t *testing.T) {
	for _, typ := range []string{"PUB", "XPUB"} {
		t.Run(typ, func(t *testing.T) {
			r := roles{ours: typ, theirs: "SUB"}
			o, w := newOurs(t, r.ours, nil), newWire(t, v1, r)
			joinWire(o, w, true, anywhere(t, "tcp"))
			o.waitSubscribers(1, "no such topic")
			for _, m := range []message{text("a", "1"), text(""), text("b"), text("\x00\x01")} {
				oneWay(o, w, m)
			}
		})
	}
}

// Topics are filtered for old subscribers as for new ones, and unsubscribing
// works in messages too.
func TestOldSubscriberFilters(t *testing.T) {
	for _, v := range []version{v2, v3_0} {
		for _, typ := range []string{"PUB", "XPUB"} {
			t.Run(fmt.Sprintf("%v/%s", v, typ), func(t *testing.T) {
				r := roles{ours: typ, theirs: "SUB"}
				o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
				w.subscribe("a", "b.")
				joinWire(o, w, true, anywhere(t, "tcp"))
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

// Our subscriptions reach old publishers as messages, topics of every length
// whole.
func TestOldPublisherSeesSubscriptions(t *testing.T) {
	for _, v := range oldVersions {
		for _, typ := range []string{"SUB", "XSUB"} {
			t.Run(fmt.Sprintf("%v/%s", v, typ), func(t *testing.T) {
				r := roles{ours: typ, theirs: "XPUB"}
				o, w := newOurs(t, r.ours, nil), newWire(t, v, r)
				joinWire(o, w, true, anywhere(t, "tcp"))
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

// topicSizes are around those where the form of a subscription changes.
var topicSizes = []int{0, 1, 244, 245, 246, 247, 252, 253, 254, 255, 256, 257, 10000}
