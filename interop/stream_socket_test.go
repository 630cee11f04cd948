package interop

import (
	"bytes"
	"errors"
	"testing"

	"github.com/zerobroker/zmq"
)

// A streamPair is two connected STREAM sockets, with the routing ID that each
// assigned to the other.
type streamPair struct {
	t         *testing.T
	stream    *zmq.Stream
	ours      *ours
	theirs    *theirs
	ourPeer   string
	theirPeer string
}

func newStreamPair(t *testing.T, at place) *streamPair {
	t.Helper()
	o, th := newOurs(t, "STREAM", nil), newTheirs(t, "STREAM", nil)
	join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
	r := &streamPair{t: t, stream: o.Socket.(*zmq.Stream), ours: o, theirs: th}
	m := r.recv()
	if !m.IsConnect() {
		t.Fatalf("received %d bytes before the connect notification", m.Size())
	}
	r.ourPeer = m.RoutingID()
	r.theirPeer = r.theirNotification()
	return r
}

func (r *streamPair) recv() zmq.Message {
	r.t.Helper()
	m, err := r.stream.Recv(r.ours.ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// theirNotification receives a connect or disconnect notification from libzmq's
// STREAM and returns its routing ID.
func (r *streamPair) theirNotification() string {
	r.t.Helper()
	f := r.theirs.recv()
	if len(f) != 2 || f[0].Size == 0 || f[1].Size > 0 {
		r.t.Fatalf("libzmq received %s instead of a notification", describe(f))
	}
	return string(f[0].B64)
}

// Bytes arrive in both directions, complete and in order.
func TestStreamPairExchangesBytes(t *testing.T) {
	for _, at := range places {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			r := newStreamPair(t, at)
			for seed, size := range []int{1, 255, 256, 8191, 8192, 8193, 100_000} {
				data := blob(size, seed)
				if err := r.stream.SendTo(r.ours.ctx, r.ourPeer, data.bytes()); err != nil {
					t.Fatal(err)
				}
				got := r.theirs.do("gather", command{"size": size, "timeout": waitLimitMS}).Frames
				if diff := (message{{text: r.theirPeer}, data}).differenceInDigests(got); diff != "" {
					t.Fatalf("libzmq received: %s", diff)
				}
				r.theirs.send(message{{text: r.theirPeer}, blob(size, seed+100)})
				var all []byte
				for len(all) < size {
					m := r.recv()
					if m.NumFrames() != 1 || m.Size() == 0 || m.RoutingID() != r.ourPeer {
						t.Fatalf("received %d frames, %d bytes of %q", m.NumFrames(), m.Size(), m.RoutingID())
					}
					all = append(all, m.Bytes()...)
				}
				if !bytes.Equal(all, blob(size, seed+100).bytes()) {
					t.Fatalf("the %d received bytes differ from the sent ones", size)
				}
			}
		})
	}
}

// An empty message closes the connection after the bytes sent before it. The
// other side receives a disconnect notification.
func TestEmptyStreamMessageClosesConnection(t *testing.T) {
	for _, at := range places {
		t.Run(at.String()+"/by them", func(t *testing.T) {
			t.Parallel()
			r := newStreamPair(t, at)
			r.theirs.send(text(r.theirPeer, "last bytes"))
			if m := r.recv(); m.String() != "last bytes" {
				t.Errorf("received %q", m)
			}
			r.theirs.send(text(r.theirPeer, ""))
			// libzmq closes the connection only within an API call.
			m, err := r.stream.TryRecv()
			for errors.Is(err, zmq.ErrWouldBlock) && r.ours.ctx.Err() == nil {
				r.theirs.do("poll", command{"timeout": 10})
				m, err = r.stream.TryRecv()
			}
			if err != nil || !m.IsDisconnect() || m.RoutingID() != r.ourPeer {
				t.Errorf("received %q of %q, %v", m, m.RoutingID(), err)
			}
		})
		t.Run(at.String()+"/by us", func(t *testing.T) {
			t.Parallel()
			r := newStreamPair(t, at)
			data := blob(100_000, 1)
			if err := r.stream.SendTo(r.ours.ctx, r.ourPeer, data.bytes()); err != nil {
				t.Fatal(err)
			}
			if err := r.stream.SendTo(r.ours.ctx, r.ourPeer); err != nil {
				t.Fatal(err)
			}
			got := r.theirs.do("gather", command{"size": 100_000, "timeout": waitLimitMS}).Frames
			if diff := (message{{text: r.theirPeer}, data}).differenceInDigests(got); diff != "" {
				t.Fatalf("libzmq received: %s", diff)
			}
			if id := r.theirNotification(); id != r.theirPeer {
				t.Errorf("libzmq reports the end of %q, want %q", id, r.theirPeer)
			}
			if err := r.stream.TrySendTo(r.ourPeer, []byte("x")); !errors.Is(err, zmq.ErrNoRoute) {
				t.Errorf("sending after the end: %v", err)
			}
		})
	}
}
