package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zerobroker/zmq/cmd/zmq/internal/zmtp"
)

// sniffLine is a line of zmq sniff, as JSON.
type sniffLine struct {
	Time string `json:"time"`
	Conn int    `json:"conn"`
	From string `json:"from,omitempty"` // "client" or "server"
	Kind string `json:"kind"`

	Version    string `json:"version,omitempty"`
	Mechanism  string `json:"mechanism,omitempty"`
	AsServer   bool   `json:"as_server,omitempty"`
	SocketType string `json:"socket_type,omitempty"`

	Name   string       `json:"name,omitempty"`
	Fields []sniffField `json:"fields,omitempty"`

	Size         *uint64 `json:"size,omitempty"`
	More         bool    `json:"more,omitempty"`
	Body         []byte  `json:"body,omitempty"`
	Subscription string  `json:"subscription,omitempty"`

	Text string `json:"text,omitempty"`
}

// sniffField is a field of a command.
type sniffField struct {
	Name  string  `json:"name"`
	Value *string `json:"value,omitempty"` // absent if it is encrypted
	Size  int     `json:"size"`
}

// hidden replaces passwords.
const hidden = "***"

// line returns the line for an item.
func (c *sniffed) line(it *zmtp.Item) *sniffLine {
	l := &sniffLine{
		Kind: string(it.Kind), Version: it.Version, Mechanism: printable(it.Mechanism), AsServer: it.AsServer, SocketType: printable(it.SocketType),
		Name: printable(it.Name), More: it.More, Subscription: it.Subscription, Text: it.Text,
	}
	for _, f := range it.Fields {
		field := sniffField{Name: printable(f.Name), Size: f.Size}
		if f.Value != nil {
			value := printable(string(f.Value))
			field.Value = &value
		}
		if f.Secret && !c.cmd.ShowSecrets {
			secret := hidden
			field.Value, field.Size = &secret, 0
		}
		l.Fields = append(l.Fields, field)
	}
	switch it.Kind {
	case zmtp.Frame, zmtp.Sealed:
		l.Size = &it.Size
		l.Body = it.Body[:min(len(it.Body), c.cmd.Bytes)]
	}
	return l
}

// printable escapes control characters and bytes that are not UTF-8.
func printable(s string) string { return string(quote(nil, []byte(s))) }

// write writes a line.
func (c *sniffed) write(b *bytes.Buffer, l *sniffLine) {
	now := time.Now()
	l.Conn = c.n
	if c.cmd.JSON {
		l.Time = now.Format(time.RFC3339Nano)
		enc := json.NewEncoder(b) // writes the newline
		enc.SetEscapeHTML(false)
		enc.Encode(l) // cannot fail: no value of l can
		return
	}
	arrow := map[string]string{"client": "> ", "server": "< "}[l.From]
	fmt.Fprintf(b, "%s #%d %s%s\n", now.Format("15:04:05.000"), c.n, arrow, l.text())
}

// text describes a line for a person.
func (l *sniffLine) text() string {
	switch zmtp.Kind(l.Kind) {
	case zmtp.Greeting:
		return l.greetingText()
	case zmtp.Command:
		var b strings.Builder
		b.WriteString(strings.TrimSpace("command " + l.Name))
		for _, f := range l.Fields {
			b.WriteString(" " + f.text())
		}
		return b.String()
	case zmtp.Frame:
		return l.frameText()
	case zmtp.Sealed:
		return fmt.Sprintf("sealed %d bytes", *l.Size)
	case sniffLimit:
		return "limit: " + l.Text + "; the rest is forwarded without decoding"
	case zmtp.Foreign:
		return "not ZMTP but " + l.Text + ": forwarded without decoding"
	case zmtp.Malformed:
		return "malformed: " + l.Text + "; the rest is forwarded without decoding"
	}
	return l.Kind + " " + l.Text
}

func (l *sniffLine) greetingText() string {
	text := "greeting ZMTP " + l.Version
	if l.SocketType != "" {
		text += ", " + l.SocketType
	}
	if l.Mechanism != "" {
		text += ", mechanism " + l.Mechanism
	}
	if l.AsServer {
		text += " as server"
	}
	return text
}

func (l *sniffLine) frameText() string {
	body := l.Body
	text := fmt.Sprintf("frame %d bytes", *l.Size)
	switch {
	case l.Name != "":
		text = fmt.Sprintf("%s %d bytes", l.Name, *l.Size)
	case l.Subscription != "" && len(body) > 0:
		return l.Subscription + " " + bodyText(body[1:], uint64(*l.Size-1))
	}
	if l.More {
		text += ", more"
	}
	if len(body) > 0 {
		text += ": " + bodyText(body, *l.Size)
	}
	return text
}

func (f *sniffField) text() string {
	switch {
	case f.Value == nil:
		return fmt.Sprintf("%s (%d bytes)", f.Name, f.Size)
	case *f.Value == hidden:
		return f.Name + "=" + hidden
	}
	return fmt.Sprintf(`%s="%s"`, f.Name, *f.Value)
}

// bodyText returns the start of a body of size bytes: as text if it is printable,
// and otherwise in hex.
func bodyText(b []byte, size uint64) string {
	more := ""
	if uint64(len(b)) < size {
		more = "..."
		b = wholeRunes(b)
	}
	if isText(b) {
		return fmt.Sprintf(`"%s"%s`, quote(nil, b), more)
	}
	return "hex " + hex.EncodeToString(b) + more
}

// wholeRunes removes the start of a character from the end of b.
func wholeRunes(b []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return b[:len(b)-n]
			}
			break
		}
	}
	return b
}

// isText reports whether b is UTF-8 without control characters other than white
// space.
func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' {
			return false
		}
		b = b[n:]
	}
	return true
}
