package wire

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// encoder has the methods of every command value.
type encoder interface {
	Append(dst []byte) []byte
	AppendBody(dst []byte) []byte
}

// decoder has the methods of a pointer to a command.
type decoder interface {
	encoder
	Decode(data []byte) error
}

// newCommand has a constructor for each type in commands, by command name.
var newCommand = func() map[string]func() decoder {
	m := make(map[string]func() decoder)
	for _, tt := range commands {
		name, _, _ := SplitCommand([]byte(tt.frame[2:]))
		typ := reflect.TypeOf(tt.cmd).Elem()
		m[string(name)] = func() decoder { return reflect.New(typ).Interface().(decoder) }
	}
	return m
}()

// dealerMetadata returns the metadata of the example in RFC 37.
func dealerMetadata() []byte {
	b := AppendProperty(nil, PropSocketType, "DEALER")
	return AppendProperty(b, PropIdentity, []byte{})
}

// commands has one or more commands of every type, with the frames they encode
// to.
var commands = []struct {
	cmd   decoder
	frame string
}{
	{&Ready{dealerMetadata()}, "\x04\x29\x05READY" +
		"\x0bSocket-Type\x00\x00\x00\x06DEALER" + "\x08Identity\x00\x00\x00\x00"},
	{&Ready{[]byte{}}, "\x04\x06\x05READY"},
	{&Error{[]byte("400")}, "\x04\x0a\x05ERROR\x03400"},
	{&Error{[]byte{}}, "\x04\x07\x05ERROR\x00"},
	{&Subscribe{[]byte("A")}, "\x04\x0b\x09SUBSCRIBE\x41"},
	{&Subscribe{[]byte{}}, "\x04\x0a\x09SUBSCRIBE"},
	{&Cancel{[]byte("A")}, "\x04\x08\x06CANCELA"},
	{&Join{[]byte("news")}, "\x04\x09\x04JOINnews"},
	{&Leave{[]byte("news")}, "\x04\x0a\x05LEAVEnews"},
	{&Ping{0x0102, []byte{}}, "\x04\x07\x04PING\x01\x02"},
	{&Ping{0xffff, []byte("0123456789abcdef")}, "\x04\x17\x04PING\xff\xff0123456789abcdef"},
	{&Pong{[]byte("0123456789abcdef")}, "\x04\x15\x04PONG0123456789abcdef"},
	{&Pong{[]byte{}}, "\x04\x05\x04PONG"},
	{&Hello{[]byte("admin"), []byte("secret")}, "\x04\x13\x05HELLO\x05admin\x06secret"},
	{&Hello{[]byte{}, []byte{}}, "\x04\x08\x05HELLO\x00\x00"},
	{&Welcome{}, "\x04\x08\x07WELCOME"},
	{&Initiate{AppendProperty(nil, "X-a", "1")}, "\x04\x12\x08INITIATE\x03X-a\x00\x00\x00\x011"},
}

func TestCommandEncodesToExpectedBytes(t *testing.T) {
	for _, tt := range commands {
		t.Run(fmt.Sprintf("%T", tt.cmd), func(t *testing.T) {
			if got := tt.cmd.Append([]byte("x")); string(got) != "x"+tt.frame {
				t.Fatalf("frame\n got %q\nwant %q", got[1:], tt.frame)
			}
			if got := tt.cmd.AppendBody([]byte("x")); string(got) != "x"+tt.frame[2:] {
				t.Fatalf("body\n got %q\nwant %q", got[1:], tt.frame[2:])
			}
			flags, size, n := ConsumeFrameHeader([]byte(tt.frame))
			if flags != FlagCommand || size != uint64(len(tt.frame)-n) {
				t.Fatalf("header reads as %d, %d", flags, size)
			}
			name, data, ok := SplitCommand([]byte(tt.frame[n:]))
			if !ok {
				t.Fatal("SplitCommand failed")
			}
			got := newCommand[string(name)]()
			if err := got.Decode(data); err != nil || !reflect.DeepEqual(got, tt.cmd) {
				t.Fatalf("decodes to %+v, %v", got, err)
			}
		})
	}
}

// TestReadyHasSameSizeAsFromLibzmq has sizes recorded from libzmq, including
// the frame header.
func TestReadyHasSameSizeAsFromLibzmq(t *testing.T) {
	ready := func(socketType string, identity bool) int {
		md := AppendProperty(nil, PropSocketType, socketType)
		if identity {
			md = AppendProperty(md, PropIdentity, "")
		}
		return len(Ready{md}.Append(nil))
	}
	if got := ready("DEALER", true); got != 43 {
		t.Errorf("DEALER: %d bytes, want 43", got)
	}
	if got := ready("XPUB", false); got != 28 {
		t.Errorf("XPUB: %d bytes, want 28", got)
	}
	if got := ready("SUB", false); got != 27 {
		t.Errorf("SUB: %d bytes, want 27", got)
	}
}

// TestCommandHeaderSizeDependsOnWholeBody covers bodies around 255 bytes, the
// maximum for a short header. A SUBSCRIBE with a topic of 245 bytes has a body
// of 255 bytes, because the name counts too.
func TestCommandHeaderSizeDependsOnWholeBody(t *testing.T) {
	for _, size := range []int{244, 245, 246, 255, 256, 65536} {
		topic := bytes.Repeat([]byte("t"), size)
		for _, c := range []encoder{Subscribe{topic}, Cancel{topic}, Ready{topic}, Initiate{topic}} {
			checkFrame(t, c)
		}
	}
	for _, size := range []int{0, 120, 123, 124, 247, 248, 249, 255} {
		s := bytes.Repeat([]byte("s"), size)
		for _, c := range []encoder{Hello{s, s}, Error{s}, Join{s}, Leave{s}} {
			checkFrame(t, c)
		}
	}
}

// checkFrame checks that Append returns the body of AppendBody after the
// shortest possible header.
func checkFrame(t *testing.T, c encoder) {
	t.Helper()
	body := c.AppendBody(nil)
	want := append(AppendFrameHeader(nil, FlagCommand, len(body)), body...)
	if got := c.Append(nil); !bytes.Equal(got, want) {
		t.Errorf("%T with a body of %d bytes: frame %.20x..., want %.20x...", c, len(body), got, want)
	}
}

// TestLegacySubscriptionEncodesAndDecodes checks the format in
// https://rfc.zeromq.org/spec/23/
func TestLegacySubscriptionEncodesAndDecodes(t *testing.T) {
	if got := AppendLegacySubscribe(nil, []byte("A")); string(got) != "\x00\x02\x01A" {
		t.Errorf("subscribe: %x", got)
	}
	if got := AppendLegacyCancel(nil, []byte("A")); string(got) != "\x00\x02\x00A" {
		t.Errorf("cancel: %x", got)
	}
	for _, size := range []int{0, 1, 254, 255, 256, 70000} {
		topic := bytes.Repeat([]byte("t"), size)
		for want, frame := range map[bool][]byte{true: AppendLegacySubscribe(nil, topic), false: AppendLegacyCancel(nil, topic)} {
			flags, claimed, n := ConsumeFrameHeader(frame)
			if flags != 0 || claimed != uint64(size+1) || len(frame) != n+size+1 {
				t.Fatalf("topic of %d bytes: header %x in a frame of %d", size, frame[:n], len(frame))
			}
			got, subscribe, ok := SplitLegacySubscription(frame[n:])
			if !bytes.Equal(got, topic) || subscribe != want || !ok {
				t.Fatalf("topic of %d bytes is decoded to %d bytes, %v, %v", size, len(got), subscribe, ok)
			}
		}
	}
	for first := 2; first < 256; first++ {
		if _, _, ok := SplitLegacySubscription([]byte{byte(first), 'A'}); ok {
			t.Errorf("a body that starts with %02x is accepted as a subscription", first)
		}
	}
	if _, _, ok := SplitLegacySubscription(nil); ok {
		t.Error("an empty body is accepted as a subscription")
	}
}

func TestSplitCommandChecksNameLength(t *testing.T) {
	tests := []struct {
		body, name, data string
		ok               bool
	}{
		{"", "", "", false},
		{"\x00", "", "", false},
		{"\x00data", "", "", false},
		{"\x01", "", "", false},
		{"\x05PING", "", "", false},
		{"\x04PING", "PING", "", true},
		{"\x04PING\x00\x00", "PING", "\x00\x00", true},
		{"\xff" + strings.Repeat("N", 255), strings.Repeat("N", 255), "", true},
		{"\xff" + strings.Repeat("N", 254), "", "", false},
	}
	for _, tt := range tests {
		name, data, ok := SplitCommand([]byte(tt.body))
		if string(name) != tt.name || string(data) != tt.data || ok != tt.ok {
			t.Errorf("SplitCommand(%q) = %q, %q, %v", tt.body, name, data, ok)
		}
	}
	for first := range 256 {
		body := append([]byte{byte(first)}, "ABCDEFGH"...)
		if _, _, ok := SplitCommand(body); ok != (1 <= first && first <= 8) {
			t.Errorf("name length %d of 8 bytes: %v", first, ok)
		}
	}
}

func TestAppendingToCommandNameKeepsData(t *testing.T) {
	body := []byte("\x04PINGdata")
	name, data, _ := SplitCommand(body)
	if _ = append(name, "XXXX"...); string(data) != "data" {
		t.Errorf("data became %q", data)
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	for _, tt := range commands {
		name, data, _ := SplitCommand([]byte(tt.frame[2:]))
		cmd := newCommand[string(name)]()
		if n := testing.AllocsPerRun(10, func() { _ = cmd.Decode(data) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestMalformedErrorNamesCommandAndField(t *testing.T) {
	err := new(Hello).Decode([]byte("\x05adm"))
	if !errors.Is(err, ErrMalformed) || err.Error() != "malformed HELLO: username runs past the end" {
		t.Errorf("HELLO: %v", err)
	}
	err = new(Ready).Decode([]byte("\x00"))
	if !errors.Is(err, ErrMalformed) || err.Error() != "malformed READY: property name is empty" {
		t.Errorf("READY: %v", err)
	}
}
