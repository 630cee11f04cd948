package zmq4

import (
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// Proxy forwards messages between frontend and backend in both directions, and sends
// a copy of each to capture, if that is not nil. It waits while a socket cannot take a
// message. It returns when the context is terminated, with ETERM, and when a socket is
// closed or refuses a message, with the error of that. A REQ and a REP can only be
// frontend and backend at once; with another socket the error is ENOTSUP.
func Proxy(frontend, backend, capture *Socket) error {
	return runProxy(frontend, backend, capture, nil)
}

// ProxySteerable is like [Proxy], and follows the commands PAUSE, RESUME and TERMINATE
// that control receives, if it is not nil. After TERMINATE it returns nil, and leaves
// messages that are not forwarded in the queues of the sockets. To STATISTICS control
// sends eight parts with a uint64 in native byte order: the frames and bytes received
// and the frames and bytes sent by frontend, and those by backend. A REP as control
// answers other commands with an empty message.
func ProxySteerable(frontend, backend, capture, control *Socket) error {
	return runProxy(frontend, backend, capture, control)
}

// proxy is one call of Proxy.
type proxy struct {
	ctx  context.Context // ends with the proxy, and with the context of the sockets
	end  context.CancelCauseFunc
	capt *socket.Socket // or nil

	mu      sync.Mutex // guards the fields below
	running context.Context
	pause   context.CancelFunc // ends running
	resumed chan struct{}      // closed by RESUME; nil while the proxy is not paused

	counters [2]proxyCounters // of the frontend and the backend
}

type proxyCounters struct{ framesReceived, bytesReceived, framesSent, bytesSent atomic.Uint64 }

// errTerminated is the cause of the end of a proxy after TERMINATE.
var errTerminated = errors.New("proxy terminated")

func runProxy(frontend, backend, capture, control *Socket) error {
	defer runtime.KeepAlive([]*Socket{frontend, backend, capture, control})
	s, front, err := frontend.use()
	if err != nil {
		return err
	}
	_, back, err := backend.use()
	if err != nil {
		return err
	}
	p := &proxy{}
	if capture != nil {
		if _, p.capt, err = capture.use(); err != nil {
			return err
		}
	}
	var steer *socket.Socket
	if control != nil {
		if _, steer, err = control.use(); err != nil {
			return err
		}
	}
	directions, err := p.directions(front, back)
	if err != nil {
		return err
	}
	p.ctx, p.end = context.WithCancelCause(s.ctx.live)
	p.running, p.pause = context.WithCancel(p.ctx)
	defer p.end(nil)
	if steer != nil {
		directions = append(directions, func() error { return p.serve(steer) })
	}
	errs := make(chan error)
	for _, f := range directions {
		go func() { errs <- f() }()
	}
	err = <-errs
	p.end(err)
	for range len(directions) - 1 {
		<-errs // the others end with ctx
	}
	if context.Cause(p.ctx) == errTerminated {
		return nil
	}
	return s.convert(err)
}

// directions returns the functions that forward messages.
func (p *proxy) directions(front, back *socket.Socket) (list []func() error, err error) {
	for _, s := range []*socket.Socket{front, back} {
		if t := s.Type(); (t == pattern.REQ || t == pattern.REP) && front != back {
			return nil, unsupported("proxy of a %s and another socket; use ROUTER and DEALER", pattern.Types[t].Name)
		}
	}
	add := func(from, to *socket.Socket, received, sent *proxyCounters) {
		in, out := pattern.Types[from.Type()], pattern.Types[to.Type()]
		if in.Receives && out.Sends {
			list = append(list, func() error { return p.forward(from, to, in.IDFirst, received, sent) })
		}
	}
	add(front, back, &p.counters[0], &p.counters[1])
	if front != back {
		add(back, front, &p.counters[1], &p.counters[0])
	}
	if len(list) == 0 {
		return nil, unsupported("proxy of a %s and a %s", pattern.Types[front.Type()].Name, pattern.Types[back.Type()].Name)
	}
	return list, nil
}

// proxyBatch is how many messages are received at a time.
const proxyBatch = 64

// forward forwards messages until the proxy ends. Those that it has received and not
// sent then are received next by the next receiver.
func (p *proxy) forward(from, to *socket.Socket, idFirst bool, received, sent *proxyCounters) error {
	var msgs [proxyBatch]msg.Msg
	for {
		running, err := p.awaitRunning()
		if err != nil {
			return err
		}
		n, err := from.Transfer().Recv(running, msgs[:])
		switch {
		case err == nil && running.Err() != nil && from != to:
			from.Transfer().Return(msgs[:n])
			continue
		case err == nil:
		case p.ctx.Err() == nil && running.Err() != nil:
			continue // paused
		default:
			return err
		}
		for i := range n {
			if err := p.send(to, withID(&msgs[i], idFirst), received, sent); err != nil {
				if from != to {
					from.Transfer().Return(msgs[i:n])
				}
				return err
			}
		}
		clear(msgs[:n])
	}
}

// withID returns a message with the routing ID of its sender as the first frame, if
// that is demanded.
func withID(m *msg.Msg, idFirst bool) msg.Msg {
	out := *m
	if idFirst {
		out.First = []byte(m.From.RoutingID)
		out.Rest = append([][]byte{m.First}, m.Rest...)
	} else {
		out.Rest = slices.Clone(m.Rest)
	}
	return out
}

// send sends a message and its copy.
func (p *proxy) send(to *socket.Socket, m msg.Msg, received, sent *proxyCounters) error {
	frames, size := uint64(m.Len()), uint64(m.Size())
	received.framesReceived.Add(frames)
	received.bytesReceived.Add(size)
	if p.capt != nil {
		// The copy is sent first: the reply to a message is captured after it.
		var clone msg.Msg
		for i := range m.Len() {
			clone.Push(i, &msg.Frame{Body: slices.Clone(m.Frame(i))})
		}
		if err := p.capt.Send(p.ctx, clone); err != nil {
			return err
		}
	}
	// It is counted first: what has arrived is in the statistics.
	sent.framesSent.Add(frames)
	sent.bytesSent.Add(size)
	err := to.Send(p.ctx, m)
	if err != nil {
		sent.framesSent.Add(-frames)
		sent.bytesSent.Add(-size)
	}
	return err
}

// awaitRunning waits while the proxy is paused. It returns a context that ends with
// the next pause.
func (p *proxy) awaitRunning() (context.Context, error) {
	for {
		p.mu.Lock()
		running, resumed := p.running, p.resumed
		p.mu.Unlock()
		if resumed == nil {
			return running, p.ctx.Err()
		}
		select {
		case <-resumed:
		case <-p.ctx.Done():
			return nil, p.ctx.Err()
		}
	}
}

// setPaused pauses the proxy or resumes it.
func (p *proxy) setPaused(paused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case paused && p.resumed == nil:
		p.resumed = make(chan struct{})
		p.pause()
	case !paused && p.resumed != nil:
		p.running, p.pause = context.WithCancel(p.ctx)
		close(p.resumed)
		p.resumed = nil
	}
}

// serve follows the commands that the control socket receives, until the proxy ends.
func (p *proxy) serve(control *socket.Socket) error {
	for {
		var m msg.Msg
		if err := control.Recv(p.ctx, &m); err != nil {
			return err
		}
		var reply msg.Msg
		command := ""
		if m.Len() == 1 {
			command = string(m.First)
		}
		switch command {
		case "PAUSE":
			p.setPaused(true)
		case "RESUME":
			p.setPaused(false)
		case "STATISTICS":
			reply = p.statistics()
		}
		if command == "STATISTICS" || control.Type() == pattern.REP {
			if err := control.Send(p.ctx, reply); err != nil {
				return err
			}
		}
		if command == "TERMINATE" {
			return errTerminated
		}
	}
}

// statistics returns the reply to STATISTICS.
func (p *proxy) statistics() msg.Msg {
	var frames [][]byte
	for i := range p.counters {
		c := &p.counters[i]
		for _, n := range []*atomic.Uint64{&c.framesReceived, &c.bytesReceived, &c.framesSent, &c.bytesSent} {
			frames = append(frames, binary.NativeEndian.AppendUint64(nil, n.Load()))
		}
	}
	return msg.Of(frames...)
}
