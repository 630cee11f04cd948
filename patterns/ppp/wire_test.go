package ppp

import (
	"testing"

	"github.com/zerobroker/zmq"
)

func TestDecodeDividesAddressStackFromContent(t *testing.T) {
	for _, c := range []struct {
		frames         []string
		kind           kind
		stack, content string
	}{
		{[]string{"\x01"}, kindReady, "", ""},
		{[]string{"\x02"}, kindHeartbeat, "", ""},
		{[]string{"\x03"}, kindInvalid, "", ""},
		{[]string{""}, kindInvalid, "", ""},
		{[]string{"\x01\x01"}, kindInvalid, "", ""},
		{[]string{"a", "", "x"}, kindWork, "a|", "x"},
		{[]string{"a", "b", "", "x", "", "y"}, kindWork, "a|b|", "x||y"},
		{[]string{"", "\x01"}, kindWork, "", "\x01"},
		{[]string{"a", "b"}, kindWork, "", "a|b"},
		{[]string{"a", ""}, kindWork, "", "a|"},
	} {
		k, stack, content := decode(zmq.NewStringMessage(c.frames...))
		got := ""
		if len(stack) > 0 {
			got = text(zmq.NewMessage(stack...))
		}
		if k != c.kind || got != c.stack || len(content) > 0 && text(zmq.NewMessage(content...)) != c.content {
			t.Errorf("%q: %v, %q, %q", c.frames, k, got, content)
		}
	}
}

func TestWorkWithoutAddressStackHasSeveralFrames(t *testing.T) {
	m := encodeWork(nil, [][]byte{{commandReady}})
	if k, _, content := decode(m); k != kindWork || len(content) != 1 {
		t.Errorf("decoded as %v, %q", k, content)
	}
}

// FuzzDecode: what decode returns as a request is the message again when it is encoded.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x01"), []byte(nil), []byte(nil), 1)
	f.Add([]byte("\x02"), []byte(nil), []byte(nil), 1)
	f.Add([]byte("id"), []byte(nil), []byte("body"), 3)
	f.Add([]byte(nil), []byte(nil), []byte(nil), 2)
	f.Fuzz(func(t *testing.T, a, b, c []byte, n int) {
		frames := [][]byte{a, b, c}[:1+uint(n)%3]
		m := zmq.NewMessage(frames...)
		k, stack, content := decode(m)
		if (k == kindWork) != (len(frames) > 1) {
			t.Fatalf("kind %v of %d frames", k, len(frames))
		}
		if k != kindWork {
			return
		}
		if len(content) == 0 {
			t.Fatalf("no content in %q", frames)
		}
		if again := encodeWork(stack, content); len(stack) > 0 && text(again) != text(m) {
			t.Fatalf("%q encoded as %q", text(m), text(again))
		}
	})
}
