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

// publishers are the types whose peers subscribe, with the options that change
// what a subscription costs.
var publishers = []struct {
	name, peer string
	typ        pattern.Type
	on, off    string // commands of the peer
	set        func(*pattern.Options)
}{
	{name: "PUB", typ: pattern.PUB, peer: "SUB", on: "SUBSCRIBE", off: "CANCEL"},
	{name: "PUB inverted", typ: pattern.PUB, peer: "XSUB", on: "SUBSCRIBE", off: "CANCEL",
		set: func(o *pattern.Options) { o.Invert = true }},
	{name: "XPUB", typ: pattern.XPUB, peer: "SUB", on: "SUBSCRIBE", off: "CANCEL"},
	{name: "XPUB verboser", typ: pattern.XPUB, peer: "XSUB", on: "SUBSCRIBE", off: "CANCEL",
		set: func(o *pattern.Options) { o.Verbose, o.Verboser = true, true }},
	{name: "XPUB manual", typ: pattern.XPUB, peer: "SUB", on: "SUBSCRIBE", off: "CANCEL",
		set: func(o *pattern.Options) { o.Manual = true }},
	{name: "RADIO", typ: pattern.RADIO, peer: "DISH", on: "JOIN", off: "LEAVE"},
}

// changes subscribes to n topics and cancels them.
func changes(on, off string, peer, n int) (b []byte) {
	for _, name := range []string{on, off} {
		for i := range n {
			b = append(b, st.Command(name, fmt.Appendf(nil, "topic %d of %d", i, peer))...)
		}
	}
	return b
}

// awaitPong reads until the far side has processed what was sent before a PING.
func awaitPong(p *st.Peer) {
	for {
		if flags, body := p.Frame(); flags&wire.FlagCommand != 0 && bytes.HasPrefix(body, []byte("\x04PONG")) {
			return
		}
	}
}

// makeChanges has peers make changes, waits until the publisher has made them, and
// returns how many they were.
func makeChanges(w *st.World, i, peers, n int) (made int, took time.Duration) {
	c := publishers[i]
	done := make(chan struct{})
	var list []*st.Peer
	for range peers {
		p := w.Dial("a")
		p.Shake(c.peer)
		list = append(list, p)
	}
	took = st.After(func() {
		for i, p := range list {
			b := append(changes(c.on, c.off, i, n), st.Ping(0, "")...)
			go p.Must(b)
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

// eachPublisher calls f with a bound publisher of every kind.
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

// sendEvery has the publisher send a message each 20 us, and counts them, until
// stop is called.
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
			if err := pub.TrySend(st.Of("nobody", "x")); err != nil {
				w.Error(err)
			}
			sent.Add(1)
		}
	}()
	return func() { close(stopped); <-ended }
}

// TestSendersGoBetweenChangesOfSubscriptions: while peers subscribe and cancel
// as fast as they can, a publisher has its time between some tens of their
// changes, however many the peers are.
func TestSendersGoBetweenChangesOfSubscriptions(t *testing.T) {
	for _, peers := range []int{1, 8} {
		eachPublisher(t, func(w *st.World, pub *st.Socket, i int) {
			var sent atomic.Int64
			stop := sendEvery(w, pub, &sent)
			time.Sleep(time.Millisecond)
			made, _ := makeChanges(w, i, peers, 2000)
			stop()
			// A pause of 100 us, in which four sends fit, follows every 64 changes.
			if n := int(sent.Load()); n < made/64*4 {
				w.Errorf("%d sends beside %d changes", n, made)
			}
		})
	}
}

// TestChangesOfSubscriptionsDoNotPauseWithoutSenders: subscribers that come
// before anything is sent, or when nothing has been for a while, are not held up.
func TestChangesOfSubscriptionsDoNotPauseWithoutSenders(t *testing.T) {
	eachPublisher(t, func(w *st.World, pub *st.Socket, i int) {
		if _, took := makeChanges(w, i, 4, 2000); took != 0 {
			w.Errorf("it took %v", took)
		}
		pub.MustSend("nobody", "x")
		makeChanges(w, i, 1, 100)
		time.Sleep(time.Second)
		if _, took := makeChanges(w, i, 4, 2000); took != 0 {
			w.Errorf("after a message it took %v", took)
		}
	})
}

// TestSendersGoWhileSubscriptionsAreForgotten: the many of a peer that has left,
// or whose endpoint is unbound.
func TestSendersGoWhileSubscriptionsAreForgotten(t *testing.T) {
	for _, unbind := range []bool{false, true} {
		testForgetting(t, unbind)
	}
}

func testForgetting(t *testing.T, unbind bool) {
	eachPublisher(t, func(w *st.World, pub *st.Socket, i int) {
		c := publishers[i]
		const n = 8192
		p := w.Dial("a")
		p.Shake(c.peer)
		both := changes(c.on, c.off, 0, n)
		p.Must(both[:len(both)-len(changes(c.off, c.off, 0, n))/2], st.Ping(0, ""))
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
			w.Errorf("%d sends while %d subscriptions were forgotten", sent, n)
		}
	})
}
