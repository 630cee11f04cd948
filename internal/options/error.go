package options

import (
	"fmt"
	"syscall"
)

// Problem says why an option was not set or read.
type Problem uint8

// The problems. For each of them libzmq returns EINVAL.
const (
	NoSuchOption Problem = iota + 1 // no option has the number, or this library lacks its feature
	NotForType                      // the socket type does not have it
	ReadOnly                        // it cannot be set
	WriteOnly                       // it cannot be read
	WrongSize                       // the value, or the buffer for it, has the wrong number of bytes
	OutOfRange                      // the number is not in the range
	Malformed                       // the text or the bytes are not valid
	InUse                           // it can be set only before the first use of the socket
)

var problems = [...]string{
	NoSuchOption: "no such option",
	NotForType:   "the socket type does not have this option",
	ReadOnly:     "cannot be set",
	WriteOnly:    "cannot be read",
	WrongSize:    "wrong size",
	OutOfRange:   "out of range",
	Malformed:    "malformed value",
	InUse:        "the socket is in use",
}

// String describes the problem.
func (p Problem) String() string { return problems[p] }

// Error is the error of an option that was not set or read. It contains no text, bytes
// or key, which may be secret. It matches syscall.EINVAL.
type Error struct {
	Number  int
	Name    string // "" without an option of that number
	Problem Problem
	Detail  string // more about it, or ""
}

// Error returns the name or number of the option, and the problem.
func (e *Error) Error() string {
	name := e.Name
	if name == "" {
		name = fmt.Sprintf("option %d", e.Number)
	}
	text := name + ": " + e.Problem.String()
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Unwrap returns syscall.EINVAL.
func (e *Error) Unwrap() error { return syscall.EINVAL }

// fail returns the error about an option.
func (o *Option) fail(p Problem, format string, args ...any) error {
	return &Error{o.Number, o.Name, p, fmt.Sprintf(format, args...)}
}

// wrongSize returns the error about n bytes in place of want.
func (o *Option) wrongSize(n int, want string) error {
	return o.fail(WrongSize, "%d bytes, want %s", n, want)
}

// usable returns an error unless the option can be set, or read, by a socket whose
// type has it. o may be nil, for a number without an option.
func (o *Option) usable(number int, set, has bool) error {
	switch {
	case o == nil:
		return &Error{Number: number, Problem: NoSuchOption}
	case o.Unknown:
		return o.fail(NoSuchOption, "%s", o.Reason)
	case set && !o.Set:
		return o.fail(ReadOnly, "")
	case !set && !o.Get:
		return o.fail(WriteOnly, "")
	case !has:
		return o.fail(NotForType, "")
	}
	return nil
}
