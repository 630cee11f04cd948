package zmq_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/transport/tlstest"
)

// faultyConn is a connection of net.Pipe that violates the rules of net.Conn in the
// method named fault, once after is reached: the number of calls of that method before.
type faultyConn struct {
	net.Conn
	fault string
	after int32
	calls *atomic.Int32
}

func newFaultyConn(c net.Conn, fault string, after int) *faultyConn {
	return &faultyConn{c, fault, int32(after), new(atomic.Int32)}
}

func (c *faultyConn) fails(fault string) bool {
	return c.fault == fault && c.calls.Add(1) > c.after
}

func (c *faultyConn) Read(p []byte) (int, error) {
	switch {
	case c.fails("Read panics"):
		panic("broken connection")
	case c.fails("Read returns too much"):
		return len(p) + 1, nil
	case c.fails("Read returns a negative count"):
		return -1, nil
	case c.fails("Read returns nothing"):
		return 0, nil
	}
	return c.Conn.Read(p)
}

func (c *faultyConn) Write(p []byte) (int, error) {
	switch {
	case c.fails("Write panics"):
		panic("broken connection")
	case c.fails("Write returns too much"):
		return len(p) + 1, nil
	case c.fails("Write returns a negative count"):
		return -1, nil
	case c.fails("Write returns too little"):
		return len(p) - 1, nil
	}
	return c.Conn.Write(p)
}

func (c *faultyConn) Close() error {
	err := c.Conn.Close()
	if c.fails("Close panics") {
		panic("broken connection")
	}
	return err
}

func (c *faultyConn) SetDeadline(t time.Time) error {
	if c.fails("SetDeadline panics") {
		panic("broken connection")
	}
	return c.Conn.SetDeadline(t)
}

// connFaults has the faults, and a part of the error in the event.
var connFaults = map[string]string{
	"Read panics":                    "Read of the connection panicked: broken connection at",
	"Read returns too much":          "Read of the connection returned the count",
	"Read returns a negative count":  "Read of the connection returned the count -1 for",
	"Read returns nothing":           "Read of the connection: " + io.ErrNoProgress.Error(),
	"Write panics":                   "Write of the connection panicked: broken connection at",
	"Write returns too much":         "Write of the connection returned the count",
	"Write returns a negative count": "Write of the connection returned the count -1 for",
	"Write returns too little":       "Write of the connection: " + io.ErrShortWrite.Error(),
}

// A fault in the handshake, and one in traffic, end the connection with an event.
func TestFaultyConnectionOfTheApplicationEndsWithAnEvent(t *testing.T) {
	for fault, want := range connFaults {
		for after := range 12 {
			synctest.Test(t, func(t *testing.T) {
				o := quickOptions()
				o.Linger = zmq.NoLinger
				a, b := must(zmq.NewPair(o)), must(zmq.NewPair(o))
				defer b.Close()
				failed, ended := collectEvents(a.Socket), collectEvents(a.Socket)
				here, there := net.Pipe()
				must(b.AttachConn(there, zmq.EndpointOptions{}))
				must(a.AttachConn(newFaultyConn(here, fault, after), zmq.EndpointOptions{}))
				for range 20 {
					a.TrySend([]byte("x"), make([]byte, 100))
					b.TrySend([]byte("x"), make([]byte, 100<<10))
					synctest.Wait()
					for {
						if _, err := a.TryRecv(); err != nil {
							break
						}
					}
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				events := append(failed(zmq.EventHandshakeFailed), ended(zmq.EventDisconnected)...)
				if len(events) != 1 || !strings.Contains(events[0].Err.Error(), want) {
					t.Errorf("%s after %d calls: events %+v, want %q", fault, after, events, want)
				}
				if e := a.Endpoints()[0]; e.State != zmq.EndpointClosed {
					t.Errorf("%s after %d calls: endpoint %+v", fault, after, e)
				}
				a.Close()
			})
		}
	}
}

func TestPanicOfCloseOrSetDeadlineDoesNotEndTheProcess(t *testing.T) {
	for _, fault := range []string{"Close panics", "SetDeadline panics"} {
		synctest.Test(t, func(t *testing.T) {
			a, b := must(zmq.NewPair(quickOptions())), must(zmq.NewPair(quickOptions()))
			here, there := net.Pipe()
			must(b.AttachConn(there, zmq.EndpointOptions{}))
			must(a.AttachConn(newFaultyConn(here, fault, 0), zmq.EndpointOptions{}))
			synctest.Wait()
			a.Close()
			b.Close()
		})
	}
}

// Close does not wait for a connection whose Read returns at once without bytes.
func TestCloseDoesNotWaitForAReadWithoutProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quickOptions()
		o.Network.DialContext = func(context.Context, string, string) (net.Conn, error) {
			c, far := net.Pipe()
			go io.Copy(io.Discard, far)
			return newFaultyConn(c, "Read returns nothing", 0), nil
		}
		push := must(zmq.NewPush(o))
		check(push.Connect("tcp://a.example:5555"))
		synctest.Wait()
		if err := push.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFaultyConnectionBelowTLSEndsWithAnEvent(t *testing.T) {
	authority := tlstest.NewAuthority()
	for _, fault := range []string{"Read panics", "Read returns too much", "Write panics"} {
		l := newMemoryListener("x")
		pull, push := must(zmq.NewPull(quickOptions())), must(zmq.NewPush(quickOptions()))
		closeAtEnd(t, pull, push)
		must(pull.BindListener(l, zmq.EndpointOptions{Security: &zmq.Security{TLS: authority.Server()}}))
		conn := must(l.dial(testContext(t)))
		events := collectEvents(push.Socket)
		config := authority.Client()
		config.ServerName = "localhost"
		must(push.AttachConn(newFaultyConn(conn, fault, 1), zmq.EndpointOptions{Security: &zmq.Security{TLS: config}}))
		await(t, "the event", func() bool { return len(events(zmq.EventHandshakeFailed)) == 1 })
		if err := events(zmq.EventHandshakeFailed)[0].Err; !strings.Contains(err.Error(), connFaults[fault]) {
			t.Errorf("%s: event with %v", fault, err)
		}
	}
}

// noAddrListener is a listener without an address.
type noAddrListener struct{ *memoryListener }

func (noAddrListener) Addr() net.Addr { return nil }

func TestBindListenerAndAttachConnRefuseNil(t *testing.T) {
	pull := must(zmq.NewPull(nil))
	closeAtEnd(t, pull)
	for _, l := range []net.Listener{nil, (*net.TCPListener)(nil), (*memoryListener)(nil), noAddrListener{newMemoryListener("x")}} {
		_, err := pull.BindListener(l, zmq.EndpointOptions{})
		wantError(t, "BindListener", err, zmq.ErrInvalidOption)
	}
	for _, c := range []net.Conn{nil, (*net.TCPConn)(nil), (*faultyConn)(nil)} {
		_, err := pull.AttachConn(c, zmq.EndpointOptions{})
		wantError(t, "AttachConn", err, zmq.ErrInvalidOption)
	}
	if n := len(pull.Endpoints()); n != 0 {
		t.Errorf("%d endpoints", n)
	}
}
