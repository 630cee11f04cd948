package mechanism_test

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/nacl/secretbox"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// curveStates are the client and the server of newCurvePair after 0, 1 and 2
// commands from the peer, with all their own commands sent.
var curveStates = sync.OnceValue(func() (states struct {
	keys           *mechanism.CurveKeys
	client, server [3]mechanism.Mechanism
}) {
	keys, err := pairKeys()
	if err != nil {
		panic(err)
	}
	p := &curvePair{curvePairKeys: keys}
	p.restart()
	states.keys = p.serverKeys
	for _, side := range []struct {
		m        mechanism.Mechanism
		states   *[3]mechanism.Mechanism
		commands [2]string
	}{
		{p.client, &states.client, [2]string{"WELCOME", "READY"}},
		{p.server, &states.server, [2]string{"HELLO", "INITIATE"}},
	} {
		advance(side.m)
		side.states[0] = mechanism.CloneCurve(side.m)
		for i, name := range side.commands {
			if err := side.m.Receive(curveInputs()[name]); err != nil {
				panic(err)
			}
			advance(side.m)
			side.states[i+1] = mechanism.CloneCurve(side.m)
		}
	}
	return states
})

// advance calls Next until there is nothing to send, and accepts a client.
func advance(m mechanism.Mechanism) {
	for ok := true; ok; {
		_, ok = m.Next(nil)
		if m.Status() == mechanism.Waiting {
			ok = m.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}) == nil
		}
	}
}

// clientAfter returns a client that has received that number of commands.
func clientAfter(commands int) mechanism.Mechanism {
	return mechanism.CloneCurve(curveStates().client[commands])
}

// serverAfter returns a server that has received that number of commands.
func serverAfter(commands int) mechanism.Mechanism {
	if commands == 0 { // with its random bytes unused
		return mechanism.NewCurveServer(curveStates().keys, serverMetadata, seeded(2))
	}
	return mechanism.CloneCurve(curveStates().server[commands])
}

// curveInputs are commands that a peer may send. All are the right ones of the
// handshake of newCurvePair.
var curveInputs = sync.OnceValue(func() map[string][]byte {
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
})

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

// explorer tries all sequences of inputs up to a length.
type explorer struct {
	t        *testing.T
	after    func(commands int) mechanism.Mechanism
	inputs   map[string][]byte
	tried    int
	accepted []string
}

// explore tries all sequences of up to length inputs after those in prefix, which
// the mechanism accepts. Sequences that begin with a refused one are tried with
// the same mechanism, which must refuse all of them.
func (e *explorer) explore(prefix []string, length int) {
	if length == 0 {
		return
	}
	for name, body := range e.inputs {
		m, sequence := e.after(len(prefix)), append(prefix[:len(prefix):len(prefix)], name)
		e.tried++
		if err := m.Receive(body); err == nil {
			advance(m)
			if m.Status() == mechanism.Complete {
				e.accepted = append(e.accepted, strings.Join(sequence, " "))
			}
			e.explore(sequence, length-1)
		} else {
			e.refuse(m, sequence, length-1)
		}
	}
}

// refuse checks that a mechanism that has returned an error does nothing more.
func (e *explorer) refuse(m mechanism.Mechanism, sequence []string, length int) {
	if _, ok := m.Next(nil); ok || m.Status() != mechanism.Handshaking {
		e.t.Errorf("%q: continues after an error", sequence)
	}
	if length == 0 {
		return
	}
	for name, body := range e.inputs {
		e.tried++
		longer := append(sequence[:len(sequence):len(sequence)], name)
		if err := m.Receive(body); err == nil {
			e.t.Errorf("%q: accepted after an error", longer)
		}
		e.refuse(m, longer, length-1)
	}
}

// TestCurveAcceptsExactlyOneSequenceOfCommands tries every sequence of up to four
// commands. https://rfc.zeromq.org/spec/26/#high-level-grammar
func TestCurveAcceptsExactlyOneSequenceOfCommands(t *testing.T) {
	inputs := maps.Clone(curveInputs())
	maps.Copy(inputs, zeroKeyInputs())
	for _, tt := range []struct {
		name  string
		after func(int) mechanism.Mechanism
		want  string
	}{
		{"client", clientAfter, "WELCOME READY"},
		{"server", serverAfter, "HELLO INITIATE"},
	} {
		e := explorer{t: t, after: tt.after, inputs: inputs}
		e.explore(nil, 4)
		if e.tried != 13+13*13+13*13*13+13*13*13*13 {
			t.Errorf("%s: %d sequences", tt.name, e.tried)
		}
		if len(e.accepted) != 1 || e.accepted[0] != tt.want {
			t.Errorf("%s accepts %q, want %q", tt.name, e.accepted, tt.want)
		}
	}
}

// TestCurveAcceptsNoCommandBeforeItsOwn: a client that has not sent HELLO or
// INITIATE, or a server that has not sent WELCOME or READY, expects no command.
func TestCurveAcceptsNoCommandBeforeItsOwn(t *testing.T) {
	for name, body := range curveInputs() {
		p := newCurvePair(t)
		if err := p.client.Receive(body); err == nil {
			t.Errorf("client before HELLO: %s accepted", name)
		}
		client := clientAfter(0)
		deliver(t, client, curveInputs()["WELCOME"])
		if err := client.Receive(body); err == nil {
			t.Errorf("client before INITIATE: %s accepted", name)
		}
		deliver(t, p.server, curveInputs()["HELLO"])
		if err := p.server.Receive(body); err == nil {
			t.Errorf("server before WELCOME: %s accepted", name)
		}
		server := serverAfter(1)
		deliver(t, server, curveInputs()["INITIATE"])
		if err := server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
			t.Fatal(err)
		}
		if err := server.Receive(body); err == nil {
			t.Errorf("server before READY: %s accepted", name)
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
