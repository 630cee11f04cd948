package zmtp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// text describes an item in a line.
func text(it *Item) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", it.Kind)
	for _, part := range []string{it.Version, it.Mechanism, it.SocketType, it.Name, it.Subscription, it.Text} {
		if part != "" {
			fmt.Fprintf(&b, " %s", part)
		}
	}
	if it.AsServer {
		b.WriteString(" server")
	}
	for _, f := range it.Fields {
		fmt.Fprintf(&b, " %s=%q", f.Name, f.Value)
	}
	if it.Kind == Frame || it.Kind == Sealed {
		fmt.Fprintf(&b, " %d %q %v", it.Size, it.Body, it.More)
	}
	return b.String()
}

// piece is a part of one direction.
type piece struct {
	from int
	b    string
}

// decoded returns the items of pieces, which are passed to Decode in parts of n
// bytes.
func decoded(pieces []piece, n int) (items []string) {
	var c Conn
	for _, p := range pieces {
		for b := []byte(p.b); len(b) > 0; b = b[min(n, len(b)):] {
			c.Decode(p.from, b[:min(n, len(b))], func(it *Item) { items = append(items, fmt.Sprintf("%d %s", p.from, text(it))) })
		}
	}
	return items
}

func greeting3(minor byte, mechanism string, server byte) string {
	b := append([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03"), minor)
	b = append(b, mechanism...)
	b = append(b, make([]byte, 64-len(b))...)
	b[32] = server
	return string(b)
}

func short(s string) string { return string(rune(len(s))) + s }

func command(name, data string) string { return "\x04" + short(short(name)+data) }

func property(name, value string) string {
	return short(name) + string(binary.BigEndian.AppendUint32(nil, uint32(len(value)))) + value
}

var conversations = []struct {
	name   string
	pieces []piece
	want   []string
}{
	{"NULL", []piece{
		{0, greeting3(1, "NULL", 0)}, {1, greeting3(0, "NULL", 0)},
		{0, command("READY", property("Socket-Type", "SUB")+property("Identity", ""))},
		{1, command("ERROR", "\x03400")},
		{0, "\x00\x03\x01ab" + "\x00\x02\x00a" + command("SUBSCRIBE", "x") + command("PING", "\x00\x0fctx") + command("PONG", "ctx") + command("JOIN", "g")},
		{1, "\x01\x02hi\x00\x00" + "\x02\x00\x00\x00\x00\x00\x00\x01\x2c" + strings.Repeat("z", 300) + "\x00\x01k" + command("FUTURE", "data")},
		{0, "\x80\x00"}, {0, "ignored"},
	}, []string{
		"0 greeting 3.1 NULL", "1 greeting 3.0 NULL", `0 command READY Socket-Type="SUB" Identity=""`, `1 command ERROR reason="400"`,
		`0 frame subscribe 3 "\x01ab" false`, `0 frame cancel 2 "\x00a" false`, `0 command SUBSCRIBE topic="x"`,
		`0 command PING ttl="1.5s" context="ctx"`, `0 command PONG context="ctx"`, `0 command JOIN group="g"`,
		`1 frame 2 "hi" true`, `1 frame 0 "" false`, fmt.Sprintf("1 frame 300 %q false", strings.Repeat("z", 256)), `1 frame 1 "k" false`,
		`1 command FUTURE data="data"`, "0 malformed frame flags 0x80",
	}},
	{"PLAIN", []piece{
		{0, greeting3(1, "PLAIN", 0)}, {1, greeting3(1, "PLAIN", 1)},
		{0, command("HELLO", "\x05alice\x04open")}, {1, command("WELCOME", "")},
		{0, command("INITIATE", property("Socket-Type", "REQ"))}, {1, "\x04\x09" + plainError + "\x03400"},
		{0, command("HELLO", "\x09")}, {0, command("READY", "\x05wrong")}, {0, "\x04\x00" + "\x04\x01\x09"},
	}, []string{
		"0 greeting 3.1 PLAIN", "1 greeting 3.1 PLAIN server", `0 command HELLO username="alice" password="open"`, "1 command WELCOME",
		`0 command INITIATE Socket-Type="REQ"`, `1 command ERROR reason="400"`,
		`0 command HELLO malformed="\t"`, `0 command READY malformed="\x05wrong"`, `0 command body=""`, `0 command body="\t"`,
	}},
	{"CURVE", []piece{
		{0, greeting3(1, "CURVE", 0)}, {1, greeting3(1, "CURVE", 1)},
		{0, command("HELLO", strings.Repeat("k", 100))}, {1, command("ERROR", "\x03400")},
		{0, "\x00" + short(short("MESSAGE")+strings.Repeat("s", 30))}, {1, command("READY", property("Socket-Type", "REQ"))},
	}, []string{
		"0 greeting 3.1 CURVE", "1 greeting 3.1 CURVE server", `0 command HELLO sealed=""`, `1 command ERROR reason="400"`,
		`0 sealed 38 "" false`, `1 command READY sealed=""`,
	}},
	{"2.0", []piece{
		{0, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03"}, {1, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x02"}, {0, "\x01"},
		{1, "\x00\x00" + "\x00\x03\x01ab"}, {0, "\x00\x02id" + "\x01\x02hi\x00\x01!"},
	}, []string{
		"1 greeting 2.0 SUB", "0 greeting 2.0 PUB", `1 frame identity 0 "" false`, `1 frame subscribe 3 "\x01ab" false`,
		`0 frame identity 2 "id" false`, `0 frame 2 "hi" true`, `0 frame 1 "!" false`,
	}},
	{"1.0", []piece{
		{1, "\x03\x00me" + "\x03\x01hi" + "\x02\x00!"}, {0, "\xff\x00\x00\x00\x00\x00\x00\x00\x03\x7fid"}, {0, "\x01\x00" + "\x00\x00"},
	}, []string{
		`1 greeting 1.0`, `1 frame identity 2 "me" false`, `1 frame 2 "hi" true`, `1 frame 1 "!" false`,
		`0 greeting 1.0`, `0 frame identity 2 "id" false`, `0 frame 0 "" false`, "0 malformed frame of length 0",
	}},
	{"HTTP", []piece{{0, greeting3(1, "NULL", 0)}, {1, "HTTP/1.1 400 Bad Request\r\n"}}, []string{"0 greeting 3.1 NULL", "1 foreign HTTP"}},
	{"TLS", []piece{{1, "\x15\x03\x03\x00\x02\x02\x46"}}, []string{"1 foreign TLS"}},
	{"SSH", []piece{{1, "SSH-2.0-OpenSSH_9.2\r\n"}}, []string{"1 foreign SSH"}},
	{"long command", []piece{{1, greeting3(1, "NULL", 0) + "\x06\x00\x00\x00\x00\x00\x00\x40\x00" + short("READY") + strings.Repeat("x", 0x4000-6) + "\x00\x00"}},
		[]string{"1 greeting 3.1 NULL", `1 command READY too long to show=""`, `1 frame 0 "" false`}},
}

func TestDecodeShowsConversations(t *testing.T) {
	for _, c := range conversations {
		for _, n := range []int{1, 2, 3, 7, 1 << 20} {
			if got := decoded(c.pieces, n); !slices.Equal(got, c.want) {
				t.Errorf("%s in parts of %d bytes:\n%s\nwant\n%s", c.name, n, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				break
			}
		}
	}
}

// The announced size of a frame allocates nothing.
func TestDecodeBoundsMemoryOfFrames(t *testing.T) {
	var c Conn
	n := 0
	emit := func(it *Item) { n++ }
	c.Decode(0, []byte(greeting3(1, "NULL", 0)+"\x02\xff\xff\xff\xff\xff\xff\xff\xff"), emit)
	block := make([]byte, 64<<10)
	for range 1000 {
		c.Decode(0, block, emit)
	}
	if s := &c.sides[0]; n != 2 || cap(s.buf) > 4*MaxBody || s.rest != 1<<64-1-uint64(MaxBody)-1000*uint64(len(block))+MaxBody {
		t.Errorf("%d items, %d bytes kept, %d to come", n, cap(s.buf), s.rest)
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range conversations {
		for _, p := range c.pieces {
			f.Add([]byte(greeting3(1, "NULL", 0)), []byte(p.b), 3)
			f.Add([]byte(p.b), []byte(p.b), 1)
		}
	}
	f.Fuzz(func(t *testing.T, a, b []byte, n int) {
		pieces := []piece{{0, string(a)}, {1, string(b)}, {0, string(a)}}
		whole := decoded(pieces, 1<<20)
		if n < 1 {
			n = 1
		}
		if parts := decoded(pieces, n); !slices.Equal(whole, parts) {
			t.Errorf("in parts of %d bytes:\n%q\nas a whole:\n%q", n, parts, whole)
		}
		var c Conn
		for _, p := range pieces {
			c.Decode(p.from, []byte(p.b), func(it *Item) {
				if len(it.Body) > MaxBody || cap(c.sides[p.from].buf) > 4*maxCommand {
					t.Errorf("%d bytes of body, %d kept", len(it.Body), cap(c.sides[p.from].buf))
				}
				for _, f := range it.Fields {
					if len(f.Value) > MaxBody {
						t.Errorf("field %s of %d bytes", f.Name, len(f.Value))
					}
				}
			})
		}
	})
}
