package msg_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
)

// TestEncodedFrameHasZMTP2Layout checks the format in
// https://rfc.zeromq.org/spec/37/#framing
func TestEncodedFrameHasZMTP2Layout(t *testing.T) {
	for _, tt := range []struct {
		size int
		more bool
		want string
	}{
		{0, false, "\x00\x00"},
		{0, true, "\x01\x00"},
		{5, false, "\x00\x05"},
		{255, true, "\x01\xff"},
		{256, false, "\x02\x00\x00\x00\x00\x00\x00\x01\x00"},
		{1 << 30, true, "\x03\x00\x00\x00\x00\x40\x00\x00\x00"},
	} {
		b := msg.AppendHeader([]byte("x"), tt.size, tt.more)
		if string(b) != "x"+tt.want || msg.HeaderSize(tt.size) != len(tt.want) {
			t.Errorf("AppendHeader(%d, %v) = %q, want %q", tt.size, tt.more, b[1:], tt.want)
		}
		if size, h, more := msg.Header(b[1:]); size != tt.size || h != len(tt.want) || more != tt.more {
			t.Errorf("Header(%q) = %d, %d, %v", b[1:], size, h, more)
		}
	}
	if got := msg.AppendFrame([]byte("x"), []byte("body"), true); string(got) != "x\x01\x04body" {
		t.Errorf("AppendFrame = %q", got)
	}
	// Reserved bits are ignored.
	if size, h, more := msg.Header([]byte("\xfc\x07")); size != 7 || h != 2 || more {
		t.Errorf("Header with reserved bits = %d, %d, %v", size, h, more)
	}
}

func TestDecodingReturnsEncodedMessage(t *testing.T) {
	for seed := range uint64(50) {
		for _, want := range randomMessages(seeded(seed), 20) {
			m := want.msg()
			encoded := m.AppendEncoded([]byte("before"))[len("before"):]
			if len(encoded) != want.size() || m.EncodedSize() != want.size() {
				t.Fatalf("%.100q is encoded to %d bytes, EncodedSize %d, want %d", want, len(encoded), m.EncodedSize(), want.size())
			}
			if len(want) != m.Len() || len(strings.Join(want, "")) != m.Size() {
				t.Fatalf("%.100q: Len %d, Size %d", want, m.Len(), m.Size())
			}
			cur := msg.Frames(encoded)
			got, ok := cur.Message()
			if !ok || !slices.Equal(framesOf(&got), want) {
				t.Fatalf("%.100q is decoded to %.100q", want, framesOf(&got))
			}
			if _, ok := cur.Message(); ok {
				t.Fatal("the cursor returns a second message")
			}
		}
	}
}

func TestAppendingToDecodedFrameKeepsNextFrame(t *testing.T) {
	b := batchOf(seeded(1), []message{{"one", "two"}, {"three"}})
	cur := b.Cursor()
	for f, _, ok := cur.Next(); ok; f, _, ok = cur.Next() {
		_ = append(f, "xxxxxxxxxxxxxxx"...)
	}
	wantBatch(t, b, []message{{"one", "two"}, {"three"}})
}

func TestDropFirstKeepsSenderAndOriginal(t *testing.T) {
	var zero msg.Msg
	if zero.Len() != 1 || zero.Size() != 0 || string(zero.AppendEncoded(nil)) != "\x00\x00" {
		t.Errorf("the zero message has %d frames, %d bytes", zero.Len(), zero.Size())
	}
	if m := msg.Of(); m.Len() != 1 || m.Size() != 0 {
		t.Errorf("Of() has %d frames, %d bytes, want one empty frame", m.Len(), m.Size())
	}
	peer, buf := &msg.Peer{}, &msg.Buf{}
	m := message{"a", "b", "c"}.msg()
	m.From, m.Bufs = peer, buf
	d := m.DropFirst()
	if got := framesOf(&d); !slices.Equal(got, message{"b", "c"}) || d.From != peer || d.Bufs != buf {
		t.Errorf("DropFirst returned %q from %v", got, d.From)
	}
	if d = d.DropFirst(); d.Len() != 1 || string(d.First) != "c" {
		t.Errorf("the second DropFirst returned %q", framesOf(&d))
	}
	if got := framesOf(&m); !slices.Equal(got, message{"a", "b", "c"}) {
		t.Errorf("DropFirst changed the original to %q", got)
	}
}
