package zpl

import (
	"fmt"
	"strings"
)

// Append appends the properties as text, in the form in which CZMQ writes them:
//
//	section
//	    name = "value"
//
// A property with an empty value has no "=". Append returns dst and an error if
// ZPL cannot express a name or a value; ZPL has no escape sequences. The caller
// limits the size and the depth.
func Append(dst []byte, list []*Property) ([]byte, error) {
	buf, err := appendLevel(dst, list, 0)
	if err != nil {
		return dst, err
	}
	return buf, nil
}

func appendLevel(dst []byte, list []*Property, level int) ([]byte, error) {
	for _, p := range list {
		if reason := checkName(p.Name); reason != "" {
			return nil, &Error{Reason: reason}
		}
		dst = append(dst, strings.Repeat(" ", level*indent)...)
		dst = append(dst, p.Name...)
		if p.Value != "" {
			value, err := quote(p.Value)
			if err != nil {
				return nil, err
			}
			dst = append(dst, " = "...)
			dst = append(dst, value...)
		}
		dst = append(dst, '\n')
		var err error
		if dst, err = appendLevel(dst, p.Children, level+1); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// quote returns a value in quotes that it does not contain, or without quotes if
// it contains both kinds.
func quote(value string) (string, error) {
	if i := controlChar(value); i >= 0 {
		return "", &Error{Reason: fmt.Sprintf("control character %q in a value", value[i:i+1])}
	}
	switch {
	case !strings.Contains(value, `"`):
		return `"` + value + `"`, nil
	case !strings.Contains(value, `'`):
		return `'` + value + `'`, nil
	case strings.ContainsAny(value[:1], `"'`), strings.Contains(value, "#"), strings.Trim(value, blank) != value:
		return "", &Error{Reason: "value with both kinds of quotes that also begins with one, has a # or outer white space"}
	}
	return value, nil
}
