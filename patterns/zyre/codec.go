package zyre

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
)

// The header of every command: the signature, the command, the version and the sequence
// number (36/ZRE, ZRE Commands).
const (
	signature0 = 0xAA
	signature1 = 0xA1
	headerSize = 6

	// protocolVersion is sent in all commands. Zyre sends 2 also with CURVE, for which
	// 43/ZRE demands 3.
	protocolVersion      = 2
	protocolVersionCurve = 3

	maxString = 255
)

// commandID is the kind of a command.
type commandID byte

const (
	cmdHello   commandID = 1
	cmdWhisper commandID = 2
	cmdShout   commandID = 3
	cmdJoin    commandID = 4
	cmdLeave   commandID = 5
	cmdPing    commandID = 6
	cmdPingOK  commandID = 7
	cmdElect   commandID = 8  // of Zyre's elections, which this package does not have
	cmdLeader  commandID = 9  // likewise
	cmdGoodbye commandID = 10 // of Zyre: the peer leaves, without a beacon that says so
)

// command is a decoded command. Which fields are used depends on its ID.
type command struct {
	id       commandID
	sequence uint16
	version  byte // of a received command

	endpoint string            // HELLO
	groups   []string          // HELLO
	status   byte              // HELLO, JOIN, LEAVE: the group status sequence
	name     string            // HELLO
	headers  map[string]string // HELLO
	group    string            // SHOUT, JOIN, LEAVE
	content  [][]byte          // WHISPER, SHOUT
}

var errMalformed = errors.New("malformed command")

// codecLimits bound what a HELLO can contain.
type codecLimits struct {
	hello, groups, headers int
}

// encode returns the frames of a command.
func (c *command) encode() [][]byte {
	b := append(make([]byte, 0, 64), signature0, signature1, byte(c.id), protocolVersion)
	b = binary.BigEndian.AppendUint16(b, c.sequence)
	switch c.id {
	case cmdHello:
		b = c.appendHello(b)
	case cmdShout:
		b = appendString(b, c.group)
	case cmdJoin, cmdLeave:
		b = append(appendString(b, c.group), c.status)
	}
	return append([][]byte{b}, c.content...)
}

func (c *command) appendHello(b []byte) []byte {
	b = appendString(b, c.endpoint)
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.groups)))
	for _, g := range c.groups {
		b = appendLongString(b, g)
	}
	b = appendString(append(b, c.status), c.name)
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.headers)))
	for _, name := range slices.Sorted(maps.Keys(c.headers)) {
		b = appendLongString(appendString(b, name), c.headers[name])
	}
	return b
}

func appendString(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

func appendLongString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// decode reads the frames of a command. Bytes after the last field are ignored, as Zyre
// ignores them.
func decode(frames [][]byte, limits codecLimits) (*command, error) {
	b := frames[0]
	if len(b) < headerSize || b[0] != signature0 || b[1] != signature1 {
		return nil, errMalformed
	}
	c := &command{id: commandID(b[2]), version: b[3], sequence: binary.BigEndian.Uint16(b[4:])}
	if c.version != protocolVersion && c.version != protocolVersionCurve {
		return nil, errMalformed
	}
	r := reader{b: b[headerSize:]}
	switch c.id {
	case cmdHello:
		if len(b) > limits.hello {
			return nil, errMalformed
		}
		c.readHello(&r, limits)
	case cmdWhisper:
		c.content = frames[1:]
	case cmdShout:
		c.group, c.content = r.string(), frames[1:]
	case cmdJoin, cmdLeave:
		c.group, c.status = r.string(), r.byte()
	case cmdPing, cmdPingOK, cmdElect, cmdLeader, cmdGoodbye:
	default:
		return nil, errMalformed
	}
	if r.failed {
		return nil, errMalformed
	}
	return c, nil
}

func (c *command) readHello(r *reader, limits codecLimits) {
	c.endpoint = r.string()
	for range r.count(limits.groups) {
		c.groups = append(c.groups, r.longString())
	}
	c.status, c.name = r.byte(), r.string()
	n := r.count(limits.headers)
	c.headers = make(map[string]string, n)
	for range n {
		name := r.string()
		c.headers[name] = r.longString()
	}
}

// reader reads fields one after the other. After a failure all results are zero.
type reader struct {
	b      []byte
	failed bool
}

// take returns the next n bytes.
func (r *reader) take(n uint32) []byte {
	if r.failed || uint64(n) > uint64(len(r.b)) {
		r.failed, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) number4() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// count reads the length of a list. A longer one than the limit is a failure.
func (r *reader) count(limit int) int {
	n := r.number4()
	if uint64(n) > uint64(limit) {
		r.failed = true
		return 0
	}
	return int(n)
}

func (r *reader) string() string     { return r.text(uint32(r.byte())) }
func (r *reader) longString() string { return r.text(r.number4()) }

// text reads a text, which has no NUL: the strings of Zyre end there.
func (r *reader) text(n uint32) string {
	s := string(r.take(n))
	if strings.IndexByte(s, 0) >= 0 {
		r.failed = true
		return ""
	}
	return s
}

// validString reports whether a text fits into a string of the protocol.
func validString(s string) bool { return len(s) <= maxString && strings.IndexByte(s, 0) < 0 }

// validGroup reports whether a text can be the name of a group.
func validGroup(s string) bool { return s != "" && validString(s) }
