package interop

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/zerobroker/zmq"
)

// do makes n requests of their own content at once; each must get its own
// reply.
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

// Requests from many goroutines at once each get their own reply, from a REP
// that knows of no such thing and from a ROUTER that answers the last one
// first. Large replies are there because their memory is pooled.
func TestManyRequestsAtOnce(t *testing.T) {
	const count = 100
	for _, at := range places {
		for _, size := range []int{10, 100_000} {
			for _, typ := range []string{"REP", "ROUTER"} {
				t.Run(fmt.Sprintf("%s/%v/%d", typ, at, size), func(t *testing.T) {
					t.Parallel()
					o, th := newOurs(t, "REQ", nil), newTheirs(t, typ, options{"SNDHWM": 0, "RCVHWM": 0})
					join(o, th, at.oursBinds, anywhere(t, at.transport))
					o.connected()
					for range 2 {
						echoed := th.p.begin(th.with("echo", command{
							"count": count, "timeout": patienceMS, "reverse": typ == "ROUTER",
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

// The strict exchange goes on beside.
func TestStrictBesideDo(t *testing.T) {
	o, th := newOurs(t, "REQ", nil), newTheirs(t, "ROUTER", nil)
	join(o, th, true, anywhere(t, "tcp"))
	o.connected()
	o.send(text("strict"))
	echoed := th.p.begin(th.with("echo", command{"count": 11, "timeout": patienceMS, "reverse": true}))
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

// A request whose peer is killed fails at once; the next goes to whoever takes
// its place.
func TestDoPeerKilled(t *testing.T) {
	for _, at := range places {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			o, th := newOurs(t, "REQ", nil), newTheirs(t, "REP", nil)
			endpoint := join(o, th, at.oursBinds, anywhere(t, at.transport))
			o.connected()
			failed := make(chan error, 1)
			go func() {
				_, err := o.Socket.(*zmq.Req).Do(o.ctx, []byte("hello"))
				failed <- err
			}()
			th.expect(text("hello"))
			th.p.kill()
			if err := <-failed; !errors.Is(err, zmq.ErrPeerLost) {
				t.Errorf("request of a peer that was killed: %v, want %v", err, zmq.ErrPeerLost)
			}
			th = newTheirs(t, "REP", nil)
			th.meet(at, endpoint)
			echoed := th.p.begin(th.with("echo", command{"count": 10, "timeout": patienceMS}))
			o.do(10, 10)
			if a := echoed(); a.Error != "" {
				t.Fatal(a.Error)
			}
		})
	}
}

// A reply to a requester that is gone is dropped and counted, and the next
// requester is served.
func TestRequesterKilled(t *testing.T) {
	o, th := newOurs(t, "REP", nil), newTheirs(t, "REQ", nil)
	endpoint := join(o, th, true, anywhere(t, "tcp"))
	happens := o.watch()
	th.send(text("hello"))
	o.expect(text("hello"))
	th.p.kill()
	happens.wait(zmq.EventDisconnected)
	o.send(text("too late"))
	th = newTheirs(t, "REQ", nil)
	th.connect(endpoint)
	bothWays(th, o, single(10, 1))
	o.dropped(map[zmq.DropReason]uint64{zmq.DropRequester: 1})
}
