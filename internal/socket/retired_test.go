package socket_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestRetiredSubscribesToNothing: whose endpoint is unbound gets what is queued
// and no more, whatever it subscribes to meanwhile.
func TestRetiredSubscribesToNothing(t *testing.T) {
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
				t.Errorf("%s: %d topics of a peer that was taken away", pattern.Types[types[0]].Name, topics)
			}
			pub.MustSend("new", "not for it")
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
