package zhttp

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Bounds of the decoder, in addition to the size of the message.
const (
	maxDepth  = 8      // of nested dictionaries and lists
	maxValues = 16_384 // in one message
	maxDigits = 9      // of a length, as the specification of tnetstrings has it
)

// errMalformed is matched by the errors of the decoder.
var errMalformed = errors.New("malformed message")

// dict is a dictionary. The values are of the types that decode returns.
type dict map[string]any

// decoder decodes a tnetstring: a length, a colon, that many bytes and the type.
type decoder struct{ values int }

// decodeDict decodes a message that is one dictionary.
func decodeDict(b []byte) (dict, error) {
	var d decoder
	v, rest, err := d.decode(b, 0)
	if err != nil {
		return nil, err
	}
	m, ok := v.(dict)
	if !ok || len(rest) > 0 {
		return nil, fmt.Errorf("%w: not one dictionary", errMalformed)
	}
	return m, nil
}

// decode returns the first value of b, a dict, []any, []byte, int64, float64, bool or
// nil, and the bytes after it. Strings share the memory of b.
func (d *decoder) decode(b []byte, depth int) (v any, rest []byte, err error) {
	if d.values++; d.values > maxValues || depth > maxDepth {
		return nil, nil, fmt.Errorf("%w: too many values", errMalformed)
	}
	digits, _, found := bytes.Cut(b[:min(len(b), maxDigits+1)], []byte(":"))
	if !found || len(digits) == 0 || len(digits) > 1 && digits[0] == '0' {
		return nil, nil, fmt.Errorf("%w: no length", errMalformed)
	}
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return nil, nil, fmt.Errorf("%w: length %q", errMalformed, digits)
		}
		n = n*10 + int(c-'0')
	}
	b = b[len(digits)+1:]
	if n >= len(b) {
		return nil, nil, fmt.Errorf("%w: %d bytes of %d are missing", errMalformed, n+1-len(b), n+1)
	}
	v, err = d.value(b[n], b[:n:n], depth)
	return v, b[n+1:], err
}

// value returns the value of a type.
func (d *decoder) value(typ byte, data []byte, depth int) (any, error) {
	switch typ {
	case ',':
		return data, nil
	case '#':
		if n, err := strconv.ParseInt(string(data), 10, 64); err == nil {
			return n, nil
		}
	case '^':
		if f, err := strconv.ParseFloat(string(data), 64); err == nil {
			return f, nil
		}
	case '!':
		if s := string(data); s == "true" || s == "false" {
			return s == "true", nil
		}
	case '~':
		if len(data) == 0 {
			return nil, nil
		}
	case '}':
		return d.dict(data, depth)
	case ']':
		return d.list(data, depth)
	}
	return nil, fmt.Errorf("%w: value of type %q", errMalformed, typ)
}

func (d *decoder) dict(b []byte, depth int) (any, error) {
	m := dict{}
	for len(b) > 0 {
		key, rest, err := d.decode(b, depth+1)
		if err != nil {
			return nil, err
		}
		k, ok := key.([]byte)
		if !ok {
			return nil, fmt.Errorf("%w: a key that is no string", errMalformed)
		}
		if _, twice := m[string(k)]; twice {
			return nil, fmt.Errorf("%w: key %q occurs twice", errMalformed, k)
		}
		m[string(k)], b, err = d.decode(rest, depth+1)
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (d *decoder) list(b []byte, depth int) (any, error) {
	l := []any{}
	for len(b) > 0 {
		v, rest, err := d.decode(b, depth+1)
		if err != nil {
			return nil, err
		}
		l, b = append(l, v), rest
	}
	return l, nil
}

// appendValue appends the encoding of a value of the types that decode returns, or of a
// string, and returns the extended slice. The keys of a dict are sorted.
func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "0:~"...)
	case string:
		return appendTyped(dst, []byte(v), ',')
	case []byte:
		return appendTyped(dst, v, ',')
	case bool:
		return appendTyped(dst, strconv.AppendBool(nil, v), '!')
	case int:
		return appendTyped(dst, strconv.AppendInt(nil, int64(v), 10), '#')
	case int64:
		return appendTyped(dst, strconv.AppendInt(nil, v, 10), '#')
	case float64:
		return appendTyped(dst, strconv.AppendFloat(nil, v, 'g', -1, 64), '^')
	case []any:
		var data []byte
		for _, e := range v {
			data = appendValue(data, e)
		}
		return appendTyped(dst, data, ']')
	case dict:
		var data []byte
		for _, k := range slices.Sorted(maps.Keys(v)) {
			data = appendValue(appendValue(data, k), v[k])
		}
		return appendTyped(dst, data, '}')
	}
	panic(fmt.Sprintf("zhttp: internal: value of type %T", v))
}

func appendTyped(dst, data []byte, typ byte) []byte {
	dst = append(strconv.AppendInt(dst, int64(len(data)), 10), ':')
	return append(append(dst, data...), typ)
}
