package freelance

import (
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
)

func split(message string) zmq.Message { return zmq.NewStringMessage(strings.Split(message, "|")...) }

func join(frames [][]byte) string {
	var b []string
	for _, f := range frames {
		b = append(b, string(f))
	}
	return strings.Join(b, "|")
}

func TestDecodeRequestDividesPrefixFromBody(t *testing.T) {
	for _, c := range []struct {
		strategy     Strategy
		message      string
		kind         kind
		prefix, body string
	}{
		{Tracked, "PING", kindPing, "", ""},
		{Tracked, "ping", kindInvalid, "", ""},
		{Tracked, "PING|x", kindBody, "PING", "x"},
		{Tracked, "7|x|y", kindBody, "7", "x|y"},
		{Tracked, "|x", kindBody, "", "x"},
		{Failover, "|x|y", kindBody, "", "x|y"},
		{Failover, "id||x", kindBody, "id|", "x"},
		{Failover, "x", kindInvalid, "", ""},
		{Failover, "x|y", kindInvalid, "", ""},
		{Shotgun, "|7|x|y", kindBody, "|7", "x|y"},
		{Shotgun, "id||7|x", kindBody, "id||7", "x"},
		{Shotgun, "|7", kindInvalid, "", ""},
		{Shotgun, "7|x", kindInvalid, "", ""},
	} {
		k, prefix, body := decodeRequest(c.strategy, split(c.message))
		if k != c.kind || join(prefix) != c.prefix || k == kindBody && join(body.Frames()) != c.body {
			t.Errorf("%v %q: %v, %q, %q", c.strategy, c.message, k, prefix, body.Frames())
		}
	}
}

func TestDecodeReplyRefusesOtherSequenceNumbers(t *testing.T) {
	for message, want := range map[string]kind{
		"PONG": kindPong, "7|x": kindBody, "18446744073709551615|x": kindBody,
		"7": kindInvalid, "": kindInvalid, "|x": kindInvalid, "07|x": kindInvalid, "+7|x": kindInvalid,
		"18446744073709551616|x": kindInvalid, "PONG|x": kindInvalid,
	} {
		if k, _, _ := decodeReply(split(message)); k != want {
			t.Errorf("%q: %v, want %v", message, k, want)
		}
	}
}

// FuzzDecode: a request that is decoded gives a reply that the client decodes, with the
// frames of the request as its prefix.
func FuzzDecode(f *testing.F) {
	f.Add(uint8(0), []byte("PING"), []byte(nil), []byte(nil), uint8(1))
	f.Add(uint8(0), []byte("7"), []byte("x"), []byte(nil), uint8(2))
	f.Add(uint8(1), []byte("id"), []byte(nil), []byte("x"), uint8(3))
	f.Add(uint8(2), []byte(nil), []byte("7"), []byte("x"), uint8(3))
	f.Fuzz(func(t *testing.T, strategy uint8, a, b, c []byte, n uint8) {
		m := zmq.NewMessage([][]byte{a, b, c}[:1+n%3]...)
		decodeReply(m)
		k, prefix, body := decodeRequest(Strategy(strategy%3), m)
		if k != kindBody {
			return
		}
		if len(prefix) == 0 || body.NumFrames() == 0 {
			t.Fatalf("prefix %q, body %q", prefix, body.Frames())
		}
		if got := encodeReply(prefix, body); join(got.Frames()) != join(m.Frames()) {
			t.Fatalf("%q became %q", m.Frames(), got.Frames())
		}
	})
}

func TestEncodedRequestDecodesAsReply(t *testing.T) {
	for _, sequence := range []uint64{0, 1, 1 << 63} {
		k, got, body := decodeReply(zmq.NewMessage(encodeRequest(sequence, nil)...))
		if k != kindBody || got != sequence || body.Size() != 0 {
			t.Errorf("%d: %v, %d, %q", sequence, k, got, body.Frames())
		}
	}
}
