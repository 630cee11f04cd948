package mechanism_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/nacl/secretbox"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// curveInputs are commands that a peer may send. All are the right ones of the
// handshake of newCurvePair.
func curveInputs() map[string][]byte {
	r := newReference()
	return map[string][]byte{
		"HELLO":    r.hello(),
		"WELCOME":  r.welcome(),
		"INITIATE": r.initiate(),
		"READY":    r.ready(),
		"ERROR":    wire.Error{Reason: []byte("400")}.AppendBody(nil),
		"MESSAGE":  r.message(toServer, 3, 0, "body"),
		"PING":     wire.Ping{}.AppendBody(nil),
		"garbage":  []byte("\x7f\x00garbage"),
	}
}

// zeroKeyInputs are the encrypted commands of curveInputs, encrypted with a key
// that is zero, as is a key that was not derived.
func zeroKeyInputs() map[string][]byte {
	r, zero := newReference(), new([32]byte)
	seal := func(head []byte, prefix string, nonce, plain []byte) []byte {
		return secretbox.Seal(concat(head, nonce), plain, nonce24(prefix, nonce), zero)
	}
	initiate := r.initiate()
	vouch := secretbox.Seal(concat(r.clientPublic[:], r.vouchNonce[:]), make([]byte, 64), nonce24("VOUCH---", r.vouchNonce[:]), zero)
	return map[string][]byte{
		"zero-key HELLO":    seal(r.hello()[:112], "CurveZMQHELLO---", be64(1), make([]byte, 64)),
		"zero-key WELCOME":  seal([]byte("\x07WELCOME"), "WELCOME-", r.welcomeNonce[:], make([]byte, 128)),
		"zero-key INITIATE": seal(initiate[:105], "CurveZMQINITIATE", be64(2), vouch),
		"zero-key READY":    seal([]byte("\x05READY"), "CurveZMQREADY---", be64(1), nil),
		"zero-key MESSAGE":  seal([]byte("\x07MESSAGE"), "CurveZMQMESSAGES", be64(2), []byte("\x00body")),
	}
}

// words returns all sequences of 1 to length names.
func words(names []string, length int) (all [][]string) {
	last := [][]string{{}}
	for range length {
		var longer [][]string
		for _, w := range last {
			for _, n := range names {
				longer = append(longer, append(append([]string{}, w...), n))
			}
		}
		all = append(all, longer...)
		last = longer
	}
	return all
}

// acceptsWord reports whether a new client or server accepts all commands and
// ends the handshake. The mechanism sends its own commands if sends is set. It
// checks that a mechanism that has refused a command does nothing more.
func acceptsWord(t *testing.T, m mechanism.Mechanism, word []string, inputs map[string][]byte, sends bool) bool {
	t.Helper()
	advance := func() {
		for ok := sends; ok; {
			_, ok = m.Next(nil)
			if m.Status() == mechanism.Waiting {
				if err := m.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
					t.Fatal(err)
				}
				ok = true
			}
		}
	}
	advance()
	accepted := true
	for _, name := range word {
		err := m.Receive(inputs[name])
		switch {
		case !accepted && err == nil:
			t.Fatalf("%q: %s accepted after an error", word, name)
		case err != nil:
			accepted = false
		}
		advance()
		if !accepted && m.Status() != mechanism.Handshaking {
			t.Fatalf("%q: status %d after an error", word, m.Status())
		}
	}
	return accepted && m.Status() == mechanism.Complete
}

// TestCurveAcceptsExactlyOneSequenceOfCommands tries every sequence of up to four
// commands, and every sequence of up to two in which some have the key zero.
// https://rfc.zeromq.org/spec/26/#high-level-grammar
func TestCurveAcceptsExactlyOneSequenceOfCommands(t *testing.T) {
	right := curveInputs()
	var names, all []string
	inputs := map[string][]byte{}
	for name, body := range right {
		names, all, inputs[name] = append(names, name), append(all, name), body
	}
	for name, body := range zeroKeyInputs() {
		all, inputs[name] = append(all, name), body
	}
	sequences := words(names, 4)
	if len(sequences) != 4680 {
		t.Fatalf("%d sequences", len(sequences))
	}
	for _, w := range words(all, 2) {
		if strings.Contains(fmt.Sprint(w), "zero-key") {
			sequences = append(sequences, w)
		}
	}
	want := map[string]string{"client": "[WELCOME READY]", "server": "[HELLO INITIATE]"}
	for role, one := range want {
		for _, sends := range []bool{true, false} {
			var accepted []string
			for _, w := range sequences {
				p := newCurvePair(t)
				m := p.client
				if role == "server" {
					m = p.server
				}
				if acceptsWord(t, m, w, inputs, sends) {
					accepted = append(accepted, fmt.Sprint(w))
				}
			}
			switch {
			case sends && (len(accepted) != 1 || accepted[0] != one):
				t.Errorf("%s accepts %q, want %s", role, accepted, one)
			case !sends && len(accepted) != 0:
				t.Errorf("%s accepts %q before it has sent its own commands", role, accepted)
			}
		}
	}
}

func TestCurveErrorsSayWhatIsWrong(t *testing.T) {
	in := curveInputs()
	for _, tt := range []struct {
		role, commands string
		want           error
	}{
		{"server", "WELCOME", mechanism.ErrUnexpected},
		{"server", "INITIATE", mechanism.ErrUnexpected},
		{"server", "MESSAGE", mechanism.ErrUnexpected},
		{"server", "ERROR", mechanism.ErrUnexpected}, // a client must not send it
		{"server", "garbage", mechanism.ErrMalformed},
		{"server", "HELLO HELLO", mechanism.ErrUnexpected},
		{"server", "HELLO ERROR", mechanism.ErrUnexpected},
		{"server", "HELLO INITIATE INITIATE", mechanism.ErrUnexpected},
		{"client", "HELLO", mechanism.ErrUnexpected},
		{"client", "READY", mechanism.ErrUnexpected},
		{"client", "WELCOME WELCOME", mechanism.ErrUnexpected},
		{"client", "WELCOME MESSAGE", mechanism.ErrUnexpected},
		{"client", "garbage", mechanism.ErrMalformed},
	} {
		p := newCurvePair(t)
		m := p.client
		if tt.role == "server" {
			m = p.server
		}
		var err error
		for name := range strings.FieldsSeq(tt.commands) {
			m.Next(nil)
			err = m.Receive(in[name])
		}
		if !errors.Is(err, tt.want) {
			t.Errorf("%s, %s: %v, want %v", tt.role, tt.commands, err, tt.want)
		}
	}
	for _, commands := range []string{"ERROR", "WELCOME ERROR"} {
		p := newCurvePair(t)
		var err error
		for name := range strings.FieldsSeq(commands) {
			p.client.Next(nil)
			err = p.client.Receive(in[name])
		}
		var refused *mechanism.PeerError
		if !errors.As(err, &refused) || refused.Reason != "400" {
			t.Errorf("client, %s: %v", commands, err)
		}
	}
	p := newCurvePair(t)
	p.client.Next(nil)
	if err := p.client.Receive([]byte("\x05ERROR\x05x")); !errors.Is(err, mechanism.ErrMalformed) {
		t.Errorf("malformed ERROR: %v", err)
	}
	if err := p.client.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); !errors.Is(err, mechanism.ErrUnexpected) {
		t.Errorf("Resume of a client: %v", err)
	}
	if err := p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); !errors.Is(err, mechanism.ErrUnexpected) {
		t.Errorf("Resume before INITIATE: %v", err)
	}
}

// TestCurveErasesSecretsOfHandshake: after the handshake, and after a failed one,
// only the keys of the frames remain.
func TestCurveErasesSecretsOfHandshake(t *testing.T) {
	p := connectedPair(t)
	for _, m := range []mechanism.Mechanism{p.client, p.server} {
		if n := mechanism.CurveHandshakeSecrets(m); n != 0 {
			t.Errorf("server %v: %d secrets after the handshake", m.Server(), n)
		}
	}
	for _, status := range []mechanism.ZAPStatus{mechanism.StatusDenied, mechanism.StatusTemporary} {
		p = newCurvePair(t)
		p.initiated(t)
		_ = p.server.Resume(mechanism.Verdict{Status: status})
		if n := mechanism.CurveHandshakeSecrets(p.server); n != 0 {
			t.Errorf("%d secrets after verdict %s", n, status)
		}
	}
	for steps := range 4 {
		p = newCurvePair(t)
		for i := range steps {
			pair := [2]mechanism.Mechanism{p.client, p.server}
			deliver(t, pair[1-i%2], next(t, pair[i%2]))
			if p.server.Status() == mechanism.Waiting {
				_ = p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted})
			}
		}
		for _, m := range []mechanism.Mechanism{p.client, p.server} {
			if err := m.Receive([]byte("\x05OTHER")); err == nil {
				t.Fatal("unknown command accepted")
			}
			if n := mechanism.CurveHandshakeSecrets(m); n != 0 {
				t.Errorf("server %v: %d secrets after an error in step %d", m.Server(), n, steps)
			}
		}
	}
}
