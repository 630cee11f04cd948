package wire

import "encoding/binary"

// Names of the properties that ZMTP defines. Names that start with "X-" are for
// applications. https://rfc.zeromq.org/spec/37/#connection-metadata
const (
	PropSocketType = "Socket-Type"
	PropIdentity   = "Identity"
	PropResource   = "Resource"
)

// PropOnError announces what a peer does when it receives an ERROR. The property
// is an extension of this library and not visible to the application.
const (
	PropOnError = "X-On-Error"

	// OnErrorRetry means that the connecting side reconnects after an ERROR.
	// libzmq does not reconnect. OnErrorRetry includes OnErrorCount.
	OnErrorRetry = "retry"
	// OnErrorCount means that the peer accepts an ERROR after the handshake and
	// counts the messages that the ERROR rejects.
	OnErrorCount = "count"
)

// maxPropertyValue is the maximum length of a property value, INT32_MAX.
const maxPropertyValue = 1<<31 - 1

// AppendProperty appends one metadata property. The name must pass
// [ValidPropertyName]; the value is at most 2^31-1 bytes long and may be empty.
//
//	property = name value
//	name = short-size 1*255name-char
//	value = 4OCTET *OCTET       ; Size in network byte order
//
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
func AppendProperty[N, V text](dst []byte, name N, value V) []byte {
	mustFit(len(value), maxPropertyValue)
	dst = appendShort(dst, name)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(value)))
	return append(dst, value...)
}

// ConsumeProperty decodes the property at the start of b and returns its name
// and value, which are slices of b, and its encoded length n. b must contain
// all metadata, so n is 0 only if b is empty. n is negative if the name is
// empty, or if a length exceeds the rest of b or 2^31-1. The characters of the
// name are not checked.
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
func ConsumeProperty(b []byte) (name, value []byte, n int) {
	if len(b) == 0 {
		return nil, nil, 0
	}
	name, value, n, _ = consumeProperty(b)
	return name, value, n
}

// consumeProperty implements ConsumeProperty for a non-empty b. If n is
// negative, reason says why.
func consumeProperty(b []byte) (name, value []byte, n int, reason string) {
	name, rest, ok := cutShort(b)
	switch {
	case !ok:
		return nil, nil, -1, "property name runs past the end"
	case len(name) == 0:
		return nil, nil, -1, "property name is empty"
	case len(rest) < 4:
		return nil, nil, -1, "property has no value size"
	}
	size := binary.BigEndian.Uint32(rest)
	rest = rest[4:]
	switch {
	case size > maxPropertyValue:
		return nil, nil, -1, "property value is longer than 2^31-1"
	case uint64(size) > uint64(len(rest)):
		return nil, nil, -1, "property value runs past the end"
	}
	return name, rest[:size:size], 1 + len(name) + 4 + int(size), ""
}

// WalkProperties calls f with the name and value of each property in order;
// both are slices of b. It stops at the first error. WalkProperties returns an
// error of f unchanged, so f may enforce limits. At malformed metadata it
// returns an error that matches [ErrMalformed], after calling f for all earlier
// properties.
func WalkProperties(b []byte, f func(name, value []byte) error) error {
	for len(b) > 0 {
		name, value, n, reason := consumeProperty(b)
		if n < 0 {
			return &malformed{"metadata", reason}
		}
		if err := f(name, value); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// checkProperties returns an error with the name of the command if the metadata
// b is malformed.
func checkProperties(command string, b []byte) error {
	for len(b) > 0 {
		_, _, n, reason := consumeProperty(b)
		if n < 0 {
			return &malformed{command, reason}
		}
		b = b[n:]
	}
	return nil
}

// FindProperty returns the value of the first property with that name, a slice
// of b. ok is false if there is none before b ends or is malformed. Of
// duplicates the first is used, as in libzmq.
func FindProperty[N text](b []byte, name N) (value []byte, ok bool) {
	for {
		k, v, n := ConsumeProperty(b)
		if n <= 0 {
			return nil, false
		}
		if EqualPropertyName(k, name) {
			return v, true
		}
		b = b[n:]
	}
}

// DuplicateProperty returns the first name that occurs a second time, a slice
// of b, or nil. The RFC calls metadata a dictionary, which has no duplicates,
// but libzmq accepts them, so the caller decides whether to refuse them. The
// time grows with the square of the number of properties, so the caller must
// limit that number first.
// https://rfc.zeromq.org/spec/37/#connection-metadata
func DuplicateProperty(b []byte) []byte {
	for pos := 0; ; {
		name, _, n := ConsumeProperty(b[pos:])
		if n <= 0 {
			return nil
		}
		if _, seen := FindProperty(b[:pos], name); seen {
			return name
		}
		pos += n
	}
}
