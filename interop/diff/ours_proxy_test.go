package diff

import (
	"context"
	"reflect"
	"time"

	"github.com/zerobroker/zmq"
)

// proxy is a running zmq.Proxy.
type proxy struct {
	stop  context.CancelFunc
	ended chan struct{} // closed when Proxy has returned
	err   error         // of Proxy
}

// startProxy starts the proxy of a step.
func (r *run) startProxy(st *Step) *proxy {
	// zmq.Proxy takes the Socket that every type embeds.
	handle := func(name string) (s zmq.Socket) {
		if name != "" {
			s = reflect.ValueOf(r.sockets[name]).Elem().FieldByName("Socket").Interface().(zmq.Socket)
		}
		return s
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &proxy{stop: stop, ended: make(chan struct{})}
	front, back := handle(st.Socket), handle(st.Of[0])
	o := &zmq.ProxyOptions{Capture: handle(st.Of[1]), ControlSocket: handle(st.Of[2])}
	go func() {
		defer close(p.ended)
		p.err = zmq.Proxy(ctx, front, back, o)
	}()
	return p
}

// wait waits until the proxy has ended.
func (p *proxy) wait() Outcome {
	select {
	case <-p.ended:
		return Outcome{Err: errno(p.err)}
	case <-time.After(waitLimit):
		return Outcome{Err: "the proxy has not ended"}
	}
}
