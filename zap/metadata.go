package zap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MaxMetadata is the maximum size of the encoded metadata of a reply, in bytes.
const MaxMetadata = 64 << 10

// ErrMetadata matches the error of [ParseReply] for metadata that is malformed
// or longer than [MaxMetadata].
var ErrMetadata = errors.New("invalid metadata in ZAP reply")

// encodeMetadata returns the properties in the format of ZMTP, sorted by name.
//
//	metadata = *property
//	property = name value
//	name = OCTET 1*name-char
//	value = 4OCTET *OCTET       ; Size in network byte order
//
// https://rfc.zeromq.org/spec/27/#message-format
func encodeMetadata(metadata map[string]string) ([]byte, error) {
	var b []byte
	seen := make(map[string]bool, len(metadata))
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		value := metadata[name]
		key := lower(name)
		switch {
		case !validName(name):
			return nil, fmt.Errorf("%w: property name %.20q", ErrMetadata, name)
		case seen[key]:
			return nil, fmt.Errorf("%w: property %.20q twice", ErrMetadata, name)
		case len(value) > MaxMetadata || len(b)+1+len(name)+4+len(value) > MaxMetadata:
			return nil, fmt.Errorf("%w: more than %d bytes", ErrMetadata, MaxMetadata)
		}
		seen[key] = true
		b = append(append(b, byte(len(name))), name...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
		b = append(b, value...)
	}
	return b, nil
}

// validName reports whether a property name is 1 to 255 characters of
// ALPHA | DIGIT | "-" | "_" | "." | "+".
func validName(name string) bool {
	if name == "" || len(name) > maxString {
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.+", c)
	})
}

// lower converts the ASCII letters of a property name to lower case.
// strings.ToLower is not suitable: it also converts a Kelvin sign to a k.
func lower(name string) string {
	b := []byte(name)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// decodeMetadata returns the properties in b, or nil if there are none. Of
// properties whose names differ only in case, which are the same property, the
// first is used. Like libzmq, it does not check the characters of names.
func decodeMetadata(b []byte) (map[string]string, error) {
	if len(b) > MaxMetadata {
		return nil, fmt.Errorf("%w: %d bytes, want at most %d", ErrMetadata, len(b), MaxMetadata)
	}
	var metadata map[string]string
	seen := map[string]bool{}
	for len(b) > 0 {
		name, rest, ok := cut(b[1:], uint64(b[0]))
		if !ok || name == "" {
			return nil, fmt.Errorf("%w: property name of %d bytes", ErrMetadata, b[0])
		}
		if len(rest) < 4 {
			return nil, fmt.Errorf("%w: property %.20q has no value size", ErrMetadata, name)
		}
		size := binary.BigEndian.Uint32(rest)
		value, rest, ok := cut(rest[4:], uint64(size))
		if !ok {
			return nil, fmt.Errorf("%w: the value of property %.20q has %d bytes, which run past the end", ErrMetadata, name, size)
		}
		b = rest
		if key := lower(name); !seen[key] {
			seen[key] = true
			if metadata == nil {
				metadata = map[string]string{}
			}
			metadata[name] = value
		}
	}
	return metadata, nil
}

// cut returns a copy of the first n bytes of b, and the bytes after them. ok is
// false if b has fewer.
func cut(b []byte, n uint64) (s string, rest []byte, ok bool) {
	if n > uint64(len(b)) {
		return "", nil, false
	}
	return string(b[:n]), b[n:], true
}
