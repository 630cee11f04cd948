package socket_test

import (
	"fmt"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// generatedOptions makes the messages that a socket generates for its own Recv: a
// notification for each connection and each disconnected peer, the hello, disconnect and
// hiccup message, and each subscription and cancellation.
func generatedOptions(o *socket.Options) {
	o.Hello, o.Disconnect, o.Hiccup = []byte("hello"), []byte("disconnect"), []byte("hiccup")
	o.Pattern.NotifyConnect, o.Pattern.NotifyDisconnect = true, true
	o.Pattern.XPubNotify = pattern.XPubNotifyEveryChange
}

// TestCloseCountsNoMessageThatItGenerates closes a socket of each type that receives,
// with everything read and with unread messages. Only messages that Recv would have
// returned before Close count as dropped: no cancellation, disconnect message or
// notification that is a consequence of Close.
func TestCloseCountsNoMessageThatItGenerates(t *testing.T) {
	for _, c := range []struct{ typ, peer pattern.Type }{
		{pattern.PAIR, pattern.PAIR}, {pattern.SUB, pattern.PUB}, {pattern.XSUB, pattern.XPUB}, {pattern.XPUB, pattern.SUB},
		{pattern.XPUB, pattern.XSUB}, {pattern.REQ, pattern.REP}, {pattern.REP, pattern.REQ}, {pattern.DEALER, pattern.ROUTER},
		{pattern.ROUTER, pattern.DEALER}, {pattern.PULL, pattern.PUSH}, {pattern.SERVER, pattern.CLIENT}, {pattern.CLIENT, pattern.SERVER},
		{pattern.DISH, pattern.RADIO}, {pattern.GATHER, pattern.SCATTER}, {pattern.PEER, pattern.PEER}, {pattern.CHANNEL, pattern.CHANNEL},
	} {
		for _, ep := range []string{"mem://a", "inproc://a"} {
			for _, binds := range []bool{true, false} {
				for _, unread := range []bool{true, false} {
					t.Run(fmt.Sprintf("%v with %v over %s, binds=%v, unread=%v", pattern.Types[c.typ].Name, pattern.Types[c.peer].Name, ep, binds, unread), func(t *testing.T) {
						st.Run(t, func(w *st.World) {
							s, peer := w.Socket(c.typ, generatedOptions), w.Socket(c.peer, generatedOptions)
							if c.peer == pattern.SUB || c.peer == pattern.XSUB {
								for _, topic := range []string{"a", "b"} {
									if err := peer.Subscribe(topic, true); err != nil {
										t.Fatal(err)
									}
								}
							}
							bound, other := s, peer
							if !binds {
								bound, other = peer, s
							}
							bound.MustBind(ep)
							other.MustConnect(ep)
							s.WaitPeers(1)
							w.Settle()
							if !unread {
								for m := new(msg.Msg); s.TryRecv(m) == nil; {
								}
							}
							want := uint64(s.Stats().QueuedRecv)
							if c.typ == pattern.XPUB && unread && want != 2 {
								t.Errorf("%d unread messages, want 2 subscriptions", want)
							}
							s.CloseIn(0)
							if n := s.Stats().Drops[pipe.DropUnread]; n != want {
								t.Errorf("%d messages dropped as unread, want %d", n, want)
							}
						})
					})
				}
			}
		}
	}
}
