package pattern_test

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// TestPatternTakesNoLockOfAPeer runs what a socket does about its peers under its
// send lock while the peer holds its own, which guards the queue from it. Two
// sockets of a process would otherwise wait for each other. An XPUB alone takes
// the lock of a subscriber, and a subscriber never that of a publisher.
func TestPatternTakesNoLockOfAPeer(t *testing.T) {
	for typ, info := range pattern.Types {
		if typ == pattern.XPUB {
			continue
		}
		t.Run(info.Name, func(t *testing.T) {
			s := newSocket(t, typ, func(o *pattern.Options) {
				o.Handover, o.NotifyConnect, o.NotifyDisconnect, o.Probe = true, true, true, true
				o.Welcome, o.Verboser = []byte("welcome"), true
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
					pub.Upstream(first.p, "topic", true)
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
				t.Fatal("waits for the lock of a peer")
			}
		})
	}
}
