package engine

import (
	"encoding/binary"
	"fmt"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// command handles a command during traffic. One that is unknown, or not for
// our socket type, is ignored and counted: a newer peer may have reasons.
// https://rfc.zeromq.org/spec/37/#commands
func (e *Engine) command(body []byte, in *msg.Batch) {
	name, data, ok := wire.SplitCommand(body)
	if !ok {
		e.ignore(body)
		return
	}
	switch string(name) {
	case wire.NamePing:
		e.ping(data)
	case wire.NamePong:
		e.pong(data)
	case wire.NameSubscribe, wire.NameJoin:
		e.subscription(1, string(name) == wire.NameJoin, data, body, in)
	case wire.NameCancel, wire.NameLeave:
		e.subscription(0, string(name) == wire.NameLeave, data, body, in)
	case wire.NameError:
		var cmd wire.Error
		if err := cmd.Decode(data); err != nil {
			e.stop(CloseMalformed, err)
			return
		}
		e.stop(CloseRefused, &mechanism.PeerError{Reason: string(cmd.Reason)})
	default:
		e.ignore(body)
	}
}

// ping owes the peer a PONG. Only the last one asked for is kept, so a flood
// of PINGs costs its sender more than us.
func (e *Engine) ping(data []byte) {
	var p wire.Ping
	if err := p.Decode(data); err != nil {
		e.stop(CloseMalformed, err)
		return
	}
	e.recv.commands++
	e.recv.lease = p.TTL
	e.out = p.Pong().Append(e.out[:0])
}

// pong takes note of the PING that is answered, by the number we put in its
// context. As we do, a peer may answer only the last of several. One that does
// not echo contexts, as the first peers of 3.1 did not, answers each.
func (e *Engine) pong(data []byte) {
	e.recv.commands++
	if len(data) == pingContext {
		e.recv.pongs = max(e.recv.pongs, binary.BigEndian.Uint64(data))
	} else {
		e.recv.pongs++
	}
}

// subscription passes a SUBSCRIBE or CANCEL on as the message that it was
// before ZMTP 3.1, a first byte of 1 or 0 and the topic: what comes as a
// message in any version and what comes as a command are then the same. JOIN and
// LEAVE are passed on likewise. https://rfc.zeromq.org/spec/48/
func (e *Engine) subscription(first byte, group bool, topic, body []byte, in *msg.Batch) {
	if !e.cfg.Publishes || e.recv.frames > 0 || group != e.cfg.Groups {
		e.ignore(body)
		return
	}
	e.reserve(msg.HeaderSize(1+len(topic)) + 1 + len(topic))
	e.recv.region = msg.AppendHeader(e.recv.region, 1+len(topic), false)
	e.recv.region = append(append(e.recv.region, first), topic...)
	e.endMessage(in)
}

func (e *Engine) ignore(body []byte) {
	r := &e.recv
	r.ignored++
	r.commands++
	r.useless += int64(len(body)) + 2
	if l := e.cfg.Limits.Useless; l > 0 && r.useless > l {
		e.stop(CloseUseless, fmt.Errorf("%d bytes of ignored commands", r.useless))
	}
}

// Ignored is the number of commands ignored so far. It belongs to the
// receiving half.
func (e *Engine) Ignored() uint64 { return e.recv.ignored }

// Commands is the number of commands so far that were no subscriptions: PINGs,
// PONGs and ignored ones. It belongs to the receiving half.
func (e *Engine) Commands() uint64 { return e.recv.commands }

// Pongs is the number of the last PING that has been answered, as it was given
// to AppendPing. It belongs to the receiving half.
func (e *Engine) Pongs() uint64 { return e.recv.pongs }

// Lease is the TTL of the peer's last PING in tenths of a second, 0 for none:
// how long it wants to be waited for. It belongs to the receiving half.
func (e *Engine) Lease() uint16 { return e.recv.lease }
