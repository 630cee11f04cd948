package interop

import (
	"errors"
	"strconv"
	"testing"

	"github.com/zerobroker/zmq"
)

// numbered returns message n of a sequence, as peer.py generates it.
func numbered(n, size int) message {
	return message{{text: strconv.Itoa(n)}, blob(size, n%8)}
}

// sequence returns a command for the messages [first, last) of a sequence.
func (s *theirs) sequence(what string, first, last, size int) command {
	return s.with(what, command{"first": first, "last": last, "size": size, "timeout": waitLimitMS})
}

// pump sends the sequence until the socket is closed.
func (o *ours) pump(size int) (stopped chan struct{}) {
	stopped = make(chan struct{})
	go func() {
		defer close(stopped)
		push := o.Socket.(*zmq.Push)
		for n := 0; ; n++ {
			if err := push.Send(o.ctx, numbered(n, size).frames()...); err != nil {
				if !errors.Is(err, zmq.ErrClosed) {
					o.t.Error(err)
				}
				return
			}
		}
	}()
	return stopped
}

// The messages that the next receiver gets are complete and in order.
func TestSequenceContinuesAfterReceiverIsKilled(t *testing.T) {
	for _, at := range places {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.SendHWM = 10
			const size = 5000
			o, th := newOurs(t, "PUSH", opts), newTheirs(t, "PULL", options{"RCVHWM": 10})
			endpoint := join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
			stopped := o.pump(size)
			th.p.call(th.sequence("drain", 0, 500, size))
			th.p.kill()
			th = newTheirs(t, "PULL", nil)
			th.reattach(at, endpoint)
			th.p.call(th.sequence("follow", 500, 1000, size))
			o.Close()
			<-stopped
		})
	}
}

// The messages received from either sender are complete and in order.
func TestSequenceContinuesAfterSenderIsKilled(t *testing.T) {
	for _, at := range places {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.RecvHWM = 10
			const size, count = 100_000, 300
			o, th := newOurs(t, "PULL", opts), newTheirs(t, "PUSH", options{"SNDHWM": 10})
			endpoint := join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
			th.p.begin(th.sequence("pump", 0, 1<<20, size))
			for n := range count {
				o.expect(numbered(n, size))
			}
			th.p.kill()
			th = newTheirs(t, "PUSH", nil)
			th.reattach(at, endpoint)
			th.p.begin(th.sequence("pump", 0, count, size))
			// Messages of the first sender may arrive in between.
			for first, second := count, 0; second < count; {
				m := o.recvMessage()
				n, _ := strconv.Atoi(string(m.Frame(0)))
				want := second
				if n >= count {
					want = first
					first++
				} else {
					second++
				}
				if diff := numbered(want, size).difference(m.Frames()); diff != "" {
					t.Fatal(diff)
				}
				m.Release()
			}
		})
	}
}

// A sender blocks while all queues are full.
func TestFullQueuesBlockSenderWithoutLoss(t *testing.T) {
	const size, count = 64 << 10, 1000
	for _, at := range places {
		t.Run(at.String()+"/from them", func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.RecvHWM = 10
			o, th := newOurs(t, "PULL", opts), newTheirs(t, "PUSH", options{"SNDHWM": 10})
			join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
			o.connected()
			th.connected()
			full := th.p.call(th.sequence("fill", 0, count, size)).Count
			if full == count {
				t.Fatalf("libzmq sent %d messages to a socket with a capacity of %d", count, opts.RecvHWM)
			}
			t.Logf("full after %d messages", full)
			sent := th.p.begin(th.sequence("pump", full, count, size))
			for n := range count {
				o.expect(numbered(n, size))
			}
			if a := sent(); a.Error != "" {
				t.Fatal(a.Error)
			}
		})
		t.Run(at.String()+"/from us", func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.SendHWM = 10
			o, th := newOurs(t, "PUSH", opts), newTheirs(t, "PULL", options{"RCVHWM": 10})
			join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
			o.connected()
			push := o.Socket.(*zmq.Push)
			full := 0
			for ; full < count; full++ {
				err := push.TrySend(numbered(full, size).frames()...)
				if errors.Is(err, zmq.ErrWouldBlock) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if full == count {
				t.Fatalf("we sent %d messages to a socket with a capacity of 10", count)
			}
			t.Logf("full after %d messages", full)
			received := th.p.begin(th.sequence("drain", 0, count, size))
			for n := full; n < count; n++ {
				o.send(numbered(n, size))
			}
			if a := received(); a.Error != "" {
				t.Fatal(a.Error)
			}
		})
	}
}
