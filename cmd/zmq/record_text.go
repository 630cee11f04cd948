package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

var errNoID = errors.New("the message must begin with the routing id of its receiver, in hex")

// text is the codec of plain lines: a tab separates the frames, and the id, in
// hex, comes before the first.
type text struct {
	escape   func(dst, frame []byte) []byte           // as it is if nil
	unescape func(frame []byte) (out []byte, _ error) // as it is if nil
}

// The text codecs.
var (
	// raw copies frames as they are. A tab or a newline in a frame cannot be
	// told from one between frames or messages.
	raw = text{}
	// quoted is exact: see quote.
	quoted = text{escape: quote, unescape: unquote}
	// display is raw for a terminal, which control characters in a message must
	// not reach.
	display = text{escape: showControls}
)

func (t text) encode(line []byte, r *record) []byte {
	if r.id != "" {
		line = hex.AppendEncode(line, []byte(r.id))
		line = append(line, '\t')
	}
	for i, f := range r.frames {
		if i > 0 {
			line = append(line, '\t')
		}
		if t.escape != nil {
			line = t.escape(line, f)
		} else {
			line = append(line, f...)
		}
	}
	return line
}

func (t text) decode(line []byte, r *record) error {
	r.id, r.frames = "", r.frames[:0]
	for more := true; more; {
		var frame []byte
		frame, line, more = bytes.Cut(line, []byte{'\t'})
		if t.unescape != nil {
			var err error
			if frame, err = t.unescape(frame); err != nil {
				return err
			}
		}
		r.frames = append(r.frames, frame)
	}
	return nil
}

func (t text) decodeAddressed(line []byte, r *record) error {
	idText, rest, ok := bytes.Cut(line, []byte{'\t'})
	if !ok {
		return errNoID
	}
	id, err := parseID(idText)
	if err != nil {
		return err
	}
	if err := t.decode(rest, r); err != nil {
		return err
	}
	r.id = id
	return nil
}

// quote appends a frame in which \t, \n, \r and \\ stand for a tab, a newline,
// a carriage return and a backslash, and \xHH for any other control character
// and for bytes that are no UTF-8.
func quote(dst, frame []byte) []byte { return escape(dst, frame, true) }

// showControls is quote that leaves backslashes alone: for reading only.
func showControls(dst, frame []byte) []byte { return escape(dst, frame, false) }

func escape(dst, frame []byte, backslashes bool) []byte {
	for len(frame) > 0 {
		r, n := utf8.DecodeRune(frame)
		switch {
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\\' && backslashes:
			dst = append(dst, `\\`...)
		case unicode.IsControl(r) || r == utf8.RuneError && n == 1:
			for _, b := range frame[:n] {
				dst = fmt.Appendf(dst, `\x%02x`, b)
			}
		default:
			dst = append(dst, frame[:n]...)
		}
		frame = frame[n:]
	}
	return dst
}

// unquote reverses quote.
func unquote(s []byte) ([]byte, error) {
	if bytes.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		plain, rest, found := bytes.Cut(s, []byte{'\\'})
		out = append(out, plain...)
		if !found {
			break
		}
		b, n, err := unescapeOne(rest)
		if err != nil {
			return nil, err
		}
		out, s = append(out, b), rest[n:]
	}
	return out, nil
}

// unescapeOne reads what follows a backslash: a byte, and how long its name is.
func unescapeOne(s []byte) (b byte, n int, err error) {
	if len(s) == 0 {
		return 0, 0, errors.New(`a backslash at the end of a frame; write \\`)
	}
	switch s[0] {
	case 't':
		return '\t', 1, nil
	case 'n':
		return '\n', 1, nil
	case 'r':
		return '\r', 1, nil
	case '\\':
		return '\\', 1, nil
	case 'x':
		var out [1]byte
		if len(s) >= 3 {
			if _, err := hex.Decode(out[:], s[1:3]); err == nil {
				return out[0], 3, nil
			}
		}
		return 0, 0, errors.New(`\x needs two hex digits`)
	}
	r, _ := utf8.DecodeRune(s)
	return 0, 0, fmt.Errorf(`unknown escape \%c; there are \t \n \r \\ \xHH`, r)
}
