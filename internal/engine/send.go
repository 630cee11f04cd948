package engine

import (
	"encoding/binary"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// sendState is the sending half of an Engine in traffic.
type sendState struct {
	direct bool // frames at rest are what the wire carries
}

// Direct reports whether frames at rest can be sent as they are, without
// Encode.
func (e *Engine) Direct() bool { return e.send.direct }

// Encode appends to dst what the wire carries for the frames of c, until dst
// has full bytes or more and a message ends, or c ends. It returns how many
// messages it took and their size at rest. Commands among the frames, marked
// by wire.FlagCommand, are not counted.
func (e *Engine) Encode(dst []byte, c *msg.Cursor, full int) (out []byte, msgs, size int, err error) {
	start := c.Pos()
	if e.cfg.Raw {
		dst, msgs = encodeRaw(dst, c, full)
		return dst, msgs, c.Pos() - start, nil
	}
	for len(dst) < full {
		for {
			body, flags, ok := c.Next()
			if !ok {
				return dst, msgs, c.Pos() - start, nil
			}
			if dst, err = e.encodeFrame(dst, flags, body); err != nil {
				return dst, msgs, c.Pos() - start, err
			}
			if flags&wire.FlagMore == 0 {
				if flags&wire.FlagCommand == 0 {
					msgs++
				}
				break
			}
		}
	}
	return dst, msgs, c.Pos() - start, nil
}

func (e *Engine) encodeFrame(dst []byte, flags byte, body []byte) ([]byte, error) {
	flags &= wire.FlagMore | wire.FlagCommand
	switch {
	case e.mech.Seals():
		sealed, err := e.mech.Seal(nil, flags, body)
		if err != nil {
			return dst, err
		}
		return append(wire.AppendFrameHeader(dst, 0, len(sealed)), sealed...), nil
	case e.version == wire.V1:
		dst = wire.AppendFrameHeaderV1(dst, flags&wire.FlagMore != 0, len(body))
	default:
		dst = wire.AppendFrameHeader(dst, flags, len(body))
	}
	return append(dst, body...), nil
}

// AppendSubscription appends, as a frame at rest for Encode, the change of a
// subscription in the form the peer's version has: a command from ZMTP 3.1 on,
// a message before. https://rfc.zeromq.org/spec/37/#the-publish-subscribe-pattern
// Groups are joined and left by commands in every version; in 1.0 there are
// none. https://rfc.zeromq.org/spec/48/
func (e *Engine) AppendSubscription(dst []byte, topic string, on bool) []byte {
	t := []byte(topic)
	switch {
	case e.cfg.Groups && e.version == wire.V1:
		return dst
	case e.cfg.Groups && on:
		return wire.Join{Group: t}.Append(dst)
	case e.cfg.Groups:
		return wire.Leave{Group: t}.Append(dst)
	case e.version >= wire.V3_1 && on:
		return wire.Subscribe{Topic: t}.Append(dst)
	case e.version >= wire.V3_1:
		return wire.Cancel{Topic: t}.Append(dst)
	case on:
		return wire.AppendLegacySubscribe(dst, t)
	}
	return wire.AppendLegacyCancel(dst, t)
}

// pingContext is the length of the contexts of our PINGs: a number.
const pingContext = 8

// AppendPing appends a PING, as a frame at rest for Encode. ttl is in tenths
// of a second; number, counted from 1, tells which PING a PONG answers.
func AppendPing(dst []byte, ttl uint16, number uint64) []byte {
	var context [pingContext]byte
	binary.BigEndian.PutUint64(context[:], number)
	return wire.Ping{TTL: ttl, Context: context[:]}.Append(dst)
}
