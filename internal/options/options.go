// Package options has the options of libzmq in one table: number, name, type,
// range, default, the socket types, and the place in the Go API or the reason why
// there is none. docs/OPTIONS.md is generated from the table.
//
// [Core] is a socket whose options are set and read by these numbers, as a caller of
// zmq_setsockopt and zmq_getsockopt sees them; [Context] has the options of contexts.
// [Values] are those of one socket, without the socket.
//
// The facts are those of libzmq's source of July 2026 (4.3.6-dev). Where its
// documentation differs, the source counts.
package options

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/zerobroker/zmq/internal/pattern"
)

// Kind is the C type of a value.
type Kind uint8

const (
	Int    Kind = iota // int
	Int64              // int64_t
	Uint64             // uint64_t
	FD                 // zmq_fd_t, which is int except on Windows
	Text               // char[], read with a final zero byte
	Blob               // bytes
	Key                // a CURVE key: 32 bytes, or 40 characters of Z85 with or without a final zero byte
)

var kindNames = [...]string{Int: "int", Int64: "int64_t", Uint64: "uint64_t", FD: "zmq_fd_t", Text: "string", Blob: "bytes", Key: "key"}

// String returns the name of the C type.
func (k Kind) String() string { return kindNames[k] }

// size returns the number of bytes of an integer, and 0 for other kinds.
func (k Kind) size() int {
	switch k {
	case Int, FD:
		return 4
	case Int64, Uint64:
		return 8
	}
	return 0
}

// decode returns the integer in a value of k.size() bytes. A uint64_t keeps its
// bits.
func (k Kind) decode(b []byte) int64 {
	if len(b) == 4 {
		return int64(int32(binary.NativeEndian.Uint32(b)))
	}
	return int64(binary.NativeEndian.Uint64(b))
}

// encode is the reverse of decode.
func (k Kind) encode(n int64) []byte {
	if k.size() == 4 {
		return binary.NativeEndian.AppendUint32(nil, uint32(n))
	}
	return binary.NativeEndian.AppendUint64(nil, uint64(n))
}

// When says when a new value takes effect.
type When uint8

const (
	Next When = iota // with the next zmq_bind or zmq_connect
	Live             // at once
)

// String returns the name of w.
func (w When) String() string {
	if w == Live {
		return "at once"
	}
	return "next bind or connect"
}

// Clear says which value clears an option that has a text, bytes or a list.
type Clear uint8

const (
	Never   Clear = iota
	ByNull        // a NULL pointer, which is nil here; no bytes at another address are EINVAL
	ByEmpty       // no bytes, at any address
)

// clearedBy reports whether a value clears the option.
func (o *Option) clearedBy(value []byte) bool {
	return o.Clears == ByNull && value == nil || o.Clears == ByEmpty && len(value) == 0
}

// The limits of an int, and of lengths.
const (
	minInt = math.MinInt32
	maxInt = math.MaxInt32
)

// Option describes an option of libzmq.
type Option struct {
	Number  int
	Name    string
	Aliases []string
	Kind    Kind
	Unit    string // of an integer; empty for a number without a unit

	// Min and Max bound an integer, or the number of bytes of a Text or Blob that
	// can be set. Another value is EINVAL.
	Min, Max int64
	Clears   Clear

	Default int64          // of libzmq, for integers; other kinds have the empty value
	Types   []pattern.Type // with which it can be set, or read if it cannot be set; nil: all
	Draft   bool           // a draft of libzmq
	Unknown bool           // EINVAL, as in a build of libzmq without the feature
	Get     bool
	Set     bool
	When    When

	Go     []string // its places in the Go API: fields of Options, or methods
	Reason string   // why it has no place in the Go API
}

// Find returns the socket option with a number, or nil.
func Find(number int) *Option {
	i := slices.IndexFunc(Socket, func(o Option) bool { return o.Number == number })
	if i < 0 {
		return nil
	}
	return &Socket[i]
}

// has reports whether sockets of a type have the option.
func (o *Option) has(t pattern.Type) bool { return o.Types == nil || slices.Contains(o.Types, t) }

// Range describes the values that can be set.
func (o *Option) Range() string {
	switch {
	case o.Unknown:
		return "none"
	case !o.Set:
		return "read only"
	case o.Kind == Key:
		return "32 bytes, or 40 characters of Z85"
	case o.Kind == Uint64, o.Kind == Int64:
		return "any"
	}
	var text string
	switch unit := o.lengthUnit(); {
	case o.Max < maxInt:
		text = strconv.FormatInt(o.Min, 10) + " to " + strconv.FormatInt(o.Max, 10) + unit
	case o.Min > minInt && (unit == "" || o.Min > 0):
		text = "at least " + strconv.FormatInt(o.Min, 10) + unit
	default:
		text = "any"
	}
	switch o.Clears {
	case ByNull:
		text += "; NULL clears"
	case ByEmpty:
		text += "; empty clears"
	}
	return text
}

func (o *Option) lengthUnit() string {
	if o.Kind == Text || o.Kind == Blob {
		return " bytes"
	}
	return ""
}

// SocketTypes names the socket types that have the option.
func (o *Option) SocketTypes() string {
	if o.Types == nil {
		return "all"
	}
	var names []string
	for _, t := range o.Types {
		names = append(names, pattern.Types[t].Name)
	}
	return strings.Join(names, ", ")
}
