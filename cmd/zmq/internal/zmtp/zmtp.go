// Package zmtp decodes both directions of a recorded or observed ZMTP connection,
// versions 1.0 to 3.1, to show them to a person. It keeps a bounded part of each
// frame, accepts input in pieces of any size, and never fails: bytes that are
// not ZMTP become an item of their own.
//
// It does no I/O. It is not the decoder of the library: that one refuses what this
// one shows.
package zmtp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// The numbers of bytes that a decoder keeps.
const (
	MaxBody    = 256     // of the body of a message frame, and of the value of a field
	maxCommand = 8 << 10 // of the body of a command
)

// Kind is the kind of an item.
type Kind string

// The kinds of items.
const (
	Greeting  Kind = "greeting"
	Command   Kind = "command"
	Frame     Kind = "frame"     // of a message
	Sealed    Kind = "sealed"    // an encrypted frame
	Foreign   Kind = "foreign"   // the connection is of another protocol, as Text says; nothing follows
	Malformed Kind = "malformed" // the bytes are not ZMTP, as Text says; nothing follows
)

// Item is a part of one direction of a connection.
type Item struct {
	Kind Kind

	// Of a greeting. Versions before 3.0 have a socket type and no mechanism.
	Version    string // "1.0" to "3.1"
	Mechanism  string
	AsServer   bool
	SocketType string

	Name   string  // of a command
	Fields []Field // of a command

	More bool   // another frame of the message follows
	Size uint64 // of the body of a frame or a command
	Body []byte // the first MaxBody bytes of a frame; valid until the next call

	// Subscription is "subscribe" or "cancel" for a message frame that is a
	// subscription, as peers before ZMTP 3.1 send it. Its topic is Body without
	// the first byte.
	Subscription string

	Text string // what is wrong
}

// Field is a part of a command.
type Field struct {
	Name   string
	Value  []byte // at most MaxBody bytes; nil if only Size is known
	Size   int    // of the whole value
	Secret bool   // the value is a password
}

// Conn decodes a connection. The zero value is ready for use. It is not safe for
// concurrent use.
type Conn struct {
	sides [2]side
}

// state is what a side expects.
type state uint8

const (
	inGreeting state = iota
	inHeader         // of a frame
	inBody           // the part of a body that is kept
	inRest           // the part of a body that is not kept
	opaque           // nothing any more
)

// side is one direction.
type side struct {
	state      state
	buf        []byte // of the greeting, a header, or a body
	version    int    // 0: not known; 10, 20, 30, 31
	revision   int    // -1 for an unversioned peer, 0 if not known, or the byte of the greeting plus 1
	mechanism  string
	socketType string
	frames     int // complete headers

	flags byte
	size  uint64 // of the body
	rest  uint64 // bytes of the body that are not kept and have not arrived
}

// Flags of a frame.
const (
	flagMore    = 1
	flagLarge   = 2
	flagCommand = 4
)

// Version returns the version of a side, such as "3.1", and "" before its greeting.
func (c *Conn) Version(from int) string { return versionText(c.sides[from].version) }

// SocketType returns the socket type that a side has announced, or "".
func (c *Conn) SocketType(from int) string { return c.sides[from].socketType }

func versionText(v int) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", v/10, v%10)
}

// Decode decodes bytes that one side, 0 or 1, has sent, and calls emit for each
// item that is complete. A side must not receive bytes before they were passed to
// Decode, because the greeting of one side determines how the other continues.
func (c *Conn) Decode(from int, b []byte, emit func(*Item)) {
	s := &c.sides[from]
	other := &c.sides[1-from]
	for len(b) > 0 && s.state != opaque {
		switch s.state {
		case inGreeting:
			b = s.greeting(b, other, emit)
		case inHeader:
			b = s.header(b, emit)
		case inBody:
			b = s.body(b, emit)
		case inRest:
			n := min(uint64(len(b)), s.rest)
			b = b[n:]
			if s.rest -= n; s.rest == 0 {
				s.state = inHeader
			}
		}
	}
}

// fail ends the decoding of a side.
func (s *side) fail(kind Kind, text string, emit func(*Item)) []byte {
	s.state, s.buf = opaque, nil
	emit(&Item{Kind: kind, Text: text})
	return nil
}

// take moves bytes from b to the buffer until it has n. It returns the others.
func (s *side) take(b []byte, n int) []byte {
	n = min(max(n-len(s.buf), 0), len(b))
	s.buf = append(s.buf, b[:n]...)
	return b[n:]
}

// greeting decodes a greeting byte by byte, because its length depends on its
// bytes.
func (s *side) greeting(b []byte, other *side, emit func(*Item)) []byte {
	b = s.take(b, len(s.buf)+1)
	n := len(s.buf)
	if s.buf[0] != 0xFF {
		return s.shortGreeting(b, emit)
	}
	switch {
	case n < 10:
	case n == 10 && (s.buf[9]&1 == 0 || other.revision == -1):
		// The header of a long frame: the identity.
		s.revision, s.version = -1, 10
		return s.unversioned(b, emit)
	case n == 11:
		s.revision = int(s.buf[10]) + 1
	case n == 12 && (s.revision <= 2 || other.revision == 1 || other.revision == 2):
		s.version = 20
		if s.revision == 1 || other.revision == 1 {
			s.version = 10
		}
		s.socketType = oldSocketType(s.buf[11])
		emit(&Item{Kind: Greeting, Version: versionText(s.version), SocketType: s.socketType})
		s.state, s.buf = inHeader, s.buf[:0]
	case n == 64:
		s.version = 31
		if s.revision == 4 && s.buf[11] == 0 {
			s.version = 30
		}
		s.mechanism = string(bytes.TrimRight(s.buf[12:32], "\x00"))
		emit(&Item{Kind: Greeting, Version: versionText(s.version), Mechanism: s.mechanism, AsServer: s.buf[32] == 1})
		s.state, s.buf = inHeader, s.buf[:0]
	}
	return b
}

// foreign are the first bytes of other protocols.
var foreign = []struct{ prefix, name string }{
	{"HTTP/", "HTTP"}, {"GET ", "HTTP"}, {"POST", "HTTP"}, {"HEAD", "HTTP"}, {"PUT ", "HTTP"}, {"OPTI", "HTTP"}, {"CONN", "HTTP"}, {"PRI ", "HTTP/2"},
	{"\x16\x03", "TLS"}, {"\x15\x03", "TLS"}, {"SSH-", "SSH"}, {"220 ", "SMTP or FTP"}, {"220-", "SMTP or FTP"}, {"+OK ", "POP3"}, {"* OK", "IMAP"}, {"-ERR", "Redis or POP3"}, {"RFB ", "VNC"},
}

// ForeignProtocol returns the name of another protocol that begins with b, or "".
// maybe reports that more bytes could make it one.
func ForeignProtocol(b []byte) (name string, maybe bool) {
	for _, f := range foreign {
		if bytes.HasPrefix(b, []byte(f.prefix)) {
			return f.name, false
		}
		if bytes.HasPrefix([]byte(f.prefix), b) {
			maybe = true
		}
	}
	return "", maybe
}

// shortGreeting decodes the first bytes of a peer that is either of ZMTP 1.0 with
// an identity shorter than 254 bytes, or of another protocol.
func (s *side) shortGreeting(b []byte, emit func(*Item)) []byte {
	name, maybe := ForeignProtocol(s.buf)
	switch {
	case name != "":
		return s.fail(Foreign, name, emit)
	case maybe:
		return b
	}
	s.revision, s.version = -1, 10
	return s.unversioned(b, emit)
}

// unversioned begins ZMTP 1.0 without a greeting: what was read belongs to a frame.
func (s *side) unversioned(b []byte, emit func(*Item)) []byte {
	emit(&Item{Kind: Greeting, Version: "1.0"})
	head := append([]byte(nil), s.buf...)
	s.state, s.buf = inHeader, s.buf[:0]
	return append(head, b...)
}

// header decodes the header of a frame.
func (s *side) header(b []byte, emit func(*Item)) []byte {
	b = s.take(b, 1)
	length, sizeAt := 2, 1 // of a short header, and where its size is
	if s.version == 10 {
		sizeAt = 0
		if s.buf[0] == 0xFF {
			length, sizeAt = 10, 1
		}
	} else if s.buf[0]&^(flagMore|flagLarge|flagCommand) != 0 {
		return s.fail(Malformed, fmt.Sprintf("frame flags %#02x", s.buf[0]), emit)
	} else if s.buf[0]&flagLarge != 0 {
		length = 9
	}
	if b = s.take(b, length); len(s.buf) < length {
		return b
	}
	if sizeAt == 1 && length > 2 {
		s.size = binary.BigEndian.Uint64(s.buf[1:])
	} else {
		s.size = uint64(s.buf[sizeAt])
	}
	s.flags = s.buf[0]
	if s.version == 10 {
		s.flags = s.buf[length-1] & flagMore
		if s.frames == 0 {
			s.flags = 0 // the end of a signature
		}
		if s.size == 0 {
			return s.fail(Malformed, "frame of length 0", emit)
		}
		s.size-- // the flags
	}
	s.buf, s.state = s.buf[:0], inBody
	s.frames++
	s.rest = s.size - min(s.size, s.kept())
	if s.size == 0 {
		s.complete(emit)
	}
	return b
}

// kept returns how many bytes of a body are kept.
func (s *side) kept() uint64 {
	if s.flags&flagCommand != 0 {
		return maxCommand
	}
	return MaxBody
}

// body collects the part of a body that is kept.
func (s *side) body(b []byte, emit func(*Item)) []byte {
	b = s.take(b, int(min(s.size, s.kept())))
	if uint64(len(s.buf)) == min(s.size, s.kept()) {
		s.complete(emit)
	}
	return b
}

// complete emits the frame whose kept part is complete.
func (s *side) complete(emit func(*Item)) {
	it := Item{Kind: Frame, More: s.flags&flagMore != 0, Size: s.size}
	name, data, isCommand := splitCommand(s.buf)
	switch {
	case s.mechanism == "CURVE" && isCommand && name == "MESSAGE":
		it.Kind = Sealed
	case s.flags&flagCommand != 0 && !isCommand:
		it.Kind, it.Name = Command, ""
		it.Fields = []Field{field("body", s.buf)}
	case s.flags&flagCommand != 0:
		it.Kind, it.Name = Command, name
		if it.Fields = s.fields(name, data); s.size > maxCommand {
			it.Fields = []Field{{Name: "too long to show", Size: int(min(s.size, math.MaxInt))}}
		}
	default:
		it.Body = s.buf[:min(len(s.buf), MaxBody)]
		it.Subscription = s.subscription()
		if s.version <= 20 && s.frames == 1 {
			it.Name = "identity"
		}
	}
	emit(&it)
	s.buf, s.state = s.buf[:0], inHeader
	if s.rest > 0 {
		s.state = inRest
	}
}

// subscription returns what a message frame of a subscriber does.
func (s *side) subscription() string {
	if s.socketType != "SUB" && s.socketType != "XSUB" || len(s.buf) == 0 || s.version <= 20 && s.frames == 1 {
		return ""
	}
	switch s.buf[0] {
	case 0:
		return "cancel"
	case 1:
		return "subscribe"
	}
	return ""
}

// oldSocketType returns the name of a socket type of ZMTP 2.0.
func oldSocketType(n byte) string {
	names := []string{"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM"}
	if int(n) < len(names) {
		return names[n]
	}
	return fmt.Sprintf("%d", n)
}
