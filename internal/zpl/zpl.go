// Package zpl reads and writes ZPL, the ZeroMQ Property Language: lines of
// "name = value" whose indentation makes a tree ([4/ZPL]). CURVE certificates
// are written in it.
//
// The RFC leaves questions open. The parser accepts what CZMQ's zconfig, the
// implementation in use, accepts with the same meaning, and refuses the rest
// instead of guessing. So a quote without a counterpart is an error, as in
// CZMQ; the RFC makes the quote a part of the value. Line endings are those of
// the RFC: LF, CR, or CR and LF. Control characters are refused, because values
// are logged. Other bytes above 127 are allowed in values and comments.
//
// This package does no I/O and does not know what the properties mean. Its
// errors contain no names and values, which may be secret.
//
// [4/ZPL]: https://rfc.zeromq.org/spec/4/
package zpl

import "fmt"

// MaxSize is the maximum length of a text in bytes. It also limits the depth of
// the tree, because a property at depth n is indented by 4n spaces.
const MaxSize = 64 << 10

// indent is the indentation of a property relative to its parent.
const indent = 4

// Property is a named value with properties below it. A property without a value
// has an empty one.
type Property struct {
	Name     string
	Value    string
	Children []*Property
	Line     int // in the parsed text, from 1
}

// Error is an error in a text. It contains no part of the text but one invalid
// character.
type Error struct {
	Line   int // from 1; 0 if the error has no line
	Reason string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

// isNameChar reports whether a name may contain c.
//
//	name-char = ALPHA | DIGIT | "$" | "-" | "_" | "@" | "." | "&" | "+" | "/"
//
// https://rfc.zeromq.org/spec/4/#specification
func isNameChar(c byte) bool {
	switch c {
	case '$', '-', '_', '@', '.', '&', '+', '/':
		return true
	}
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// checkName returns the reason why a property cannot have that name, or an empty
// string. As in CZMQ, a name does not begin or end with a slash, which separates
// the names of a path.
func checkName(name string) string {
	if name == "" {
		return "empty name"
	}
	for i := range len(name) {
		if !isNameChar(name[i]) {
			return fmt.Sprintf("character %q in a name", name[i:i+1])
		}
	}
	if name[0] == '/' || name[len(name)-1] == '/' {
		return "name that begins or ends with a slash"
	}
	return ""
}

// controlChar returns the offset of the first control character other than a
// tab, or -1.
func controlChar(s string) int {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return i
		}
	}
	return -1
}
