package filemq

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
)

const (
	signature0 = 0xAA
	signature1 = 0xA3

	protocolName    = "FILEMQ"
	protocolVersion = 2

	maxString = 255
)

// commandID is the kind of a command.
type commandID byte

const (
	cmdOhai        commandID = 1
	cmdOhaiOK      commandID = 4
	cmdIcanhaz     commandID = 5
	cmdIcanhazOK   commandID = 6
	cmdNom         commandID = 7
	cmdCheezburger commandID = 8
	cmdHugz        commandID = 9
	cmdHugzOK      commandID = 10
	cmdKthxbai     commandID = 11
	cmdSrsly       commandID = 128
	cmdRtfm        commandID = 129
)

// Operations of CHEEZBURGER.
const (
	opCreate = 1
	opDelete = 2
)

// command is a decoded command. Which fields are used depends on its ID.
type command struct {
	id       commandID
	protocol string            // OHAI
	version  uint16            // OHAI
	path     string            // ICANHAZ
	options  map[string]string // ICANHAZ
	cache    map[string]string // ICANHAZ
	credit   uint64            // NOM
	sequence uint64            // NOM, CHEEZBURGER
	op       byte              // CHEEZBURGER
	filename string            // CHEEZBURGER
	offset   uint64            // CHEEZBURGER
	eof      bool              // CHEEZBURGER
	chunk    []byte            // CHEEZBURGER
	reason   string            // SRSLY, RTFM
}

var (
	errSignature = errors.New("wrong signature") // discarded without an answer
	errMalformed = errors.New("malformed command")
)

// encode returns the frame of a command.
func (c *command) encode() []byte {
	b := append(make([]byte, 0, 64+len(c.chunk)), signature0, signature1, byte(c.id))
	switch c.id {
	case cmdOhai:
		b = binary.BigEndian.AppendUint16(appendString(b, c.protocol), c.version)
	case cmdIcanhaz:
		b = appendDictionary(appendDictionary(appendString(b, c.path), c.options), c.cache)
	case cmdNom:
		b = binary.BigEndian.AppendUint64(b, c.credit)
		b = binary.BigEndian.AppendUint64(b, c.sequence)
	case cmdCheezburger:
		b = binary.BigEndian.AppendUint64(b, c.sequence)
		b = appendString(append(b, c.op), c.filename)
		b = binary.BigEndian.AppendUint64(b, c.offset)
		b = append(b, 0)
		if c.eof {
			b[len(b)-1] = 1
		}
		b = appendDictionary(b, nil)
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(c.chunk))), c.chunk...)
	case cmdSrsly, cmdRtfm:
		b = appendString(b, c.reason)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	s = s[:min(len(s), maxString)]
	return append(append(b, byte(len(s))), s...)
}

func appendDictionary(b []byte, d map[string]string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(d)))
	for _, name := range slices.Sorted(maps.Keys(d)) {
		b = appendString(b, name)
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(d[name]))), d[name]...)
	}
	return b
}

// decode reads the frame of a command. The chunk shares its memory.
func decode(b []byte) (*command, error) {
	if len(b) < 2 || b[0] != signature0 || b[1] != signature1 {
		return nil, errSignature
	}
	r := reader{b: b[2:]}
	c := &command{id: commandID(r.number(1))}
	switch c.id {
	case cmdOhai:
		c.protocol, c.version = r.string(), uint16(r.number(2))
	case cmdIcanhaz:
		c.path, c.options, c.cache = r.string(), r.dictionary(), r.dictionary()
	case cmdNom:
		c.credit, c.sequence = r.number(8), r.number(8)
	case cmdCheezburger:
		c.sequence, c.op, c.filename = r.number(8), byte(r.number(1)), r.string()
		c.offset, c.eof = r.number(8), r.number(1) != 0
		r.dictionary()
		c.chunk = r.take(r.number(4))
	case cmdSrsly, cmdRtfm:
		c.reason = r.string()
	case cmdOhaiOK, cmdIcanhazOK, cmdHugz, cmdHugzOK, cmdKthxbai:
	default:
		return nil, errMalformed
	}
	if r.failed {
		return nil, errMalformed
	}
	return c, nil
}

// reader reads fields one after the other. After a failure all results are zero.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) take(n uint64) []byte {
	if r.failed || n > uint64(len(r.b)) {
		r.failed, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// number reads a number of size bytes.
func (r *reader) number(size uint64) (n uint64) {
	for _, x := range r.take(size) {
		n = n<<8 | uint64(x)
	}
	return n
}

func (r *reader) string() string     { return r.text(r.number(1)) }
func (r *reader) longString() string { return r.text(r.number(4)) }

func (r *reader) text(n uint64) string {
	s := string(r.take(n))
	if strings.IndexByte(s, 0) >= 0 {
		r.failed = true
		return ""
	}
	return s
}

// dictionary reads pairs. Its size is bounded by the bytes that are there: a pair has at
// least 5 of them.
func (r *reader) dictionary() map[string]string {
	n := r.number(4)
	if n > uint64(len(r.b)/5) {
		r.failed = true
		return nil
	}
	d := make(map[string]string, n)
	for range n {
		name := r.string()
		d[name] = r.longString()
	}
	return d
}
