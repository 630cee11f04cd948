package socket_test

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// publishers are the socket types whose peers subscribe, with the options that
// affect the cost of a subscription.
var publishers = []struct {
	name, peer string
	typ        pattern.Type
	on, off    string // command names
	set        func(*pattern.Options)
}{
	{name: "PUB", typ: pattern.PUB, peer: "SUB", on: "SUBSCRIBE", off: "CANCEL"},
	{name: "PUB inverted", typ: pattern.PUB, peer: "XSUB", on: "SUBSCRIBE", off: "CANCEL",
		set: func(o *pattern.Options) { o.Invert = true }},
	{name: "XPUB", typ: pattern.XPUB, peer: "SUB", on: "SUBSCRIBE", off: "CANCEL"},
	{name: "XPUB verboser", typ: pattern.XPUB, peer: "XSUB", on: "SUBSCRIBE", off: "CANCEL",
		set: func(o *pattern.Options) { o.XPubNotify = pattern.XPubNotifyEveryChange }},
	{name: "XPUB manual", typ: pattern.XPUB, peer: "SUB", on: "SUBSCRIBE", off: "CANCEL",
		set: func(o *pattern.Options) { o.Manual = true }},
	{name: "RADIO", typ: pattern.RADIO, peer: "DISH", on: "JOIN", off: "LEAVE"},
}

// changes returns commands that subscribe to n topics and then cancel them.
func changes(on, off string, peer, n int) (b []byte) {
	for _, name := range []string{on, off} {
		for i := range n {
			b = append(b, st.Command(name, fmt.Appendf(nil, "topic %d of %d", i, peer))...)
		}
	}
	return b
}

// awaitPong reads until a PONG arrives: then everything sent before the PING is
// processed.
func awaitPong(p *st.Peer) {
	for {
		if flags, body := p.Frame(); flags&wire.FlagCommand != 0 && bytes.HasPrefix(body, []byte("\x04PONG")) {
			return
		}
	}
}

// makeChanges lets peers subscribe and cancel, and waits until the publisher
// has processed it all. It returns the number of changes and the time that they
// took.
func makeChanges(w *st.World, i, peers, n int) (made int, took time.Duration) {
	c := publishers[i]
	done := make(chan struct{})
	var list []*st.Peer
	for range peers {
		p := w.Dial("a")
		p.Handshake(c.peer)
		list = append(list, p)
	}
	took = st.After(func() {
		for i, p := range list {
			b := append(changes(c.on, c.off, i, n), st.Ping(0, "")...)
			go p.MustWrite(b)
			go func() {
				awaitPong(p)
				done <- struct{}{}
			}()
		}
		for range peers {
			<-done
		}
	})
	return peers * 2 * n, took
}

// eachPublisher calls f with a bound publisher of every kind in publishers.
func eachPublisher(t *testing.T, f func(w *st.World, pub *st.Socket, i int)) {
	for i, c := range publishers {
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				pub := w.Socket(c.typ, st.HWM(10, 0), func(o *socket.Options) {
					if c.set != nil {
						c.set(&o.Pattern)
					}
				})
				pub.MustBind("mem://a")
				f(w, pub, i)
			})
		})
	}
}

// sendEvery sends a message every 20 us and counts them, until stop is called.
func sendEvery(w *st.World, pub *st.Socket, sent *atomic.Int64) (stop func()) {
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stopped:
				return
			case <-time.After(20 * time.Microsecond):
			}
			if err := pub.TrySend(st.Of("unsubscribed", "x")); err != nil {
				w.Error(err)
			}
			sent.Add(1)
		}
	}()
	return func() { close(stopped); <-ended }
}

// TestSendsProceedDuringSubscriptionChanges: while peers subscribe and cancel
// as fast as they can, Send proceeds after every 64 changes, for any number of
// peers.
func TestSendsProceedDuringSubscriptionChanges(t *testing.T) {
	for _, peers := range []int{1, 8} {
		eachPublisher(t, func(w *st.World, pub *st.Socket, i int) {
			var sent atomic.Int64
			stop := sendEvery(w, pub, &sent)
			time.Sleep(time.Millisecond)
			made, _ := makeChanges(w, i, peers, 2000)
			stop()
			// A pause of 100 us, in which four sends fit, follows every 64
			// changes.
			if n := int(sent.Load()); n < made/64*4 {
				w.Errorf("%d sends during %d changes", n, made)
			}
		})
	}
}

// TestSubscriptionChangesDoNotPauseWithoutSenders: changes are processed
// without pauses if nothing was sent, or not recently.
func TestSubscriptionChangesDoNotPauseWithoutSenders(t *testing.T) {
	eachPublisher(t, func(w *st.World, pub *st.Socket, i int) {
		if _, took := makeChanges(w, i, 4, 2000); took != 0 {
			w.Errorf("the changes took %v, want 0", took)
		}
		pub.MustSend("unsubscribed", "x")
		makeChanges(w, i, 1, 100)
		time.Sleep(time.Second)
		if _, took := makeChanges(w, i, 4, 2000); took != 0 {
			w.Errorf("one second after a message the changes took %v, want 0", took)
		}
	})
}

// TestSendsProceedWhileSubscriptionsAreRemoved: a peer with many subscriptions
// disconnects, or its endpoint is unbound.
func TestSendsProceedWhileSubscriptionsAreRemoved(t *testing.T) {
	for _, unbind := range []bool{false, true} {
		testRemoval(t, unbind)
	}
}

func testRemoval(t *testing.T, unbind bool) {
	eachPublisher(t, func(w *st.World, pub *st.Socket, i int) {
		c := publishers[i]
		const n = 8192
		p := w.Dial("a")
		p.Handshake(c.peer)
		both := changes(c.on, c.off, 0, n)
		p.MustWrite(both[:len(both)-len(changes(c.off, c.off, 0, n))/2], st.Ping(0, ""))
		awaitPong(p)
		var sent atomic.Int64
		defer sendEvery(w, pub, &sent)()
		time.Sleep(time.Millisecond)
		before := sent.Load()
		if unbind {
			if err := pub.Unbind("mem://a"); err != nil {
				t.Error(err)
			}
		} else {
			p.Close()
		}
		for len(pub.Peers()) > 0 {
			time.Sleep(20 * time.Microsecond)
		}
		if sent := sent.Load() - before; sent < n/256*4 {
			w.Errorf("%d sends while %d subscriptions were removed", sent, n)
		}
	})
}
