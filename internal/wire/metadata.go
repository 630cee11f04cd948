package wire

import "encoding/binary"

// The properties that ZMTP itself defines. Names that start with "X-" are the
// application's. https://rfc.zeromq.org/spec/37/#connection-metadata
const (
	PropSocketType = "Socket-Type"
	PropIdentity   = "Identity"
	PropResource   = "Resource"
)

// PropOnError with the value OnErrorRetry announces that the connecting side
// connects again after an ERROR. libzmq does not. It is not passed on to the
// application.
const (
	PropOnError  = "X-On-Error"
	OnErrorRetry = "retry"
)

// maxPropertyValue is the RFC's INT32_MAX.
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

// ConsumeProperty returns slices of b: the name and value of the property that
// b starts with, and its length. Metadata is always there as a whole, so n is
// 0 only for an empty b; it is negative when the name is empty or a length
// runs past the end or past 2^31-1. The name's characters are not looked at.
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
func ConsumeProperty(b []byte) (name, value []byte, n int) {
	if len(b) == 0 {
		return nil, nil, 0
	}
	name, value, n, _ = consumeProperty(b)
	return name, value, n
}

// consumeProperty also says why n is negative.
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

// WalkProperties calls f with slices of b, the name and value of each property
// in order, and stops at the first error. An error of f comes back as it is,
// so f may enforce limits; malformed metadata gives an error that matches
// [ErrMalformed], after f has seen what came before.
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

// checkProperties reports metadata that cannot be walked to its end as
// malformed data of the command.
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

// FindProperty returns a slice of b, the value of the first property of that
// name, and whether there is one before b ends or is malformed. The first of
// duplicates counts, as with libzmq.
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

// DuplicateProperty returns a slice of b, the first name that appears for the
// second time, or nil. A dictionary has none, and libzmq lets them pass: to
// refuse is the caller's choice. The work grows with the square of the number
// of properties, so limit that first.
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
