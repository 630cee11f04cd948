package socket_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestSubscriptionsAfterUnbindAreIgnored: after Unbind its peers receive the
// messages that are queued. Subscriptions that they send afterwards have no
// effect.
func TestSubscriptionsAfterUnbindAreIgnored(t *testing.T) {
	for _, types := range [][2]pattern.Type{{pattern.PUB, pattern.SUB}, {pattern.XPUB, pattern.XSUB}, {pattern.RADIO, pattern.DISH}} {
		st.Run(t, func(w *st.World) {
			pub, sub := w.Socket(types[0]), w.Socket(types[1], st.HWM(0, 1))
			pub.MustBind("mem://a")
			subscribe(t, sub, true, "old")
			sub.MustConnect("mem://a")
			w.Settle()
			const n = 100
			for range n {
				pub.MustSend("old", st.Large(100<<10))
			}
			w.Settle()
			if err := pub.Unbind("mem://a"); err != nil {
				t.Fatal(err)
			}
			subscribe(t, sub, true, "new")
			w.Settle()
			if topics := pub.TopicCount(); topics != 0 && types[0] != pattern.RADIO {
				t.Errorf("%s: %d topics after Unbind, want 0", pattern.Types[types[0]].Name, topics)
			}
			pub.MustSend("new", "after Unbind")
			for range n {
				if m, _ := sub.MustRecv(); m[0] != "old" {
					t.Errorf("received %.20q", m)
				}
			}
			w.Settle()
			sub.WantNone()
		})
	}
}
