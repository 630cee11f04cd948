package engine

import (
	"encoding/binary"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// sendState is the state of Encode.
type sendState struct {
	direct bool // encoded messages are the bytes to send
}

// Direct reports whether the bytes of encoded messages can be sent without
// Encode. The peer then uses ZMTP 2.0 or later, without encryption.
func (e *Engine) Direct() bool { return e.send.direct }

// Encode appends the bytes to send for the encoded messages of c to dst. It
// stops after a message when dst holds at least full bytes, or at the end of c.
// It returns the number of messages and their size in c. Frames with
// wire.FlagCommand are commands and do not count as messages.
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
	case e.mech != nil && e.mech.Seals():
		sealed, err := e.mech.Seal(wire.AppendFrameHeader(dst, 0, len(body)+mechanism.SealOverhead), flags, body)
		if err != nil {
			return dst, err
		}
		return sealed, nil
	case e.version == wire.V1:
		dst = wire.AppendFrameHeaderV1(dst, flags&wire.FlagMore != 0, len(body))
	default:
		dst = wire.AppendFrameHeader(dst, flags, len(body))
	}
	return append(dst, body...), nil
}

// EncodedFrame returns the size of the first frame in b, which Encode has appended.
func (e *Engine) EncodedFrame(b []byte) int {
	if e.version == wire.V1 {
		_, size, n := wire.ConsumeFrameHeaderV1(b)
		return n + int(size)
	}
	_, size, n := wire.ConsumeFrameHeader(b)
	return n + int(size)
}

// AppendSubscription appends a frame for Encode that adds a subscription, or
// removes it. The form depends on the version of the peer: a command from ZMTP
// 3.1 on, a message before.
// https://rfc.zeromq.org/spec/37/#the-publish-subscribe-pattern
// A group is joined or left with a command in every version. ZMTP 1.0 has no
// commands, so AppendSubscription appends nothing.
// https://rfc.zeromq.org/spec/48/
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

// pingContext is the size of the context of a PING that AppendPing appends.
const pingContext = 8

// AppendPing appends a PING as a frame for Encode. ttl is in tenths of a
// second. number, which starts at 1, is the context, so that Pongs can return
// which PING the peer has answered.
func AppendPing(dst []byte, ttl uint16, number uint64) []byte {
	var context [pingContext]byte
	binary.BigEndian.PutUint64(context[:], number)
	return wire.Ping{TTL: ttl, Context: context[:]}.Append(dst)
}
