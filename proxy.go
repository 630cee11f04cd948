package zmq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// ProxyOptions configure [Proxy]. The zero value, and nil, forward all messages
// unchanged.
type ProxyOptions struct {
	// Capture receives a copy of every forwarded message, as it was sent: a
	// PUB, PUSH, PAIR, DEALER or other socket that sends, and not one of the other
	// sockets of the proxy. A copy that cannot be
	// sent at once is dropped and counted under [ProxyDrops].Captures, so
	// that no capture delays a message. The zero Socket captures nothing.
	Capture Socket

	// Transform is called with each message, and returns the message to send
	// in its place. If forward is false the message is dropped and counted. from
	// is the socket that has received it. A message of a ROUTER is passed without
	// its routing ID, which [Message.RoutingID] returns; a message to a ROUTER
	// begins with the routing ID of the peer that it is for. Default nil: all
	// messages unchanged.
	//
	// It is called by one goroutine for each direction; while it does not return,
	// its direction forwards nothing and Proxy does not end. If it panics, the
	// message is dropped and counted, and the panic is an error in
	// [ProxyStats].LastErr and an [EventTransformPanicked] of from. If it calls
	// [runtime.Goexit], the same happens and Proxy returns an error. If front and
	// back are one REP, it answers a dropped request with an empty message. A
	// message that was not sent when the proxy stopped is passed again by the next
	// one.
	Transform func(from Socket, m Message) (out Message, forward bool)

	// Control pauses, resumes and ends the proxy, and has its counters. A
	// ProxyControl belongs to one call of Proxy at a time; a second call fails
	// with [ErrInvalidOption]. Default nil: only ctx ends the proxy.
	Control *ProxyControl

	// ControlSocket receives the commands of libzmq's steerable proxy: PAUSE,
	// RESUME, TERMINATE and STATISTICS, each a message of one frame. Other
	// messages are ignored. The reply to STATISTICS is eight frames of 8 bytes,
	// integers in the byte order of the machine: for front and then back, the
	// frames received, their bytes, the frames sent, and their bytes. A REP
	// answers every other message with an empty one. PAIR and PULL send no
	// other reply. It must not be one of the other sockets of the proxy. If it
	// fails, as when it is closed, messages are still forwarded, and the error is in
	// [ProxyStats].LastErr. The zero Socket receives nothing. [zmq_proxy_steerable]
	ControlSocket Socket
}

// ProxyStats are the counters of a [ProxyControl]. They cover all calls of Proxy
// that it was passed to.
type ProxyStats struct {
	Front, Back ProxySideStats

	Drops   ProxyDrops
	LastErr error // the last error: of a message dropped for another reason than Transformed or Captures, or of ControlSocket; nil if there was none
	Paused  bool  // whether the proxy is paused
}

// ProxyDrops counts the messages that a proxy received and did not forward.
type ProxyDrops struct {
	Transformed uint64 // Transform returned false
	Panicked    uint64 // Transform panicked
	NoRoute     uint64 // no peer has the routing ID
	PeerFull    uint64 // the queue of the peer with the routing ID is full
	Refused     uint64 // the socket does not send such a message, as [ProxyStats].LastErr says
	Captures    uint64 // copies that Capture did not take; the messages were forwarded
}

// ProxySideStats are the counters of one socket of a proxy. Frames and bytes
// include the routing IDs of a ROUTER.
type ProxySideStats struct {
	MessagesReceived, FramesReceived, BytesReceived uint64
	MessagesSent, FramesSent, BytesSent             uint64
}

// errTerminated is the cause of the end of a proxy that Terminate has ended.
var errTerminated = errors.New("proxy terminated")

// ProxyControl controls a proxy while it runs, from other goroutines. The zero
// value is ready for use. Its methods may be called concurrently, before, during
// and after the call of Proxy.
type ProxyControl struct {
	counters [2]struct { // of the direction from front, and of that from back
		received, sent traffic
		drops          [numProxyDrops]atomic.Uint64
	}

	mu      sync.Mutex
	paused  bool
	stopped bool          // StopFront was called
	changed chan struct{} // closed by Resume; nil unless a direction waits for it
	run     *proxyRun     // the current call of Proxy, if any
	lastErr error
}

// proxyDrop is a reason for which a message is not forwarded.
type proxyDrop int

const (
	dropTransformed proxyDrop = iota
	dropPanicked
	dropNoRoute
	dropPeerFull
	dropRefused
	dropCapture
	numProxyDrops
)

// traffic counts messages, frames and bytes.
type traffic struct{ messages, frames, bytes atomic.Uint64 }

func (t *traffic) add(msgs []msg.Msg) { t.change(msgs, 1) }

// remove reverses add, for messages that are given back and received again.
func (t *traffic) remove(msgs []msg.Msg) { t.change(msgs, -1) }

func (t *traffic) change(msgs []msg.Msg, sign int) {
	var frames, bytes int
	for i := range msgs {
		frames += msgs[i].Len()
		bytes += msgs[i].Size()
	}
	t.messages.Add(uint64(sign * len(msgs)))
	t.frames.Add(uint64(sign * frames))
	t.bytes.Add(uint64(sign * bytes))
}

// proxyRun is a call of Proxy.
type proxyRun struct {
	ctx       context.Context // of the call
	receiving context.Context // ends when the proxy pauses
	stop      context.CancelFunc
	end       context.CancelCauseFunc // of ctx
}

// Pause stops receiving. Messages that the proxy has received are still sent;
// others remain in the queues of the sockets.
func (c *ProxyControl) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = true
	if c.run != nil {
		c.run.stop()
	}
}

// Resume ends a pause.
func (c *ProxyControl) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.paused {
		return
	}
	c.paused = false
	if c.run != nil {
		c.run.receiving, c.run.stop = context.WithCancel(c.run.ctx)
	}
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// StopFront stops receiving from front until the current call of Proxy ends.
// Messages that back receives are still forwarded. A broker of requests calls it
// before it ends, so that workers can answer the requests that were forwarded; other
// requests remain in the queues of front. It does nothing if there is no call.
func (c *ProxyControl) StopFront() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run == nil {
		return
	}
	c.stopped = true
	c.run.stop()
	if !c.paused {
		c.run.receiving, c.run.stop = context.WithCancel(c.run.ctx)
	}
}

// Terminate makes the current call of Proxy return nil. It does nothing if there
// is none.
func (c *ProxyControl) Terminate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != nil {
		c.run.end(errTerminated)
	}
}

// Stats returns the counters.
func (c *ProxyControl) Stats() ProxyStats {
	side := func(received, sent *traffic) ProxySideStats {
		return ProxySideStats{
			MessagesReceived: received.messages.Load(), FramesReceived: received.frames.Load(), BytesReceived: received.bytes.Load(),
			MessagesSent: sent.messages.Load(), FramesSent: sent.frames.Load(), BytesSent: sent.bytes.Load(),
		}
	}
	front, back := &c.counters[0], &c.counters[1]
	drops := func(why proxyDrop) uint64 { return front.drops[why].Load() + back.drops[why].Load() }
	c.mu.Lock()
	defer c.mu.Unlock()
	return ProxyStats{
		Front: side(&front.received, &back.sent),
		Back:  side(&back.received, &front.sent),
		Drops: ProxyDrops{
			Transformed: drops(dropTransformed), Panicked: drops(dropPanicked), NoRoute: drops(dropNoRoute),
			PeerFull: drops(dropPeerFull), Refused: drops(dropRefused), Captures: drops(dropCapture),
		},
		LastErr: c.lastErr, Paused: c.paused,
	}
}

// begin registers a call of Proxy.
func (c *ProxyControl) begin(ctx context.Context) (*proxyRun, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != nil {
		return nil, fmt.Errorf("%w: the ProxyControl belongs to another proxy", ErrInvalidOption)
	}
	r := &proxyRun{}
	r.ctx, r.end = context.WithCancelCause(ctx)
	r.receiving, r.stop = context.WithCancel(r.ctx)
	if c.paused {
		r.stop()
	}
	c.run = r
	return r, nil
}

// finish unregisters the call.
func (c *ProxyControl) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run.end(nil)
	c.run, c.stopped = nil, false
}

// awaitRunning waits while the proxy is paused, or its direction is stopped. It
// returns a context that ends at the next pause.
func (c *ProxyControl) awaitRunning(ctx context.Context, direction int) context.Context {
	for {
		c.mu.Lock()
		if c.stopped && direction == 0 {
			c.mu.Unlock()
			<-ctx.Done()
			return ctx
		}
		if !c.paused {
			defer c.mu.Unlock()
			return c.run.receiving
		}
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx
		}
	}
}

func (c *ProxyControl) fail(err error) {
	c.mu.Lock()
	c.lastErr = err
	c.mu.Unlock()
}

// Proxy forwards the messages that front receives to back, and those that back
// receives to front, until ctx ends or [ProxyControl.Terminate] is called. It is
// the core of a broker:
//
//	front    back
//	ROUTER   DEALER   requests of REQ and DEALER to REP and DEALER workers, and their replies
//	XSUB     XPUB     messages of PUBs to SUBs, whose subscriptions go to the PUBs
//	PULL     PUSH     tasks to workers
//
// Proxy subscribes to nothing. An XPUB passes the subscriptions of its peers to an
// XSUB. A SUB receives no subscriptions: call [Subscriber.Subscribe] before, as with ""
// for all messages, or nothing is forwarded. The same is true of [Dish.Join], and of a
// SUB that is the ControlSocket.
//
// Any other types may be combined, if one receives and the other sends, except
// REQ and REP with another socket, and SERVER and PEER. With the same socket as
// front and back, such as a REP, what it receives is sent back. What a ROUTER
// receives is forwarded with the routing ID of its sender as the first frame. What a
// ROUTER sends goes to the peer that the first frame names; workers return that
// frame with their reply, as a REP does by itself.
//
// If all queues of a side are full, messages stay in the queues of the other side.
// Nothing is lost when a proxy stops: messages that it could not send are received
// next by the next receiver of the same socket. A message that cannot be sent is
// dropped and counted in [ProxyDrops]: its routing ID is unknown, the queue of the
// ROUTER's peer that it is for is full, or the socket refuses it, as for its size.
//
// Proxy returns nil after Terminate, the error of ctx when it ends, and an
// [*OpError] that matches [ErrClosed] if a socket is closed, or
// [ErrInvalidOption] if the types cannot be combined, [ProxyOptions].Capture cannot
// send, ControlSocket cannot receive, or one of these two is used twice. It closes
// no socket. Others may use the sockets meanwhile. [zmq_proxy, zmq_proxy_steerable]
func Proxy(ctx context.Context, front, back Socket, o *ProxyOptions) error {
	checkContext(ctx)
	if o == nil {
		o = &ProxyOptions{}
	}
	control := o.Control
	if control == nil {
		control = new(ProxyControl)
	}
	directions, err := newDirections(front, back, o, control)
	if err != nil {
		return opError("proxy", "", err)
	}
	run, err := control.begin(ctx)
	if err != nil {
		return opError("proxy", "", err)
	}
	defer control.finish()
	errs := make(chan error)
	for _, d := range directions {
		go func() {
			err := errTransformExited // unless forward returns
			defer func() { errs <- err }()
			err = d.forward(run.ctx)
		}()
	}
	n := len(directions)
	if o.ControlSocket.s != nil {
		n++
		go func() { errs <- serveControl(run.ctx, o.ControlSocket.s, control) }()
	}
	err = <-errs // the first ends the others
	run.end(err)
	for range n - 1 {
		<-errs
	}
	switch {
	case context.Cause(run.ctx) == errTerminated:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return opError("proxy", "", err)
}

// batchSize is how many messages a direction receives at a time.
const batchSize = 64

// direction forwards the messages of one direction.
type direction struct {
	from, to socket.Transfer
	source   Socket // of from
	idFirst  bool   // the routing ID of the sender is added as the first frame
	options  *ProxyOptions
	control  *ProxyControl
	index    int // of control.counters

	received, prepared [batchSize]msg.Msg
	frames             [][]byte  // of prepared
	peer               *msg.Peer // the last sender
	id                 []byte    // its routing ID
	panicking          bool      // Transform panicked for the last message
}

// newDirections checks the sockets and returns the directions in which messages
// can flow.
func newDirections(front, back Socket, o *ProxyOptions, c *ProxyControl) ([]*direction, error) {
	if front.s == nil || back.s == nil {
		return nil, fmt.Errorf("%w: zero Socket", ErrInvalidOption)
	}
	for _, t := range []SocketType{front.Type(), back.Type()} {
		switch t {
		case TypeServer, TypePeer:
			return nil, fmt.Errorf("%w: a %v sends by routing numbers, which a message does not keep", ErrInvalidOption, t)
		case TypeReq, TypeRep:
			if front.s != back.s {
				return nil, fmt.Errorf("%w: a %v sends and receives alternately; use ROUTER and DEALER", ErrInvalidOption, t)
			}
		}
	}
	if err := checkExtraSockets(front, back, o); err != nil {
		return nil, err
	}
	var list []*direction
	add := func(index int, from, to Socket) {
		in, out := pattern.Types[from.s.Type()], pattern.Types[to.s.Type()]
		if in.Receives && out.Sends {
			list = append(list, &direction{
				from: from.s.Transfer(), to: to.s.Transfer(), source: from, idFirst: in.IDFirst,
				options: o, control: c, index: index,
			})
		}
	}
	add(0, front, back)
	if front.s != back.s {
		add(1, back, front)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: no message can pass between %v and %v", ErrInvalidOption, front.Type(), back.Type())
	}
	return list, nil
}

// forward forwards messages until ctx ends or a socket is closed.
func (d *direction) forward(ctx context.Context) error {
	simple := d.options.Transform == nil && d.options.Capture.s == nil
	for {
		receiving := d.control.awaitRunning(ctx, d.index)
		if ctx.Err() != nil { // perhaps during a pause
			return ctx.Err()
		}
		n, err := d.from.Recv(receiving, d.received[:])
		switch {
		case err == nil && receiving.Err() != nil && d.from != d.to:
			// They may have arrived after the pause began, which the end of ctx may
			// have followed. A REP, which is on both sides, takes no message back.
			d.from.Return(d.received[:n])
			clear(d.received[:n])
			continue
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case receiving.Err() != nil:
			continue
		default:
			return err
		}
		if simple {
			err = d.sendAll(ctx, d.received[:n])
		} else {
			err = d.sendEach(ctx, d.received[:n])
		}
		clear(d.received[:n])
		if err != nil {
			return err
		}
	}
}

// sendAll sends messages unchanged. If it fails, those that are not sent are
// given back.
func (d *direction) sendAll(ctx context.Context, msgs []msg.Msg) error {
	prepared := d.prepare(msgs)
	defer clear(prepared)
	received := &d.control.counters[d.index].received
	for done := 0; done < len(msgs); {
		n, err := d.trySend(prepared[done:len(msgs)])
		if done += n; done == len(msgs) {
			break
		}
		if d.waits(err) {
			received.remove(prepared[done+1 : len(msgs)])
			d.from.Return(msgs[done+1:])
			msgs = msgs[:done+1]
		}
		if err := d.finish(ctx, &msgs[done], prepared[done], err); err != nil {
			received.remove(prepared[done:len(msgs)])
			d.from.Return(msgs[done:])
			return err
		}
		done++
	}
	return nil
}

// trySend sends messages and counts those that are sent. It counts before it sends, so
// that a message that has arrived is in the counters.
func (d *direction) trySend(msgs []msg.Msg) (n int, err error) {
	sent := &d.control.counters[d.index].sent
	sent.add(msgs)
	n, err = d.to.TrySend(msgs)
	sent.remove(msgs[n:])
	return n, err
}

// sendEach is like sendAll, with Transform and Capture.
func (d *direction) sendEach(ctx context.Context, msgs []msg.Msg) error {
	capture := d.options.Capture.s
	for i := range msgs {
		out, ok := d.transform(msgs[i:])
		if !ok {
			continue
		}
		var captured msg.Msg
		if capture != nil {
			captured = Message{out}.Clone().m
		}
		one := [1]msg.Msg{out}
		n, err := d.trySend(one[:])
		if n == 0 {
			if err := d.finish(ctx, &msgs[i], out, err); err != nil {
				size := d.withID(msgs[i])
				d.control.counters[d.index].received.remove([]msg.Msg{size})
				d.from.Return(msgs[i:])
				return err
			}
		}
		if capture != nil && capture.TrySend(captured) != nil {
			d.drop(dropCapture)
		}
	}
	return nil
}

// waits reports whether a message that was not sent because of err is sent when
// there is capacity.
func (d *direction) waits(err error) bool { return err == pattern.ErrWouldBlock && !d.to.Routes() }

// finish deals with a message that was not sent because of err: it waits until it
// is sent, or drops it. An error ends the direction.
func (d *direction) finish(ctx context.Context, received *msg.Msg, prepared msg.Msg, err error) error {
	if d.waits(err) {
		if err = d.to.Send(ctx, prepared); err == nil {
			d.control.counters[d.index].sent.add([]msg.Msg{prepared})
			return nil
		}
	}
	switch {
	case err == ErrClosed, ctx.Err() != nil:
		return err
	case err == pattern.ErrNoRoute:
		d.dropMessage(dropNoRoute)
	case err == pattern.ErrWouldBlock:
		err = errPeerFull
		d.dropMessage(dropPeerFull)
	default:
		d.dropMessage(dropRefused)
	}
	d.control.fail(err)
	received.Bufs.FreeAll()
	return nil
}

// errPeerFull is the error for a message to a peer of a ROUTER or STREAM whose
// queue is full. To wait for it would stop the messages to all other peers.
var errPeerFull = errors.New("the queue of the peer is full")

// dropMessage counts a received message that is not forwarded. A REP on both sides
// answers it, because it receives no other message before.
func (d *direction) dropMessage(why proxyDrop) {
	d.drop(why)
	if d.source.Type() == TypeRep {
		d.to.TrySend(make([]msg.Msg, 1)) // an error is that of the next Recv
	}
}

func (d *direction) drop(why proxyDrop) { d.control.counters[d.index].drops[why].Add(1) }

// prepare returns the messages as they are sent.
func (d *direction) prepare(msgs []msg.Msg) []msg.Msg {
	prepared := d.prepared[:len(msgs)]
	copy(prepared, msgs)
	d.frames = d.frames[:0]
	if d.idFirst {
		for i := range prepared {
			d.addID(&prepared[i])
		}
	}
	d.control.counters[d.index].received.add(prepared)
	return prepared
}

// addID adds the routing ID of the sender as the first frame.
func (d *direction) addID(m *msg.Msg) {
	if d.peer != m.From {
		d.peer, d.id = m.From, []byte(m.From.RoutingID)
	}
	start := len(d.frames)
	d.frames = append(append(d.frames, m.First), m.Rest...)
	m.First, m.Rest = d.id, d.frames[start:len(d.frames):len(d.frames)]
}

// withID returns a message as it is forwarded. The result is valid until the next
// call.
func (d *direction) withID(m msg.Msg) msg.Msg {
	d.frames = d.frames[:0]
	if d.idFirst {
		d.addID(&m)
	}
	return m
}
