package zmq4

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq"
)

// Proxy forwards messages between two sockets. All methods may be called concurrently.
type Proxy struct {
	control zmq.ProxyControl
	done    chan struct{} // closed when the proxy has ended
	err     error         // set when done is closed
}

// NewProxy starts a proxy that forwards the messages that front receives to back, and
// those that back receives to front, until ctx ends, Kill is called, or a socket is
// closed. It copies them to capture, if that is not nil.
func NewProxy(ctx context.Context, front, back, capture Socket) *Proxy {
	p := &Proxy{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = p.run(ctx, front, back, capture)
	}()
	return p
}

func (p *Proxy) run(ctx context.Context, front, back, capture Socket) error {
	f, err := handle(front)
	if err != nil {
		return err
	}
	b, err := handle(back)
	if err != nil {
		return err
	}
	o := &zmq.ProxyOptions{Control: &p.control}
	if capture != nil {
		if o.Capture, err = handle(capture); err != nil {
			return err
		}
	}
	return zmq.Proxy(ctx, f, b, o)
}

// handle returns the socket of this library.
func handle(s Socket) (zmq.Socket, error) {
	if w, ok := s.(withTopics); ok {
		s = w.socket
	}
	t, ok := s.(*socket)
	if !ok {
		return zmq.Socket{}, fmt.Errorf("zmq4: a proxy cannot use a socket of type %T", s)
	}
	return t.connector.Socket, t.failed
}

// Run waits until the proxy has ended. It returns nil after Kill, and otherwise the error
// that ended it, such as that of the context.
func (p *Proxy) Run() error {
	<-p.done
	return p.err
}

// Kill ends the proxy. It closes no socket.
func (p *Proxy) Kill() { p.control.Terminate() }

// Pause stops forwarding until Resume. Messages stay in the queues of the sockets.
func (p *Proxy) Pause() { p.control.Pause() }

// Resume ends a pause.
func (p *Proxy) Resume() { p.control.Resume() }

// Stats does nothing.
func (p *Proxy) Stats() {}
