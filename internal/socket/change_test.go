package socket_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

func TestChangeAppliesToLaterEndpointsAndLingerToAll(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a:1")
		router.MustBind("mem://b:1")
		dealer := w.Socket(pattern.DEALER, st.ID("first"))
		dealer.MustConnect("mem://a:1")
		if err := dealer.Change(func(o *socket.Options) { o.RoutingID, o.Linger = "second", time.Second }); err != nil {
			t.Fatal(err)
		}
		dealer.MustConnect("mem://b:1")
		router.WaitPeers(2)
		ids := map[string]bool{}
		for _, p := range router.Peers() {
			ids[p.RoutingID] = true
		}
		if !ids["first"] || !ids["second"] || dealer.Linger() != time.Second {
			t.Errorf("IDs %v, linger %v", ids, dealer.Linger())
		}
	})
}

func TestChangeToInvalidOptionsChangesNothing(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := w.Socket(pattern.DEALER, st.ID("id"))
		err := s.Change(func(o *socket.Options) { o.RoutingID, o.Linger = "\x00", 1 })
		if !errors.Is(err, socket.ErrInvalidOption) || s.Linger() != 30*time.Second {
			t.Errorf("%v, linger %v", err, s.Linger())
		}
	})
}

// Options change while peers connect and disconnect over inproc and a network.
func TestChangeIsConcurrentWithConnections(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := w.Socket(pattern.ROUTER)
		s.MustBind("mem://a:1")
		s.MustBind("inproc://a")
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for range 20 {
					peer := w.Socket(pattern.DEALER)
					peer.MustConnect([]string{"mem://a:1", "inproc://a"}[i%2])
					peer.MustSend("x")
					peer.CloseIn(time.Second)
				}
			})
		}
		wg.Go(func() {
			for i := range 200 {
				err := s.Change(func(o *socket.Options) {
					o.Disconnect, o.Hello, o.RoutingID = []byte(fmt.Sprint(i)), []byte("hello"), fmt.Sprint(i)
					o.Properties = map[string]string{"X-i": fmt.Sprint(i)}
				})
				if err != nil {
					t.Error(err)
				}
				s.ChangePattern(func(o *pattern.Options) { o.Mandatory = i%2 == 0 })
			}
		})
		wg.Wait()
		for range 80 {
			s.MustRecv()
		}
	})
}
