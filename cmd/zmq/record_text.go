package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// text is the codec of lines of text: a tab separates the frames, and the name
// of the peer, group or address comes before the first frame.
type text struct {
	layout
	escape   func(dst, frame []byte) []byte           // nil: frames are copied
	unescape func(frame []byte) (out []byte, _ error) // nil: frames are copied
}

// The text codecs.
var (
	// raw copies frames. A tab or a newline in a frame looks like a separator.
	raw = text{}
	// quoted keeps every byte: see quote.
	quoted = text{escape: quote, unescape: unquote}
	// display is for terminals: it escapes control characters, which could
	// change the terminal. It cannot be read back.
	display = text{escape: showControls}
)

// of returns the codec for lines with the layout.
func (t text) of(l layout) text {
	t.layout = l
	return t
}

func (t text) encode(line []byte, r *record) []byte {
	line = t.encodeName(line, r)
	if r.event != "" { // after a space, because a tab would begin a frame
		return append(append(line, ' '), r.event...)
	}
	if t.name != noName {
		line = append(line, '\t')
	}
	for i, f := range r.frames {
		if i > 0 {
			line = append(line, '\t')
		}
		line = t.escaped(line, f)
	}
	return line
}

func (t text) encodeName(line []byte, r *record) []byte {
	switch t.name {
	case byID:
		return hex.AppendEncode(line, []byte(r.id))
	case byNumber:
		return strconv.AppendUint(line, uint64(r.number), 10)
	case byGroup:
		return t.escaped(line, []byte(r.group))
	case byAddress:
		return append(line, r.addr...)
	}
	return line
}

func (t text) escaped(line, frame []byte) []byte {
	if t.escape != nil {
		return t.escape(line, frame)
	}
	return append(line, frame...)
}

func (t text) decode(line []byte, r *record) error {
	r.reset()
	if t.name == noName || t.need == absent {
		r.group = t.group
		return t.decodeBody(line, r)
	}
	name, body, ok := bytes.Cut(line, []byte{'\t'})
	if !ok && t.need == optional {
		return t.decodeBody(line, r)
	}
	if !ok {
		return t.errNoName()
	}
	if err := t.decodeName(name, r); err != nil {
		return err
	}
	return t.decodeBody(body, r)
}

func (t text) decodeName(name []byte, r *record) error {
	ok := false
	switch t.name {
	case byID:
		ok = r.setID(string(name))
	case byNumber:
		ok = r.setNumber(string(name))
	case byAddress:
		ok = r.setAddress(string(name))
	case byGroup:
		name, err := t.unescaped(name)
		if err != nil {
			return err
		}
		return r.setGroup(string(name))
	}
	if !ok {
		return t.errNoName()
	}
	return nil
}

func (t text) errNoName() error {
	return fmt.Errorf("the message must begin with %s, and a tab", t.name.receiver())
}

func (t text) decodeBody(body []byte, r *record) error {
	for more := true; more; {
		frame := body
		more = false
		if !t.stream {
			frame, body, more = bytes.Cut(body, []byte{'\t'})
		}
		frame, err := t.unescaped(frame)
		if err != nil {
			return err
		}
		r.frames = append(r.frames, frame)
	}
	if t.single && len(r.frames) > 1 {
		return errors.New(`a tab begins another frame, but messages of this socket type have one; --quoted writes a tab in a frame as \t`)
	}
	return nil
}

func (t text) unescaped(frame []byte) ([]byte, error) {
	if t.unescape != nil {
		return t.unescape(frame)
	}
	return frame, nil
}

// quote appends a frame. It escapes a tab, a newline, a carriage return and a
// backslash as \t, \n, \r and \\, and every other control character and bytes
// that are not UTF-8 as \xHH.
func quote(dst, frame []byte) []byte { return escape(dst, frame, true) }

// showControls is like quote but does not escape backslashes, so its output
// cannot be decoded.
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

// unescapeOne parses the escape after a backslash. It returns the byte and the
// length of the escape.
func unescapeOne(s []byte) (b byte, n int, err error) {
	if len(s) == 0 {
		return 0, 0, errors.New(`a backslash ends the frame; write \\`)
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
	return 0, 0, fmt.Errorf(`unknown escape \%c; the escapes are \t \n \r \\ \xHH`, r)
}
