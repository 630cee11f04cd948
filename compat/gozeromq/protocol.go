package zmq4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// The names of the commands of ZMTP.
const (
	CmdCancel      = "CANCEL"
	CmdError       = "ERROR"
	CmdHello       = "HELLO"
	CmdInitiate    = "INITIATE"
	CmdPing        = "PING"
	CmdPong        = "PONG"
	CmdReady       = "READY"
	CmdSubscribe   = "SUBSCRIBE"
	CmdUnsubscribe = "UNSUBSCRIBE"
	CmdWelcome     = "WELCOME"
)

// Cmd is a command of ZMTP.
type Cmd struct {
	Name string
	Body []byte
}

// Errors of the original. The sockets of this package return ErrBadProperty only.
var (
	ErrBadCmd      = errors.New("zmq4: invalid command name")
	ErrBadFrame    = errors.New("zmq4: invalid frame")
	ErrBadProperty = errors.New("zmq4: bad property")
	ErrClosedConn  = errors.New("zmq4: read/write on closed connection")
)

// Property is a name and a value that a peer announces in its handshake.
type Property struct {
	K string
	V string
}

// Read encodes the property into data, which must have room for it, and returns the
// number of bytes and io.EOF.
func (prop Property) Read(data []byte) (n int, err error) {
	if len(prop.K) > 255 {
		return 0, ErrBadProperty
	}
	b := append([]byte{byte(len(prop.K))}, title(prop.K)...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(prop.V)))
	b = append(b, prop.V...)
	if len(data) < len(b) {
		return 0, io.ErrShortBuffer
	}
	return copy(data, b), io.EOF
}

// Write decodes the first property of data and returns the number of its bytes.
func (prop *Property) Write(data []byte) (n int, err error) {
	if len(data) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	klen, rest := int(data[0]), data[1:]
	if len(rest) < klen+4 {
		return 0, io.ErrUnexpectedEOF
	}
	vlen := uint64(binary.BigEndian.Uint32(rest[klen:]))
	if uint64(len(rest)-klen-4) < vlen {
		return 0, io.ErrUnexpectedEOF
	}
	prop.K = title(string(rest[:klen]))
	prop.V = string(rest[klen+4 : klen+4+int(vlen)])
	return 1 + klen + 4 + int(vlen), nil
}

// title returns s with the first letter of each word in upper case.
func title(s string) string {
	b := []byte(s)
	for i := range b {
		if first := i == 0 || !letter(b[i-1]); first && 'a' <= b[i] && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' }

// Metadata are the properties that a peer announces.
type Metadata map[string]string

// MarshalZMTP returns the encoding of the properties. Names other than those of ZMTP get
// the prefix "X-".
func (md Metadata) MarshalZMTP() ([]byte, error) {
	var b []byte
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(md)) {
		key := strings.ToLower(name)
		if key == "" || seen[key] {
			return nil, fmt.Errorf("zmq4: empty or repeated metadata key %q", name)
		}
		seen[key] = true
		p := Property{K: name, V: md[name]}
		if name != "Identity" && name != "Socket-Type" {
			p.K = "X-" + key
		}
		encoded := make([]byte, 1+len(p.K)+4+len(p.V))
		if _, err := p.Read(encoded); err != io.EOF {
			return nil, err
		}
		b = append(b, encoded...)
	}
	return b, nil
}

// UnmarshalZMTP adds the encoded properties to md.
func (md *Metadata) UnmarshalZMTP(p []byte) error {
	for len(p) > 0 {
		var kv Property
		n, err := kv.Write(p)
		if err != nil {
			return err
		}
		p = p[n:]
		if *md == nil {
			*md = Metadata{}
		}
		(*md)[kv.K] = kv.V
	}
	return nil
}
