package seq

import (
	"bytes"
	"testing"

	"github.com/zerobroker/zmq"
)

func TestDecodersAcceptWhatVLLMSends(t *testing.T) {
	m := zmq.NewStringMessage("kv-events", "\x00\x00\x00\x00\x00\x00\x01\x02", "payload")
	topic, n, payload, ok := decodeLive(m)
	if !ok || string(topic) != "kv-events" || n != 258 || string(payload) != "payload" {
		t.Errorf("live: %q %d %q %v", topic, n, payload, ok)
	}
	n, payload, end, ok := decodeReply(zmq.NewStringMessage("", "\x00\x00\x00\x00\x00\x00\x00\x03", "x"))
	if n != 3 || string(payload) != "x" || end || !ok {
		t.Errorf("reply: %d %q %v %v", n, payload, end, ok)
	}
	if _, _, end, ok := decodeReply(zmq.NewStringMessage("", "\xff\xff\xff\xff\xff\xff\xff\xff", "")); !end || !ok {
		t.Errorf("end: %v %v", end, ok)
	}
	if start, ok := decodeRequest(zmq.NewStringMessage("", "\x00\x00\x00\x00\x00\x00\x00\x09")); start != 9 || !ok {
		t.Errorf("request: %d %v", start, ok)
	}
}

// FuzzDecoders checks that what a decoder accepts is encoded to the same message.
func FuzzDecoders(f *testing.F) {
	f.Add(3, []byte("t"), []byte("\x00\x00\x00\x00\x00\x00\x00\x01"), []byte("p"))
	f.Add(3, []byte(""), []byte("\xff\xff\xff\xff\xff\xff\xff\xff"), []byte(""))
	f.Add(2, []byte(""), []byte("\x00\x00\x00\x00\x00\x00\x00\x01"), []byte(""))
	f.Add(2, []byte("id"), []byte("1"), []byte(""))
	f.Add(4, []byte(""), []byte("\x00\x00\x00\x00\x00\x00\x00\x01"), []byte(""))
	f.Fuzz(func(t *testing.T, frames int, a, b, c []byte) {
		all := [][]byte{a, b, c, nil, nil}
		m := zmq.NewMessage(all[:1+uint(frames)%5]...)
		if topic, n, payload, ok := decodeLive(m); ok {
			same(t, m, zmq.NewMessage(topic, encodeNumber(n), payload))
		}
		if start, ok := decodeRequest(m); ok {
			same(t, m, encodeRequest(start))
		}
		if n, payload, end, ok := decodeReply(m); ok {
			same(t, m, encodeReply(n, payload))
			if end != (n == endNumber || len(payload) == 0) {
				t.Errorf("%v: end %v", m, end)
			}
		}
	})
}

func same(t *testing.T, a, b zmq.Message) {
	t.Helper()
	if a.NumFrames() != b.NumFrames() {
		t.Fatalf("%v is encoded as %v", a, b)
	}
	for i := range a.NumFrames() {
		if !bytes.Equal(a.Frame(i), b.Frame(i)) {
			t.Fatalf("%v is encoded as %v", a, b)
		}
	}
}

func TestBufferKeepsLastMessagesWithinLimits(t *testing.T) {
	b := buffer{maxMessages: 40, maxBytes: 100}
	for i := range 1000 {
		b.add(bytes.Repeat([]byte{byte(i)}, 1+i%7))
		if b.count > 40 || b.bytes > 100 || b.next != uint64(i+1) {
			t.Fatalf("%d messages, %d bytes, next %d", b.count, b.bytes, b.next)
		}
		if b.count < 100/7 && i > 100 {
			t.Fatalf("only %d messages", b.count)
		}
		for _, e := range b.read(make([]entry, 0, 64), 0, b.next) {
			if e.payload[0] != byte(e.number) {
				t.Fatalf("message %d has payload %d", e.number, e.payload[0])
			}
		}
	}
	if got := b.read(make([]entry, 0, 2), b.first()+3, b.next); len(got) != 2 || got[0].number != b.first()+3 {
		t.Errorf("read %v", got)
	}
	if b.add(make([]byte, 101)); b.count != 0 || b.bytes != 0 {
		t.Errorf("%d messages, %d bytes after one above the limit", b.count, b.bytes)
	}
}
