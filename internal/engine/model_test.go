package engine_test

import (
	"encoding/binary"
	"math"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// model is a simple decoder for traffic without encryption that gets all bytes
// at once. FuzzDecode compares the engine with it.
type model struct {
	v       wire.Version
	cfg     *engine.Config
	msgs    []message
	part    message // frames of the incomplete message
	bytes   int64
	useless int64
	ignored uint64
	pongs   uint64
	pong    string
	reason  engine.CloseReason

	// cut reports that the rest is an incomplete frame that exceeds a limit of
	// the message. The engine fails now or when the frame is complete.
	cut bool
}

func (m *model) read(b []byte) {
	for m.reason == engine.CloseNone {
		flags, size, h := m.header(b)
		switch l := &m.cfg.Limits; {
		case h == 0:
			return
		case h < 0:
			m.reason = engine.CloseMalformed
		case flags&wire.FlagCommand != 0 && l.Command > 0 && size > uint64(l.Command):
			m.reason = engine.CloseCommandSize
		case size > math.MaxInt || l.Frame > 0 && size > uint64(l.Frame):
			m.reason = engine.CloseFrameSize
		case size > uint64(len(b)-h):
			m.cut = flags&wire.FlagCommand == 0 && m.over(size)
			return
		case flags&wire.FlagCommand != 0:
			m.command(b[h : h+int(size)])
			b = b[h+int(size):]
		case m.over(size):
			m.reason = engine.CloseMessageSize
		default:
			m.frame(flags, string(b[h:h+int(size)]))
			b = b[h+int(size):]
		}
	}
}

// header returns the long header of a frame of the given size.
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

// over reports whether a frame of this size exceeds a limit of the message.
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

// command returns a command frame.
func (m *model) command(body []byte) {
	name, data, _ := wire.SplitCommand(body)
	switch string(name) {
	case "PING":
		if len(data) < 2 {
			m.reason = engine.CloseMalformed
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
		m.reason = engine.CloseMalformed
		if len(data) > 0 && int(data[0]) < len(data) {
			m.reason = engine.CloseRefused
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
		m.reason = engine.CloseIgnoredCommands
	}
}
