package zpl

import (
	"fmt"
	"strings"
)

// blank is the white space within a line.
const blank = " \t"

// Parse returns the properties of the first level. The error is an [*Error].
func Parse(text []byte) ([]*Property, error) {
	if len(text) > MaxSize {
		return nil, &Error{Reason: fmt.Sprintf("longer than %d bytes", MaxSize)}
	}
	var root Property
	// path has the last property of each level, below the root.
	path := []*Property{&root}
	rest := string(text)
	for n := 1; rest != ""; n++ {
		var line string
		line, rest = cutLine(rest)
		p, level, reason := parseLine(line)
		if reason == "" && level >= len(path) {
			reason = "indented too far below the line before it"
		}
		if reason != "" {
			return nil, &Error{Line: n, Reason: reason}
		}
		if p == nil {
			continue
		}
		p.Line = n
		parent := path[level]
		parent.Children = append(parent.Children, p)
		path = append(path[:level+1], p)
	}
	return root.Children, nil
}

// cutLine returns the first line of a text without its line ending, and the text
// after it.
func cutLine(text string) (line, rest string) {
	i := strings.IndexAny(text, "\r\n")
	switch {
	case i < 0:
		return text, ""
	case strings.HasPrefix(text[i:], "\r\n"):
		return text[:i], text[i+2:]
	}
	return text[:i], text[i+1:]
}

// parseLine returns the property of a line and its level from 0, or nil if the
// line is blank or a comment. reason is not empty if the line is malformed.
func parseLine(line string) (p *Property, level int, reason string) {
	if i := controlChar(line); i >= 0 {
		return nil, 0, fmt.Sprintf("control character %q", line[i:i+1])
	}
	rest := strings.TrimLeft(line, " ")
	spaces := len(line) - len(rest)
	if isEnd(rest) {
		return nil, 0, ""
	}
	switch {
	case rest[0] == '\t':
		return nil, 0, "indented with a tab, want spaces"
	case spaces%indent != 0:
		return nil, 0, fmt.Sprintf("indented by %d spaces, not a multiple of %d", spaces, indent)
	}
	end := 0
	for end < len(rest) && isNameChar(rest[end]) {
		end++
	}
	if end == 0 {
		return nil, 0, fmt.Sprintf("character %q instead of a name", rest[:1])
	}
	p = &Property{Name: rest[:end]}
	if reason := checkName(p.Name); reason != "" {
		return nil, 0, reason
	}
	p.Value, reason = parseValue(rest[end:])
	return p, spaces / indent, reason
}

// parseValue parses what follows a name. A missing value is empty.
func parseValue(s string) (value, reason string) {
	if isEnd(s) {
		return "", ""
	}
	s, found := strings.CutPrefix(strings.TrimLeft(s, blank), "=")
	if !found {
		return "", "no = after the name"
	}
	s = strings.TrimLeft(s, blank)
	if s == "" || s[0] != '"' && s[0] != '\'' {
		value, _, _ = strings.Cut(s, "#")
		return strings.TrimRight(value, blank), ""
	}
	value, rest, found := strings.Cut(s[1:], s[:1])
	switch {
	case !found:
		return "", fmt.Sprintf("no closing %s", s[:1])
	case !isEnd(rest):
		return "", fmt.Sprintf("text after the closing %s", s[:1])
	}
	return value, ""
}

// isEnd reports whether s, the rest of a line, is blank or a comment.
func isEnd(s string) bool {
	s = strings.TrimLeft(s, blank)
	return s == "" || s[0] == '#'
}
