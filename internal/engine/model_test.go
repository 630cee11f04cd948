package engine_test

import (
	"encoding/binary"
	"math"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// model is what traffic without a mechanism means, one frame after another
// and all of it there: the decoder without its reasons to be fast.
type model struct {
	v       wire.Version
	cfg     *engine.Config
	msgs    []message
	part    message // the frames of a message that is not whole
	bytes   int64
	useless int64
	ignored uint64
	pongs   uint64
	pong    string
	fault   engine.CloseReason

	// cut says that what is left is the start of a frame that will end a
	// message over its limit: a fault, now or when it is whole.
	cut bool
}

func (m *model) read(b []byte) {
	for m.fault == engine.CloseNone {
		flags, size, h := m.header(b)
		switch l := &m.cfg.Limits; {
		case h == 0:
			return
		case h < 0:
			m.fault = engine.CloseMalformed
		case flags&wire.FlagCommand != 0 && l.Command > 0 && size > uint64(l.Command):
			m.fault = engine.CloseCommandSize
		case size > math.MaxInt || l.Frame > 0 && size > uint64(l.Frame):
			m.fault = engine.CloseFrameSize
		case size > uint64(len(b)-h):
			m.cut = flags&wire.FlagCommand == 0 && m.over(size)
			return
		case flags&wire.FlagCommand != 0:
			m.command(b[h : h+int(size)])
			b = b[h+int(size):]
		case m.over(size):
			m.fault = engine.CloseMessageSize
		default:
			m.frame(flags, string(b[h:h+int(size)]))
			b = b[h+int(size):]
		}
	}
}

func (m *model) header(b []byte) (flags byte, size uint64, h int) {
	if m.v != wire.V1 {
		return wire.ConsumeFrameHeader(b)
	}
	more, size, h := wire.ConsumeFrameHeaderV1(b)
	if more {
		flags = wire.FlagMore
	}
	return flags, size, h
}

// over reports whether one more frame is more than a message may have.
func (m *model) over(size uint64) bool {
	l := &m.cfg.Limits
	return l.Frames > 0 && len(m.part) >= l.Frames || l.Message > 0 && size > uint64(l.Message-m.bytes)
}

func (m *model) frame(flags byte, body string) {
	m.part = append(m.part, body)
	m.bytes += int64(len(body))
	if flags&wire.FlagMore == 0 {
		m.msgs = append(m.msgs, m.part)
		m.part, m.bytes, m.useless = nil, 0, 0
	}
}

func (m *model) command(body []byte) {
	name, data, _ := wire.SplitCommand(body)
	switch string(name) {
	case "PING":
		if len(data) < 2 {
			m.fault = engine.CloseMalformed
			return
		}
		m.pong = command("PONG", string(data[2:min(len(data), 18)]))
		return
	case "PONG":
		m.pongs++
		if len(data) == 8 {
			m.pongs = max(m.pongs-1, binary.BigEndian.Uint64(data))
		}
		return
	case "ERROR":
		m.fault = engine.CloseMalformed
		if len(data) > 0 && int(data[0]) < len(data) {
			m.fault = engine.CloseRefused
		}
		return
	case "SUBSCRIBE", "CANCEL":
		if m.cfg.Publishes && m.part == nil {
			first := "\x00"
			if name[0] == 'S' {
				first = "\x01"
			}
			m.frame(0, first+string(data))
			return
		}
	}
	m.ignored++
	m.useless += int64(len(body)) + 2
	if l := m.cfg.Limits.Useless; l > 0 && m.useless > l {
		m.fault = engine.CloseUseless
	}
}
