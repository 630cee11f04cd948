package zgossip

import (
	"bytes"
	"strings"
	"testing"
)

func TestCommandsSurviveEncoding(t *testing.T) {
	for _, c := range []command{
		{id: cmdHello}, {id: cmdPing}, {id: cmdPong}, {id: cmdInvalid},
		{cmdPublish, "key", "value"}, {cmdPublish, "k", ""}, {cmdPublish, strings.Repeat("k", 255), strings.Repeat("v", 100_000)},
	} {
		if got, err := decode(c.encode()); err != nil || got != c {
			t.Errorf("%v: %v, %v", c.id, got.id, err)
		}
	}
}

// The bytes of zgossip_msg of CZMQ 4.2.
func TestEncodingIsThatOfCZMQ(t *testing.T) {
	for want, c := range map[string]command{
		"\xaa\xa0\x01\x01": {id: cmdHello},
		"\xaa\xa0\x02\x01\x01k\x00\x00\x00\x02vw\x00\x00\x00\x00": {cmdPublish, "k", "vw"},
		"\xaa\xa0\x05\x01": {id: cmdInvalid},
	} {
		if got := c.encode(); string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	good := command{cmdPublish, "key", "value"}.encode()
	for i := range good {
		if _, err := decode(good[:i]); err == nil {
			t.Errorf("%d of %d bytes were accepted", i, len(good))
		}
	}
	for name, b := range map[string]string{
		"signature":  "\xaa\xa1\x01\x01",
		"version":    "\xaa\xa0\x01\x02",
		"command":    "\xaa\xa0\x06\x01",
		"no command": "\xaa\xa0\x00\x01",
		"NUL in key": "\xaa\xa0\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"huge value": "\xaa\xa0\x02\x01\x01k\xff\xff\xff\xffv\x00\x00\x00\x00",
	} {
		if _, err := decode([]byte(b)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(command{id: cmdHello}.encode())
	f.Add(command{cmdPublish, "key", "value"}.encode())
	f.Add([]byte("\xaa\xa0\x02\x01\xffk\xff\xff\xff\xffv"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decode(b)
		if err != nil {
			return
		}
		again := c.encode()
		if c.id == cmdPublish && !bytes.Equal(again[:len(again)-4], b[:len(again)-4]) {
			t.Fatalf("%q became %q", b, again)
		}
	})
}
