package socket_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestXPubReceivesSubscriptionsInOrderWhilePolled: several peers subscribe to
// one topic and cancel. TryRecv, called in a loop while subscriptions are being
// queued, returns them in the order in which they took effect.
func TestXPubReceivesSubscriptionsInOrderWhilePolled(t *testing.T) {
	for _, ep := range []string{"inproc://a", "mem://a"} {
		t.Run(ep, func(t *testing.T) { st.Run(t, func(w *st.World) { pollXPub(t, w, ep) }) })
	}
}

func pollXPub(t *testing.T, w *st.World, ep string) {
	xpub := w.Socket(pattern.XPUB)
	xpub.MustBind(ep)
	var subs []*st.Socket
	for range 3 {
		s := w.Socket(pattern.XSUB)
		s.MustConnect(ep)
		s.WaitPeers(1)
		subs = append(subs, s)
	}
	xpub.WaitPeers(3)
	var done atomic.Int32
	for _, s := range subs {
		go func() {
			defer done.Add(1)
			for range 20_000 {
				_ = s.Subscribe("t", true)
				_ = s.Subscribe("t", false)
			}
		}()
	}
	want := byte(1)
	for idle := false; ; {
		var m msg.Msg
		if xpub.TryRecv(&m) != nil {
			if idle {
				break
			}
			if idle = int(done.Load()) == len(subs); idle {
				w.Settle()
			}
			continue
		}
		idle = false
		if m.First[0] != want {
			t.Errorf("received %q twice in a row", m.First)
			return
		}
		want = 1 - want
	}
	if want == 0 {
		t.Error("the last cancellation was not received")
	}
}

// TestXPubLastValueGoesToLastSubscriberWhilePolled: with the LastValue option,
// a message goes only to the peer whose subscription was received last, even if
// it was received while it was being queued.
func TestXPubLastValueGoesToLastSubscriberWhilePolled(t *testing.T) {
	for _, ep := range []string{"inproc://a", "mem://a"} {
		st.Run(t, func(w *st.World) {
			xpub := w.Socket(pattern.XPUB, func(o *socket.Options) { o.Pattern.Manual, o.Pattern.LastValue = true, true })
			xpub.MustBind(ep)
			all := w.Socket(pattern.SUB)
			subscribe(t, all, true, "t")
			all.MustConnect(ep)
			_, from := xpub.MustRecv()
			if err := xpub.Assign(from, []string{"t"}, true); err != nil {
				t.Fatal(err)
			}
			xpub.MustSend("t")
			all.WantRecv("t")
			other := w.Socket(pattern.XSUB)
			other.MustConnect(ep)
			other.WaitPeers(1)
			const n = 20_000
			go func() {
				for i := range n {
					_ = other.Subscribe(fmt.Sprint(i), true)
				}
			}()
			for range n {
				var m msg.Msg
				for tries := 1; xpub.TryRecv(&m) != nil; tries++ {
					if tries%1000 == 0 {
						time.Sleep(time.Millisecond) // subscription changes pause after a send
					}
				}
				xpub.MustSend("t")
			}
			w.Settle()
			all.WantNone()
		})
	}
}
