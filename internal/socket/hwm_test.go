package socket_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestSetHWMAppliesAtOnce: raising the mark makes room at once, also for
// blocked calls. Lowering it drops nothing, and blocks senders until enough is
// read.
func TestSetHWMAppliesAtOnce(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		push, pull := w.Socket(pattern.PUSH, st.HWM(4, 4)), w.Socket(pattern.PULL, st.HWM(4, 4))
		push.MustConnect(ep)
		if n := push.Fill(); n != 4 {
			t.Fatalf("%d messages queued without a peer, want 4", n)
		}
		if err := push.SetHWM(6, 1); err != nil {
			t.Fatal(err)
		}
		if n := push.Fill(); n != 2 {
			t.Fatalf("%d more messages queued after raising the mark by 2", n)
		}
		waiting := make(chan struct{})
		go func() {
			defer close(waiting)
			push.MustSend("fill")
		}()
		w.Settle()
		if err := push.SetHWM(7, 1); err != nil {
			t.Fatal(err)
		}
		<-waiting
		if err := push.SetHWM(2, 1); err != nil {
			t.Fatal(err)
		}
		push.WantFull()
		pull.MustBind(ep)
		push.WaitPeers(1)
		sent := 7 + push.Fill()
		if ep == "inproc://a" && sent != 7 {
			t.Errorf("%d messages queued, want 7 with marks of 2 and 4", sent)
		}
		if err := pull.SetHWM(1, 30); err != nil {
			t.Fatal(err)
		}
		more := push.Fill()
		if sent += more; more == 0 || ep == "inproc://a" && sent != 32 {
			t.Errorf("%d messages queued, %d of them after the mark of the receiver became 30", sent, more)
		}
		for range sent {
			pull.WantRecv("fill")
		}
		pull.WantNone()
		push.WantDrops(nil)
		pull.WantDrops(nil)
	})
}

// TestSetHWMZeroIsUnlimited: a mark of 0 is unlimited, and a finite mark can be
// set again.
func TestSetHWMZeroIsUnlimited(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		push, pull := w.Socket(pattern.PUSH, st.HWM(1, 1)), w.Socket(pattern.PULL, st.HWM(1, 1))
		pull.MustBind(ep)
		push.MustConnect(ep)
		push.WaitPeers(1)
		if err := push.SetHWM(0, 0); err != nil {
			t.Fatal(err)
		}
		for range 5000 {
			push.MustSend("x")
		}
		if err := push.SetHWM(1, 1); err != nil {
			t.Fatal(err)
		}
		if ep == "inproc://a" {
			push.WantFull()
		}
		for range 5000 {
			pull.WantRecv("x")
		}
		pull.WantNone()
		push.MustSend("x")
	})
}

// TestSetHWMWhileSendingDropsNothing: marks change while peers connect and
// messages flow. Every message is received.
func TestSetHWMWhileSendingDropsNothing(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		const messages = 2000
		pull := w.Socket(pattern.PULL, st.HWM(3, 3))
		pull.MustBind(ep)
		var all sync.WaitGroup
		for i := range 3 {
			push := w.Socket(pattern.PUSH, st.HWM(2, 2))
			rng := rand.New(rand.NewPCG(uint64(i), 0))
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				push.MustConnect(ep)
				for n := range messages {
					if n%100 == 0 {
						time.Sleep(time.Millisecond)
					}
					push.MustSend("x")
				}
			})
			all.Go(func() {
				for range 50 {
					time.Sleep(time.Millisecond)
					push.SetHWM(1+rng.IntN(10), 1)
					pull.SetHWM(1, 1+rng.IntN(10))
				}
			})
		}
		for range 3 * messages {
			pull.WantRecv("x")
		}
		all.Wait()
		pull.WantNone()
	})
}
