package interop

import (
	"bytes"
	"errors"
	"testing"

	"github.com/zerobroker/zmq"
)

// A raw is two STREAMs that have seen each other, each under the id that the
// other gave it.
type raw struct {
	t         *testing.T
	stream    *zmq.Stream
	ours      *ours
	theirs    *theirs
	ourPeer   string
	theirPeer string
}

func newRaw(t *testing.T, at place) *raw {
	t.Helper()
	o, th := newOurs(t, "STREAM", nil), newTheirs(t, "STREAM", nil)
	join(o, th, at.oursBinds, anywhere(t, at.transport))
	r := &raw{t: t, stream: o.Socket.(*zmq.Stream), ours: o, theirs: th}
	m := r.recv()
	if !m.IsConnect() {
		t.Fatalf("received %d bytes first", m.Size())
	}
	r.ourPeer = m.RoutingID()
	r.theirPeer = r.theirNotice()
	return r
}

func (r *raw) recv() zmq.Message {
	r.t.Helper()
	m, err := r.stream.Recv(r.ours.ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// theirNotice waits until libzmq tells of a connection that came or went, and
// returns its id.
func (r *raw) theirNotice() string {
	r.t.Helper()
	f := r.theirs.recv()
	if len(f) != 2 || f[0].Size == 0 || f[1].Size > 0 {
		r.t.Fatalf("libzmq received %s instead of a notification", describe(f))
	}
	return string(f[0].B64)
}

// Bytes go both ways, whole and in order.
func TestRawExchange(t *testing.T) {
	for _, at := range places {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, at)
			for seed, size := range []int{1, 255, 256, 8191, 8192, 8193, 100_000} {
				data := blob(size, seed)
				if err := r.stream.SendTo(r.ours.ctx, r.ourPeer, data.bytes()); err != nil {
					t.Fatal(err)
				}
				got := r.theirs.do("gather", command{"size": size, "timeout": patienceMS}).Frames
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
					t.Fatalf("received other bytes than the %d that were sent", size)
				}
			}
		})
	}
}

// An empty message ends a connection behind what was sent before, from either
// side, and the other is told.
func TestRawIsEnded(t *testing.T) {
	for _, at := range places {
		t.Run(at.String()+"/by them", func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, at)
			r.theirs.send(text(r.theirPeer, "goodbye"))
			if m := r.recv(); m.String() != "goodbye" {
				t.Errorf("received %q", m)
			}
			r.theirs.send(text(r.theirPeer, ""))
			// libzmq hangs up only while its application calls it.
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
			r := newRaw(t, at)
			data := blob(100_000, 1)
			if err := r.stream.SendTo(r.ours.ctx, r.ourPeer, data.bytes()); err != nil {
				t.Fatal(err)
			}
			if err := r.stream.SendTo(r.ours.ctx, r.ourPeer); err != nil {
				t.Fatal(err)
			}
			got := r.theirs.do("gather", command{"size": 100_000, "timeout": patienceMS}).Frames
			if diff := (message{{text: r.theirPeer}, data}).differenceInDigests(got); diff != "" {
				t.Fatalf("libzmq received: %s", diff)
			}
			if id := r.theirNotice(); id != r.theirPeer {
				t.Errorf("libzmq lost %q, not %q", id, r.theirPeer)
			}
			if err := r.stream.TrySendTo(r.ourPeer, []byte("x")); !errors.Is(err, zmq.ErrNoRoute) {
				t.Errorf("sending behind the end: %v", err)
			}
		})
	}
}
