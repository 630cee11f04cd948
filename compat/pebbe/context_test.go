package zmq4_test

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
)

func TestTermEndsWaitingCallsWithETERM(t *testing.T) {
	for name, call := range map[string]func(a, b *zmq.Socket) error{
		"Recv": func(a, _ *zmq.Socket) error { _, err := a.Recv(0); return err },
		"Send": func(a, _ *zmq.Socket) error { _, err := a.Send("x", 0); return err },
		"Poll": func(a, _ *zmq.Socket) error {
			p := zmq.NewPoller()
			p.Add(a, zmq.POLLIN)
			_, err := p.Poll(-1)
			return err
		},
		"Proxy":          func(a, b *zmq.Socket) error { return zmq.Proxy(a, b, nil) },
		"ProxySteerable": func(a, b *zmq.Socket) error { return zmq.ProxySteerable(a, a, nil, b) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, err := zmq.NewContext()
				check(t, err)
				a, err := ctx.NewSocket(zmq.PAIR)
				check(t, err)
				b, err := ctx.NewSocket(zmq.PAIR)
				check(t, err)
				go func() {
					if err := call(a, b); err != zmq.ETERM {
						t.Errorf("waiting: %v", err)
					}
					if _, err := a.Send("x", 0); err != zmq.ETERM {
						t.Errorf("afterwards: %v", err)
					}
					a.Close()
					b.Close()
				}()
				synctest.Wait() // until the call waits
				check(t, ctx.Term())
				check(t, ctx.Term())
				_, err = ctx.NewSocket(zmq.PAIR)
				wantError(t, err, zmq.ErrorContextClosed)
				_, err = ctx.GetIpv6()
				wantError(t, err, zmq.ErrorContextClosed)
				wantError(t, ctx.SetIpv6(true), zmq.ErrorContextClosed)
			})
		})
	}
}

func TestTermWaitsForSocketsAndTheirMessages(t *testing.T) {
	ctx, err := zmq.NewContext()
	check(t, err)
	soc := open(t, ctx, zmq.PUSH)
	check(t, soc.SetLinger(50*time.Millisecond))
	check(t, soc.Connect("tcp://127.0.0.1:1"))
	send(t, soc, "never written")
	began := time.Now()
	ended := make(chan error)
	go func() { ended <- ctx.Term() }()
	for soc.SetLinger(50*time.Millisecond) != zmq.ETERM {
	}
	select {
	case <-ended:
		t.Fatal("Term returned while a socket was open")
	default:
	}
	check(t, soc.Close())
	check(t, <-ended)
	if d := time.Since(began); d < 50*time.Millisecond {
		t.Errorf("Term returned after %v", d)
	}
}

func TestContextOptionsAreStored(t *testing.T) {
	ctx := newContext(t)
	if n, err := ctx.GetMaxSockets(); n != zmq.MaxSocketsDflt || err != nil {
		t.Errorf("GetMaxSockets: %d, %v", n, err)
	}
	if n, err := ctx.GetIoThreads(); n != zmq.IoThreadsDflt || err != nil {
		t.Errorf("GetIoThreads: %d, %v", n, err)
	}
	if b, err := ctx.GetBlocky(); !b || err != nil {
		t.Errorf("GetBlocky: %v, %v", b, err)
	}
	check(t, ctx.SetIoThreads(4))
	check(t, ctx.SetMaxMsgsz(1234))
	check(t, ctx.SetThreadPriority(1))
	check(t, ctx.SetThreadSchedPolicy(1))
	check(t, ctx.SetBlocky(false))
	check(t, ctx.SetIpv6(true))
	ctx.SetRetryAfterEINTR(false)
	if n, _ := ctx.GetIoThreads(); n != 4 {
		t.Errorf("GetIoThreads: %d", n)
	}
	if n, _ := ctx.GetMaxMsgsz(); n != 1234 {
		t.Errorf("GetMaxMsgsz: %d", n)
	}
	if ctx.GetRetryAfterEINTR() || !zmq.GetRetryAfterEINTR() {
		t.Error("GetRetryAfterEINTR")
	}
	soc, err := ctx.NewSocket(zmq.PUSH)
	check(t, err)
	defer soc.Close()
	if d, err := soc.GetLinger(); d != 0 || err != nil {
		t.Errorf("linger %v, %v without blocky", d, err)
	}
	if on, err := soc.GetIpv6(); !on || err != nil {
		t.Errorf("IPv6 %v, %v", on, err)
	}
	wantError(t, ctx.SetMaxSockets(-1), zmq.Errno(syscall.EINVAL))
	wantError(t, ctx.SetIoThreads(1<<40), zmq.Errno(syscall.EINVAL))
	check(t, ctx.SetMaxSockets(1))
	_, err = ctx.NewSocket(zmq.PUSH)
	wantError(t, err, zmq.Errno(syscall.EMFILE))
	check(t, soc.Close())
	other, err := ctx.NewSocket(zmq.PUSH)
	check(t, err)
	other.Close()
}

func TestZeroContextIsClosed(t *testing.T) {
	var ctx zmq.Context
	_, err := ctx.NewSocket(zmq.PAIR)
	wantError(t, err, zmq.ErrorContextClosed)
	_, err = ctx.GetIoThreads()
	wantError(t, err, zmq.ErrorContextClosed)
	wantError(t, ctx.SetIoThreads(1), zmq.ErrorContextClosed)
	check(t, ctx.Term())
	ctx.SetRetryAfterEINTR(true)
}

// The functions without a context use the default context.
func TestDefaultContext(t *testing.T) {
	soc, err := zmq.NewSocket(zmq.PAIR)
	check(t, err)
	defer soc.Close()
	if d, err := soc.GetLinger(); d != -1 || err != nil {
		t.Errorf("linger %v, %v; the default is without limit", d, err)
	}
	n, err := zmq.GetMaxSockets()
	check(t, err)
	check(t, zmq.SetMaxSockets(n))
	check(t, zmq.SetIoThreads(1))
	if major, minor, _ := zmq.Version(); major != 4 || minor != 3 {
		t.Errorf("version %d.%d", major, minor)
	}
}
