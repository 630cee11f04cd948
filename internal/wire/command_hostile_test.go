package wire

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeReportsMalformedCommand(t *testing.T) {
	long := strings.Repeat("g", 256)
	tests := []struct {
		name, data, reason string
	}{
		{NameReady, "\x01", "name runs past"},
		{NameReady, "\x00\x00\x00\x00\x00", "name is empty"},
		{NameReady, "\x01a\x00\x00\x00", "no value size"},
		{NameReady, "\x01a\x00\x00\x00\x02b", "value runs past"},
		{NameReady, "\x01a\x80\x00\x00\x00", "longer than 2^31-1"},
		{NameReady, "\x01a\xff\xff\xff\xff", "longer than 2^31-1"},
		{NameReady, "\x01a\x7f\xff\xff\xff", "value runs past"},
		{NameReady, "\x01a\x00\x00\x00\x00\x05", "name runs past"}, // leftover byte
		{NameInitiate, "\x01a\x00\x00\x00\x01", "value runs past"},
		{NameError, "", "reason runs past"},
		{NameError, "\x04300", "reason runs past"},
		{NameJoin, long, "longer than 255"},
		{NameJoin, "a\x00b", "NUL"},
		{NameLeave, long, "longer than 255"},
		{NameLeave, "\x00", "NUL"},
		{NamePing, "", "shorter than its TTL"},
		{NamePing, "\x00", "shorter than its TTL"},
		{NameHello, "", "username runs past"},
		{NameHello, "\x01", "username runs past"},
		{NameHello, "\x01a", "password runs past"},
		{NameHello, "\x01a\x02b", "password runs past"},
		{NameHello, "\x01a\x01b\x00", "after the password"},
		{NameWelcome, "\x00", "after the name"},
	}
	for _, tt := range tests {
		err := newCommand[tt.name]().Decode([]byte(tt.data))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tt.name+": ") || !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%s %.20q: error %v, want one about %q", tt.name, tt.data, err, tt.reason)
		}
	}
}

func TestFailedDecodeKeepsAllFields(t *testing.T) {
	h := Hello{Username: []byte("u"), Password: []byte("p")}
	if h.Decode([]byte("\x01a\x05b")) == nil || string(h.Username) != "u" || string(h.Password) != "p" {
		t.Errorf("HELLO is now %+v", h)
	}
}

// TestDecodeAcceptsWhatLibzmqAccepts covers commands that violate the grammar,
// but that libzmq accepts.
func TestDecodeAcceptsWhatLibzmqAccepts(t *testing.T) {
	var e Error
	if err := e.Decode([]byte("\x03400trailing")); err != nil || string(e.Reason) != "400" {
		t.Errorf("ERROR with trailing bytes: %q, %v", e.Reason, err)
	}
	var p Pong
	if err := p.Decode(make([]byte, 65)); err != nil || len(p.Context) != 65 {
		t.Errorf("PONG of 65 bytes: %d, %v", len(p.Context), err)
	}
	if got := p.Append(nil); len(got) != 2+5+16 {
		t.Errorf("PONG of 65 bytes is sent as %x", got)
	}
}

// TestPongReturnsFirst16BytesOfContext covers every PING body up to 40 bytes,
// and the context of 65 bytes that libzmq's test_heartbeats uses.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
func TestPongReturnsFirst16BytesOfContext(t *testing.T) {
	context := bytes.Repeat([]byte("c"), 65)
	for size := range 41 {
		var p Ping
		err := p.Decode(append([]byte{0, 9}, context...)[:size])
		if size < 2 {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("PING of %d bytes: %v", size, err)
			}
			continue
		}
		want := append([]byte("\x04PONG"), context[:min(size-2, 16)]...)
		if got := p.Pong().AppendBody(nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("PING of %d bytes: %v, answer %q", size, err, got)
		}
	}
	got := Ping{Context: context}.Pong().Append(nil)
	if want := "\x04\x15\x04PONG" + string(context[:16]); string(got) != want {
		t.Errorf("context of 65 bytes: %q, want %q", got, want)
	}
	if got := (Ping{TTL: 1, Context: context}).Append(nil); len(got) != 2+5+2+16 || got[1] != 23 {
		t.Errorf("own context of 65 bytes is sent as %q", got)
	}
}

// TestPingLifetimeDoesNotOverflow covers the values for which 16-bit arithmetic
// overflowed in libzmq (libzmq#4226).
func TestPingLifetimeDoesNotOverflow(t *testing.T) {
	for ttl, want := range map[uint16]string{
		0: "0s", 1: "100ms", 655: "1m5.5s", 656: "1m5.6s", 6553: "10m55.3s", 65535: "1h49m13.5s",
	} {
		if got := (Ping{TTL: ttl}).Lifetime().String(); got != want {
			t.Errorf("TTL %d: %s, want %s", ttl, got, want)
		}
	}
}

// TestTruncatedCommandIsMalformedOrComplete truncates every command after every
// byte. The result is either malformed or a valid command, which must encode to
// the same bytes.
func TestTruncatedCommandIsMalformedOrComplete(t *testing.T) {
	for _, tt := range commands {
		body := tt.cmd.AppendBody(nil)
		for cut := range body {
			checkBody(t, body[:cut])
		}
	}
}

// TestChangedCommandIsMalformedOrComplete sets every byte of every command to
// every value.
func TestChangedCommandIsMalformedOrComplete(t *testing.T) {
	for _, tt := range commands {
		body := tt.cmd.AppendBody(nil)
		for i, was := range body {
			for v := range 256 {
				body[i] = byte(v)
				checkBody(t, body)
			}
			body[i] = was
		}
	}
}

// checkBody decodes body if it has the name of a known command. The result must
// encode and decode to the same value, or the error must match ErrMalformed.
func checkBody(t *testing.T, body []byte) {
	t.Helper()
	name, data, ok := SplitCommand(body)
	if !ok {
		return
	}
	if 1+len(name)+len(data) != len(body) {
		t.Fatalf("%q splits into %q and %q", body, name, data)
	}
	if zero, known := newCommand[string(name)]; known {
		checkData(t, zero, data)
	}
}

// checkData is like checkBody for the data of one command.
func checkData(t *testing.T, zero func() decoder, data []byte) {
	t.Helper()
	cmd := zero()
	if err := cmd.Decode(data); err != nil {
		if !errors.Is(err, ErrMalformed) {
			t.Fatalf("%T %q: error %v is not ErrMalformed", cmd, data, err)
		}
		return
	}
	checkFrame(t, cmd)
	cutContexts(cmd)
	_, data2, _ := SplitCommand(cmd.AppendBody(nil))
	again := zero()
	if err := again.Decode(data2); err != nil || !reflect.DeepEqual(again, cmd) {
		t.Fatalf("%T %q: %+v encodes to %q, %v", cmd, data, cmd, data2, err)
	}
}

// cutContexts truncates the context of a PING or PONG, as encoding does.
func cutContexts(cmd decoder) {
	switch c := cmd.(type) {
	case *Ping:
		c.Context = cutContext(c.Context)
	case *Pong:
		c.Context = cutContext(c.Context)
	}
}

// TestEncodingTooLongFieldPanics: the options limit the length of these fields,
// so a longer value is an internal error.
func TestEncodingTooLongFieldPanics(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 256)
	for name, send := range map[string]func(){
		"username": func() { Hello{Username: long}.Append(nil) },
		"password": func() { Hello{Password: long}.Append(nil) },
		"reason":   func() { Error{long}.Append(nil) },
		"property": func() { AppendProperty(nil, long, "") },
		"command":  func() { AppendCommand(nil, string(long), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r, _ := recover().(string); !strings.HasPrefix(r, "zmq: internal:") {
					t.Errorf("panic value %q", r)
				}
			}()
			send()
		})
	}
}

func FuzzCommand(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		checkBody(t, body)
		for _, zero := range newCommand {
			checkData(t, zero, body) // a peer may send any data after any name
		}
		topic, subscribe, ok := SplitLegacySubscription(body)
		switch {
		case ok && subscribe && !bytes.Equal(AppendLegacySubscribeBody(nil, topic), body),
			ok && !subscribe && !bytes.Equal(AppendLegacyCancelBody(nil, topic), body):
			t.Fatalf("%q is a subscription that encodes to other bytes", body)
		}
	})
}
