package inproc_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// Close of a socket that has sent to a name that is not bound waits for the
// binder.
func TestCloseDeliversQueuedMessagesToLaterBinder(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustConnect("inproc://x")
		for i := range 5 {
			push.MustSend(fmt.Sprint(i))
		}
		pull := w.Socket(pattern.PULL)
		time.AfterFunc(time.Second, func() { pull.MustBind("inproc://x") })
		var unsent int
		if d := st.After(func() { unsent = push.CloseIn(time.Minute) }); d != time.Second || unsent != 0 {
			t.Errorf("Close took %v and returned %d unsent messages", d, unsent)
		}
		push.WantDrops(nil)
		for i := range 5 {
			pull.WantRecv(fmt.Sprint(i))
		}
	})
}

func TestCloseDropsQueuedMessagesWithoutBinderAfterLinger(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustConnect("inproc://x")
		for range 5 {
			push.MustSend("x")
		}
		var unsent int
		if d := st.After(func() { unsent = push.CloseIn(time.Minute) }); d != time.Minute || unsent != 5 {
			t.Errorf("Close took %v and returned %d unsent messages", d, unsent)
		}
		push.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: 5})
		pull := w.Socket(pattern.PULL)
		pull.MustBind("inproc://x")
		pull.WantNone()
	})
}
