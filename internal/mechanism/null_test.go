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

// letters is what a peer may send in a handshake: one that is right, and one
// of each way to be wrong.
var letters = map[string][]byte{
	"READY":     wire.Ready{Metadata: properties}.AppendBody(nil),
	"ERROR":     wire.Error{Reason: []byte("400")}.AppendBody(nil),
	"SUBSCRIBE": wire.Subscribe{}.AppendBody(nil),
	"garbage":   []byte("\x7f\x00garbage"),
	"empty":     {},
}

// TestNullWords tries every word of up to three commands: one is accepted.
func TestNullWords_RFC37(t *testing.T) {
	words := [][]string{{}}
	for from, length := 0, 0; length < 3; length++ {
		to := len(words)
		for _, w := range words[from:to] {
			for letter := range letters {
				words = append(words, append(append([]string{}, w...), letter))
			}
		}
		from = to
	}
	if len(words) != 1+5+25+125 {
		t.Fatalf("%d words", len(words))
	}
	var accepted []string
	for _, w := range words {
		if accepts(t, w) {
			accepted = append(accepted, strings.Join(w, " "))
		}
	}
	if len(accepted) != 1 || accepted[0] != "READY" {
		t.Errorf("accepted %q, want READY alone", accepted)
	}
}

// accepts has a NULL receive a word, and reports whether it took all of it and
// is ready. What it says must not depend on what it hears.
func accepts(t *testing.T, word []string) bool {
	t.Helper()
	n := mechanism.NewNull([]byte("ours"))
	if n.Status() != mechanism.Handshaking {
		t.Fatal("ready before anything was said")
	}
	for _, letter := range word {
		if err := n.Receive(letters[letter]); err != nil {
			return false
		}
		if n.Status() != mechanism.Handshaking {
			t.Fatalf("%q: ready without our READY", word)
		}
	}
	body, ok := n.Next([]byte("before"))
	if want := "before\x05READYours"; !ok || string(body) != want {
		t.Fatalf("%q: says %q, %v; want %q", word, body, ok, want)
	}
	if body, ok := n.Next([]byte("x")); ok || string(body) != "x" {
		t.Fatalf("%q: says %q more", word, body)
	}
	return n.Status() == mechanism.Ready
}

// TestNullErrors: the error says what was wrong.
func TestNullErrors(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       error
	}{
		{"SUBSCRIBE", string(letters["SUBSCRIBE"]), mechanism.ErrUnexpected},
		{"unknown", "\x01X", mechanism.ErrUnexpected},
		{"other case", "\x05ready", mechanism.ErrUnexpected},
		{"garbage", string(letters["garbage"]), mechanism.ErrMalformed},
		{"empty", "", mechanism.ErrMalformed},
		{"no name", "\x00", mechanism.ErrMalformed},
		{"bad properties", "\x05READY\x01", mechanism.ErrMalformed},
		{"ERROR of no reason", "\x05ERROR", mechanism.ErrMalformed},
	} {
		n := mechanism.NewNull(nil)
		if err := n.Receive([]byte(tt.body)); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
		n.Next(nil)
		if n.Status() == mechanism.Ready {
			t.Errorf("%s: ready", tt.name)
		}
	}
	n := mechanism.NewNull(nil)
	if err := n.Receive(letters["READY"]); err != nil {
		t.Fatal(err)
	}
	if err := n.Receive(letters["READY"]); !errors.Is(err, mechanism.ErrUnexpected) {
		t.Errorf("a second READY: %v", err)
	}
}

// TestNullPeerError quotes what the peer says: its text is no text of ours.
func TestNullPeerError(t *testing.T) {
	n := mechanism.NewNull(nil)
	err := n.Receive(wire.Error{Reason: []byte("no\nway")}.AppendBody(nil))
	var refused *mechanism.PeerError
	if !errors.As(err, &refused) || refused.Reason != "no\nway" || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}

// TestNullMetadata keeps the peer's properties beyond the life of its command.
func TestNullMetadata(t *testing.T) {
	n := mechanism.NewNull(nil)
	body := bytes.Clone(letters["READY"])
	if err := n.Receive(body); err != nil {
		t.Fatal(err)
	}
	clear(body)
	if !bytes.Equal(n.Metadata(), properties) {
		t.Errorf("metadata %q, want %q", n.Metadata(), properties)
	}
}

// TestNullLeavesTrafficAlone: it is asked nothing and seals nothing.
func TestNullLeavesTrafficAlone(t *testing.T) {
	var m mechanism.Mechanism = mechanism.NewNull(nil)
	if m.Name() != "NULL" || m.Seals() {
		t.Errorf("name %q, seals %v", m.Name(), m.Seals())
	}
	if err := m.Resume(mechanism.Verdict{Status: "200"}); !errors.Is(err, mechanism.ErrUnexpected) {
		t.Errorf("a verdict that nobody waits for: %v", err)
	}
	sealed, err := m.Seal([]byte("x"), wire.FlagMore, []byte("body"))
	if string(sealed) != "xbody" || err != nil {
		t.Errorf("sealed %q, %v", sealed, err)
	}
	if _, plain, err := m.Open([]byte("body")); string(plain) != "body" || err != nil {
		t.Errorf("opened %q, %v", plain, err)
	}
}
