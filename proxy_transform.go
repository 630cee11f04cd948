package zmq

import (
	"errors"
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// errTransformExited is the error of a proxy whose goroutine was ended by its
// function Transform.
var errTransformExited = errors.New("function Transform called runtime.Goexit")

// transform returns the message to send in place of the first of those received.
// If Transform ends the goroutine, the others are given back.
func (d *direction) transform(received []msg.Msg) (out msg.Msg, ok bool) {
	m := received[0]
	size := d.withID(m)
	d.control.counters[d.index].received.add([]msg.Msg{size})
	if d.options.Transform == nil {
		return size, true
	}
	out, ok = d.callTransform(received)
	if ok && d.idFirst {
		out.From = m.From
		out = d.withID(out)
	}
	return out, ok
}

func (d *direction) callTransform(received []msg.Msg) (out msg.Msg, ok bool) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if p := recover(); p != nil {
			d.transformFailed(fmt.Errorf("function Transform %w", transport.PanicError(p)))
			return
		}
		d.transformFailed(errTransformExited)
		if len(received) > 1 {
			d.from.Return(received[1:])
		}
	}()
	result, ok := d.options.Transform(d.source, Message{received[0]})
	returned, d.panicking = true, false
	if !ok {
		d.dropMessage(dropTransformed)
	}
	return result.m, ok
}

// transformFailed drops a message for which Transform panicked or ended its
// goroutine. Only the first of successive failures is an event, because a peer may
// cause one with each message.
func (d *direction) transformFailed(err error) {
	d.control.fail(err)
	if !d.panicking {
		d.panicking = true
		d.source.s.ReportEvent(session.Event{Kind: session.TransformPanicked, Err: err})
	}
	d.dropMessage(dropPanicked)
}
