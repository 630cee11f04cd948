package pattern_test

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// The test calls the methods that run under the send lock while the peer holds
// the lock of its queue. Otherwise two sockets of a process could deadlock.
// XPUB alone takes the lock of a subscriber; a subscriber never takes the lock
// of a publisher.
func TestPatternTakesNoLockOfPeer(t *testing.T) {
	for typ, info := range pattern.Types {
		if typ == pattern.XPUB {
			continue
		}
		t.Run(info.Name, func(t *testing.T) {
			s := newSocket(t, typ, func(o *pattern.Options) {
				o.Handover, o.NotifyConnect, o.NotifyDisconnect, o.Probe = true, true, true, true
				o.Welcome, o.XPubNotify = []byte("welcome"), pattern.XPubNotifyEveryChange
			})
			first, second := s.newFar(hwm), s.newFar(hwm)
			first.mu.Lock()
			second.mu.Lock()
			done := make(chan struct{})
			go func() {
				defer close(done)
				for _, f := range []*far{first, second} { // the second takes the routing ID over
					s.pat.Attach(f.p)
					peer := &msg.Peer{RoutingID: "id"}
					if s.pat.Connected(f.p, peer) == nil {
						f.p.SetPeer(peer)
					}
				}
				if pub, ok := s.pat.(pattern.Publisher); ok {
					pub.SetSubscription(first.p, "topic", true)
				}
				if sub, ok := s.pat.(pattern.Subscriber); ok {
					sub.Subscribe("topic", true)
				}
				if sender, ok := s.pat.(pattern.Sender); ok {
					sender.Send(message{"id", "", "body"}.msg())
				}
				for _, f := range []*far{first, second} {
					if pub, ok := s.pat.(pattern.Publisher); ok {
						for pub.RemoveSubscriptions(f.p) {
						}
					}
					s.pat.Disconnected(f.p)
					s.pat.Detach(f.p)
				}
			}()
			select {
			case <-done:
			case <-time.After(time.Minute):
				t.Fatal("a method waits for the lock of a peer")
			}
		})
	}
}
