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

// TestXPubOrderWhilePolled: subscriptions of several peers to one topic come in
// the order in which they took effect, also to who asks all the time and comes
// upon one that is just being queued.
func TestXPubOrderWhilePolled(t *testing.T) {
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
		s.MustMeet(1)
		subs = append(subs, s)
	}
	xpub.MustMeet(3)
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
			t.Errorf("%q, when the topic is known to be in that state", m.First)
			return
		}
		want = 1 - want
	}
	if want == 0 {
		t.Error("the topic is left, and the application has not heard of it")
	}
}

// TestXPubLastValueWhilePolled: a message behind a subscription that was
// received is for that subscriber alone, however soon after its arrival that was
// received.
func TestXPubLastValueWhilePolled(t *testing.T) {
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
			other.MustMeet(1)
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
						time.Sleep(time.Millisecond) // the changes pause for senders
					}
				}
				xpub.MustSend("t")
			}
			w.Settle()
			all.WantNone()
		})
	}
}
