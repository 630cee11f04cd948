package mechanism_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

var properties = wire.AppendProperty(nil, wire.PropSocketType, "ROUTER")

// inputs are bodies that a peer may send in a handshake: the valid one, and one
// invalid body of each kind.
var inputs = map[string][]byte{
	"READY":     wire.Ready{Metadata: properties}.AppendBody(nil),
	"ERROR":     wire.Error{Reason: []byte("400")}.AppendBody(nil),
	"SUBSCRIBE": wire.Subscribe{}.AppendBody(nil),
	"garbage":   []byte("\x7f\x00garbage"),
	"empty":     {},
}

// TestNullAcceptsExactlyOneReady tries every sequence of up to three inputs.
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
func TestNullAcceptsExactlyOneReady(t *testing.T) {
	sequences := [][]string{{}}
	for from, length := 0, 0; length < 3; length++ {
		to := len(sequences)
		for _, s := range sequences[from:to] {
			for input := range inputs {
				sequences = append(sequences, append(append([]string{}, s...), input))
			}
		}
		from = to
	}
	if len(sequences) != 1+5+25+125 {
		t.Fatalf("%d sequences", len(sequences))
	}
	var accepted []string
	for _, s := range sequences {
		if accepts(t, s) {
			accepted = append(accepted, strings.Join(s, " "))
		}
	}
	if len(accepted) != 1 || accepted[0] != "READY" {
		t.Errorf("accepted %q, want READY alone", accepted)
	}
}

// accepts reports whether NULL accepts all inputs of a sequence and is ready.
// It checks that the command NULL sends does not depend on the inputs.
func accepts(t *testing.T, sequence []string) bool {
	t.Helper()
	n := mechanism.NewNull([]byte("ours"))
	if n.Status() != mechanism.Handshaking {
		t.Fatal("a new mechanism is ready")
	}
	for _, input := range sequence {
		if err := n.Receive(inputs[input]); err != nil {
			return false
		}
		if n.Status() != mechanism.Handshaking {
			t.Fatalf("%q: ready before our READY was sent", sequence)
		}
	}
	body, ok := n.Next([]byte("before"))
	if want := "before\x05READYours"; !ok || string(body) != want {
		t.Fatalf("%q: Next returns %q, %v, want %q", sequence, body, ok, want)
	}
	if body, ok := n.Next([]byte("x")); ok || string(body) != "x" {
		t.Fatalf("%q: the second Next returns %q, %v", sequence, body, ok)
	}
	return n.Status() == mechanism.Complete
}

func TestNullRefusesUnexpectedAndMalformedCommands(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       error
	}{
		{"SUBSCRIBE", string(inputs["SUBSCRIBE"]), mechanism.ErrUnexpected},
		{"unknown", "\x01X", mechanism.ErrUnexpected},
		{"other case", "\x05ready", mechanism.ErrUnexpected},
		{"garbage", string(inputs["garbage"]), mechanism.ErrMalformed},
		{"empty", "", mechanism.ErrMalformed},
		{"no name", "\x00", mechanism.ErrMalformed},
		{"bad properties", "\x05READY\x01", mechanism.ErrMalformed},
		{"ERROR without a reason", "\x05ERROR", mechanism.ErrMalformed},
	} {
		n := mechanism.NewNull(nil)
		if err := n.Receive([]byte(tt.body)); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
		n.Next(nil)
		if n.Status() == mechanism.Complete {
			t.Errorf("%s: ready", tt.name)
		}
	}
	n := mechanism.NewNull(nil)
	if err := n.Receive(inputs["READY"]); err != nil {
		t.Fatal(err)
	}
	if err := n.Receive(inputs["READY"]); !errors.Is(err, mechanism.ErrUnexpected) {
		t.Errorf("second READY: %v", err)
	}
}

// TestPeerErrorQuotesReason: the reason in an ERROR command may contain line
// feeds, which must not get into logs.
func TestPeerErrorQuotesReason(t *testing.T) {
	n := mechanism.NewNull(nil)
	err := n.Receive(wire.Error{Reason: []byte("no\nway")}.AppendBody(nil))
	var refused *mechanism.PeerError
	if !errors.As(err, &refused) || refused.Reason != "no\nway" || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}

// TestNullCopiesMetadata: the metadata stays valid when the buffer of the
// command is reused.
func TestNullCopiesMetadata(t *testing.T) {
	n := mechanism.NewNull(nil)
	body := bytes.Clone(inputs["READY"])
	if err := n.Receive(body); err != nil {
		t.Fatal(err)
	}
	clear(body)
	if !bytes.Equal(n.Metadata(), properties) {
		t.Errorf("metadata %q, want %q", n.Metadata(), properties)
	}
}

func TestNullDoesNotEncrypt(t *testing.T) {
	var m mechanism.Mechanism = mechanism.NewNull(nil)
	if m.Name() != "NULL" || m.Seals() {
		t.Errorf("name %q, seals %v", m.Name(), m.Seals())
	}
	if err := m.Resume(mechanism.Verdict{Status: "200"}); !errors.Is(err, mechanism.ErrUnexpected) {
		t.Errorf("Resume of a mechanism that is not waiting: %v", err)
	}
	sealed, err := m.Seal([]byte("x"), wire.FlagMore, []byte("body"))
	if string(sealed) != "xbody" || err != nil {
		t.Errorf("sealed %q, %v", sealed, err)
	}
	if _, plain, err := m.Open([]byte("body")); string(plain) != "body" || err != nil {
		t.Errorf("opened %q, %v", plain, err)
	}
}
