package zmtp

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// plainError is what a PLAIN server of libzmq sends in place of the length and the
// name of ERROR.
const plainError = "\x5eRROR"

// splitCommand returns the name of a command and its data.
func splitCommand(body []byte) (name string, data []byte, ok bool) {
	if strings.HasPrefix(string(body[:min(len(body), len(plainError))]), plainError) {
		return "ERROR", body[len(plainError):], true
	}
	n, data, ok := cutShort(body)
	if !ok || len(n) == 0 {
		return "", nil, false
	}
	return string(n), data, true
}

// cutShort returns a string that follows its length of one byte, and the bytes
// after it.
func cutShort(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, nil, false
	}
	return b[1 : 1+int(b[0])], b[1+int(b[0]):], true
}

// field returns a field with a copy of the start of its value.
func field(name string, value []byte) Field {
	return Field{Name: name, Value: append([]byte{}, value[:min(len(value), MaxBody)]...), Size: len(value)}
}

// fields decodes the data of a command. A part that is malformed becomes a field
// named "malformed". Of encrypted data only the length is given.
func (s *side) fields(name string, data []byte) []Field {
	if s.mechanism != "NULL" && s.mechanism != "PLAIN" && name != "ERROR" {
		return []Field{{Name: "sealed", Size: len(data)}}
	}
	switch name {
	case "READY", "INITIATE":
		return s.metadata(data)
	case "HELLO":
		return hello(data)
	case "ERROR":
		if reason, _, ok := cutShort(data); ok {
			return []Field{field("reason", reason)}
		}
	case "SUBSCRIBE", "CANCEL":
		return []Field{field("topic", data)}
	case "JOIN", "LEAVE":
		return []Field{field("group", data)}
	case "PING":
		if len(data) >= 2 {
			return []Field{{Name: "ttl", Value: ttl(data), Size: 2}, field("context", data[2:])}
		}
	case "PONG":
		return []Field{field("context", data)}
	case "WELCOME":
		if len(data) == 0 {
			return nil
		}
	default:
		return []Field{field("data", data)}
	}
	return []Field{field("malformed", data)}
}

// ttl returns the TTL of a PING, which is in tenths of a second, in words.
func ttl(data []byte) []byte {
	n := int(binary.BigEndian.Uint16(data))
	if n == 0 {
		return []byte("none")
	}
	return fmt.Appendf(nil, "%gs", float64(n)/10)
}

// hello decodes a HELLO of PLAIN.
func hello(data []byte) []Field {
	user, rest, ok := cutShort(data)
	password, rest, ok2 := cutShort(rest)
	if !ok || !ok2 || len(rest) > 0 {
		return []Field{{Name: "malformed", Size: len(data), Secret: true, Value: append([]byte{}, data[:min(len(data), MaxBody)]...)}}
	}
	secret := field("password", password)
	secret.Secret = true
	return []Field{field("username", user), secret}
}

// metadata decodes properties, and stores the socket type.
func (s *side) metadata(data []byte) (fields []Field) {
	for len(data) > 0 {
		name, rest, ok := cutShort(data)
		if !ok || len(name) == 0 || len(rest) < 4 || uint64(binary.BigEndian.Uint32(rest)) > uint64(len(rest)-4) {
			return append(fields, field("malformed", data))
		}
		end := 4 + int(binary.BigEndian.Uint32(rest))
		value := rest[4:end]
		if strings.EqualFold(string(name), "Socket-Type") && len(value) <= 16 {
			s.socketType = string(value)
		}
		fields = append(fields, field(string(name), value))
		data = rest[end:]
	}
	return fields
}
