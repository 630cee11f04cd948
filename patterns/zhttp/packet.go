package zhttp

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// formatByte precedes the tnetstring in the messages of zurl. RFC 33 has no such byte.
// A decoder accepts both, and a reply has the form of its request.
const formatByte = 'T'

// decodeMessage returns the dictionary of a message, and whether formatByte precedes it.
func decodeMessage(b []byte) (d dict, prefixed bool, err error) {
	if len(b) > 0 && b[0] == formatByte {
		b, prefixed = b[1:], true
	}
	d, err = decodeDict(b)
	return d, prefixed, err
}

func encodeMessage(d dict, prefixed bool) []byte {
	var b []byte
	if prefixed {
		b = append(b, formatByte)
	}
	return appendValue(b, d)
}

// text returns the string of a key, or an empty one if there is none.
func (d dict) text(key string) (string, error) {
	switch v := d[key].(type) {
	case []byte:
		return string(v), nil
	case nil:
		return "", nil
	}
	return "", fmt.Errorf("%w: %s is no string", errMalformed, key)
}

// bytes returns the bytes of a key, or none.
func (d dict) bytes(key string) ([]byte, error) {
	switch v := d[key].(type) {
	case []byte:
		return v, nil
	case nil:
		return nil, nil
	}
	return nil, fmt.Errorf("%w: %s is no string", errMalformed, key)
}

// number returns the integer of a key, or 0.
func (d dict) number(key string) (int64, error) {
	switch v := d[key].(type) {
	case int64:
		return v, nil
	case nil:
		return 0, nil
	}
	return 0, fmt.Errorf("%w: %s is no integer", errMalformed, key)
}

// headers returns the header fields, a list of lists of a name and a value.
func (d dict) headers() (http.Header, error) {
	h := http.Header{}
	list, ok := d["headers"].([]any)
	if !ok && d["headers"] != nil {
		return nil, fmt.Errorf("%w: headers is no list", errMalformed)
	}
	for _, e := range list {
		pair, _ := e.([]any)
		if len(pair) != 2 {
			return nil, fmt.Errorf("%w: a header field is no pair", errMalformed)
		}
		name, ok1 := pair[0].([]byte)
		value, ok2 := pair[1].([]byte)
		if !ok1 || !ok2 || !validName(string(name)) || !validValue(string(value)) {
			return nil, fmt.Errorf("%w: header field %q", errMalformed, pair)
		}
		h.Add(string(name), string(value))
	}
	return h, nil
}

// validName reports whether s is a token of RFC 9110.
func validName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// validValue reports whether s has no bytes that end a header field.
func validValue(s string) bool { return !strings.ContainsAny(s, "\r\n\x00") }

// perConnection are the header fields that concern a single connection, which are not
// part of ZHTTP. The length is that of the body.
var perConnection = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length"}

// lines replaces what would begin another header field, as net/http does.
var lines = strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ")

// headerList returns the encoding of header fields, in the order of their names.
func headerList(h http.Header) []any {
	names := make([]string, 0, len(h))
	for name := range h {
		if validName(name) && !slices.Contains(perConnection, http.CanonicalHeaderKey(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	list := []any{}
	for _, name := range names {
		for _, v := range h[name] {
			list = append(list, []any{name, lines.Replace(v)})
		}
	}
	return list
}
