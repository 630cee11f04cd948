package interop

import (
	"errors"
	"strconv"
	"testing"

	"github.com/zerobroker/zmq"
)

// numbered is message n of a stream, as in peer.py.
func numbered(n, size int) message {
	return message{{text: strconv.Itoa(n)}, blob(size, n%8)}
}

// stream is a command about the messages [first, last) of a stream.
func (s *theirs) stream(what string, first, last, size int) command {
	return s.with(what, command{"first": first, "last": last, "size": size, "timeout": patienceMS})
}

// pump sends until our socket is closed.
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

// A stream goes on after its receiver is killed in the middle: what comes
// then is whole and in order.
func TestReceiverKilledInStream(t *testing.T) {
	for _, at := range places {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.SendHWM = 10
			const size = 5000
			o, th := newOurs(t, "PUSH", opts), newTheirs(t, "PULL", options{"RCVHWM": 10})
			endpoint := join(o, th, at.oursBinds, anywhere(t, at.transport))
			stopped := o.pump(size)
			th.p.call(th.stream("drain", 0, 500, size))
			th.p.kill()
			th = newTheirs(t, "PULL", nil)
			th.meet(at, endpoint)
			th.p.call(th.stream("follow", 500, 1000, size))
			o.Close()
			<-stopped
		})
	}
}

// A stream goes on after its sender is killed in the middle: what came of it
// is whole and in order, and so is all that the next sender sends.
func TestSenderKilledInStream(t *testing.T) {
	for _, at := range places {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.RecvHWM = 10
			const size, count = 100_000, 300
			o, th := newOurs(t, "PULL", opts), newTheirs(t, "PUSH", options{"SNDHWM": 10})
			endpoint := join(o, th, at.oursBinds, anywhere(t, at.transport))
			th.p.begin(th.stream("pump", 0, 1<<20, size))
			for n := range count {
				o.expect(numbered(n, size))
			}
			th.p.kill()
			th = newTheirs(t, "PUSH", nil)
			th.meet(at, endpoint)
			th.p.begin(th.stream("pump", 0, count, size))
			// What the first sender left behind may come in between.
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

// A sender that finds all queues full waits, and nothing is lost.
func TestBackPressure(t *testing.T) {
	const size, count = 64 << 10, 1000
	for _, at := range places {
		t.Run(at.String()+"/from them", func(t *testing.T) {
			t.Parallel()
			opts := testOptions()
			opts.RecvHWM = 10
			o, th := newOurs(t, "PULL", opts), newTheirs(t, "PUSH", options{"SNDHWM": 10})
			join(o, th, at.oursBinds, anywhere(t, at.transport))
			o.connected()
			th.connected()
			full := th.p.call(th.stream("fill", 0, count, size)).Count
			if full == count {
				t.Fatalf("libzmq could send %d messages to a socket that takes %d", count, opts.RecvHWM)
			}
			t.Logf("full after %d messages", full)
			sent := th.p.begin(th.stream("pump", full, count, size))
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
			join(o, th, at.oursBinds, anywhere(t, at.transport))
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
				t.Fatalf("we could send %d messages to a socket that takes 10", count)
			}
			t.Logf("full after %d messages", full)
			received := th.p.begin(th.stream("drain", 0, count, size))
			for n := full; n < count; n++ {
				o.send(numbered(n, size))
			}
			if a := received(); a.Error != "" {
				t.Fatal(a.Error)
			}
		})
	}
}
