package engine

import (
	"encoding/binary"
	"fmt"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// handleCommand handles a command after the handshake. It ignores and counts a
// command that is unknown or does not apply to the socket type, because a newer
// version of ZMTP may define it.
// https://rfc.zeromq.org/spec/37/#commands
func (e *Engine) handleCommand(body []byte, in *msg.Batch) {
	name, data, ok := wire.SplitCommand(body)
	if !ok {
		e.ignore(body)
		return
	}
	switch string(name) {
	case wire.NamePing:
		e.handlePing(data)
	case wire.NamePong:
		e.handlePong(data)
	case wire.NameSubscribe, wire.NameJoin:
		e.handleSubscription(1, string(name) == wire.NameJoin, data, body, in)
	case wire.NameCancel, wire.NameLeave:
		e.handleSubscription(0, string(name) == wire.NameLeave, data, body, in)
	case wire.NameError:
		var cmd wire.Error
		if err := cmd.Decode(data); err != nil {
			e.failReceive(CloseMalformed, err)
			return
		}
		e.failReceive(CloseRefused, e.hideReason(&mechanism.PeerError{Reason: string(cmd.Reason)}))
	default:
		e.ignore(body)
	}
}

// handlePing queues a PONG. It replaces a PONG that Output has not yet
// returned, so many PINGs cost their sender more than this side.
func (e *Engine) handlePing(data []byte) {
	var p wire.Ping
	if err := p.Decode(data); err != nil {
		e.failReceive(CloseMalformed, err)
		return
	}
	e.recv.commands++
	e.recv.peerTTL = p.TTL
	e.out = p.Pong().Append(e.out[:0])
}

// handlePong records which PING the PONG answers, by the number in its context.
// A peer may answer only the last of several PINGs, as this engine does. Early
// ZMTP 3.1 peers answer each PING without a context.
func (e *Engine) handlePong(data []byte) {
	e.recv.commands++
	if len(data) == pingContext {
		e.recv.pongs = max(e.recv.pongs, binary.BigEndian.Uint64(data))
	} else {
		e.recv.pongs++
	}
}

// handleSubscription converts a SUBSCRIBE or CANCEL to the message that ZMTP
// before 3.1 uses, a byte 1 or 0 followed by the topic. The socket then handles
// one form only. JOIN and LEAVE are converted in the same way.
// https://rfc.zeromq.org/spec/48/
func (e *Engine) handleSubscription(first byte, group bool, topic, body []byte, in *msg.Batch) {
	if !e.cfg.Publishes || e.recv.frames > 0 || group != e.cfg.Groups {
		e.ignore(body)
		return
	}
	e.growCopied(msg.HeaderSize(1+len(topic)) + 1 + len(topic))
	e.recv.copied = msg.AppendHeader(e.recv.copied, 1+len(topic), false)
	e.recv.copied = append(append(e.recv.copied, first), topic...)
	e.endMessage(in)
}

func (e *Engine) ignore(body []byte) {
	r := &e.recv
	r.ignored++
	r.commands++
	r.useless += int64(len(body)) + 2
	if l := e.cfg.Limits.Useless; l > 0 && r.useless > l {
		e.failReceive(CloseIgnoredCommands, fmt.Errorf("%d bytes", r.useless))
	}
}

// Ignored returns the number of ignored commands. Like Commands, Pongs and
// PeerTTL, it must not be called concurrently with Decode.
func (e *Engine) Ignored() uint64 { return e.recv.ignored }

// Commands returns the number of PINGs, PONGs and ignored commands received.
func (e *Engine) Commands() uint64 { return e.recv.commands }

// Pongs returns the number of the last PING that the peer has answered, as
// given to AppendPing.
func (e *Engine) Pongs() uint64 { return e.recv.pongs }

// PeerTTL returns the TTL of the peer's last PING in tenths of a second. The
// connection times out if the peer is silent for longer. 0 is no timeout.
func (e *Engine) PeerTTL() uint16 { return e.recv.peerTTL }
