package interop

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/zerobroker/zmq"
)

// do runs n requests with different bodies concurrently. Each must receive the
// reply to its own request.
func (o *ours) do(n, size int) {
	o.t.Helper()
	req := o.Socket.(*zmq.Req)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			m := numbered(i, size)
			reply, err := req.Do(o.ctx, m.frames()...)
			if err != nil {
				o.t.Errorf("request %d: %v", i, err)
				return
			}
			if diff := m.difference(reply.Frames()); diff != "" {
				o.t.Errorf("reply %d: %s", i, diff)
			}
			reply.Release()
		})
	}
	wg.Wait()
}

// The peer is a REP, which handles one request at a time, or a ROUTER, which
// answers in reverse order. Large replies are included because the library
// reuses their memory.
func TestConcurrentRequestsGetTheirOwnReplies(t *testing.T) {
	const count = 100
	for _, at := range places {
		for _, size := range []int{10, 100_000} {
			for _, typ := range []string{"REP", "ROUTER"} {
				t.Run(fmt.Sprintf("%s/%v/%d", typ, at, size), func(t *testing.T) {
					t.Parallel()
					o, th := newOurs(t, "REQ", nil), newTheirs(t, typ, options{"SNDHWM": 0, "RCVHWM": 0})
					join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
					o.connected()
					for range 2 {
						echoed := th.p.begin(th.with("echo", command{
							"count": count, "timeout": waitLimitMS, "reverse": typ == "ROUTER",
						}))
						o.do(count, size)
						if a := echoed(); a.Error != "" {
							t.Fatal(a.Error)
						}
					}
				})
			}
		}
	}
}

// A request sent with Send completes while Do runs other requests.
func TestStrictRequestCompletesDuringDo(t *testing.T) {
	o, th := newOurs(t, "REQ", nil), newTheirs(t, "ROUTER", nil)
	join(o, th, true, freeEndpoint(t, "tcp"))
	o.connected()
	o.send(text("strict"))
	echoed := th.p.begin(th.with("echo", command{"count": 11, "timeout": waitLimitMS, "reverse": true}))
	o.do(10, 10)
	o.expect(text("strict"))
	if a := echoed(); a.Error != "" {
		t.Fatal(a.Error)
	}
	if err := o.Socket.(*zmq.Req).TrySend([]byte("next")); err != nil {
		t.Error(err)
	}
	if err := o.Socket.(*zmq.Req).TrySend([]byte("too soon")); !errors.Is(err, zmq.ErrInvalidState) {
		t.Errorf("second request: %v, want %v", err, zmq.ErrInvalidState)
	}
}

// A request fails immediately when its peer is killed. Later requests go to the
// peer that replaces it.
func TestDoFailsWhenPeerIsKilled(t *testing.T) {
	for _, at := range places {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			o, th := newOurs(t, "REQ", nil), newTheirs(t, "REP", nil)
			endpoint := join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
			o.connected()
			failed := make(chan error, 1)
			go func() {
				_, err := o.Socket.(*zmq.Req).Do(o.ctx, []byte("hello"))
				failed <- err
			}()
			th.expect(text("hello"))
			th.p.kill()
			if err := <-failed; !errors.Is(err, zmq.ErrPeerLost) {
				t.Errorf("request to a killed peer: %v, want %v", err, zmq.ErrPeerLost)
			}
			th = newTheirs(t, "REP", nil)
			th.reattach(at, endpoint)
			echoed := th.p.begin(th.with("echo", command{"count": 10, "timeout": waitLimitMS}))
			o.do(10, 10)
			if a := echoed(); a.Error != "" {
				t.Fatal(a.Error)
			}
		})
	}
}

// The drop is counted, and the REP serves the next requester.
func TestRepDropsReplyToKilledRequester(t *testing.T) {
	o, th := newOurs(t, "REP", nil), newTheirs(t, "REQ", nil)
	endpoint := join(o, th, true, freeEndpoint(t, "tcp"))
	events := o.watch()
	th.send(text("hello"))
	o.expect(text("hello"))
	th.p.kill()
	events.wait(zmq.EventDisconnected)
	o.send(text("too late"))
	th = newTheirs(t, "REQ", nil)
	th.connect(endpoint)
	bothWays(th, o, single(10, 1))
	o.dropped(map[zmq.DropReason]uint64{zmq.DropRequester: 1})
}
