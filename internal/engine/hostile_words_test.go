package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// alphabet returns the frames of which TestEngineAcceptsExactlyOneHandshake makes
// words, by name. Those that the peer sends in a valid handshake are valid, the
// others are those that the engine sends itself, or a guess.
func alphabet(peer, self *st.Recorded) map[string][]byte {
	zero := strings.Repeat("\x00", 200)
	letters := map[string][]byte{
		"HELLO":    []byte(command("HELLO", zero[:194])),
		"WELCOME":  []byte(command("WELCOME", zero[:160])),
		"INITIATE": []byte(command("INITIATE", zero)),
		"READY":    []byte(command("READY", "")),
		"ERROR":    []byte(command("ERROR", "\x03400")),
		"PING":     []byte(command("PING", "\x00\x00")),
		"garbage":  []byte("\x04\x05\x07noise"),
		"message":  wire.AppendFrameHeader(nil, 0, 0),
	}
	for _, p := range []*st.Recorded{self, peer} {
		for _, step := range p.Steps[1:] {
			_, size, h := wire.ConsumeFrameHeader(step)
			name, _, _ := wire.SplitCommand(step[h : h+int(size)])
			letters[string(name)] = step
		}
	}
	return letters
}

// Of all words of up to four commands, an engine completes its handshake after
// exactly one, for each mechanism, role and side of the connection. The commands of
// that word are valid in all others too. After any other word it has failed, unless
// the word is the beginning of the right one and consumes
// nothing more.
func TestEngineAcceptsExactlyOneHandshake(t *testing.T) {
	for _, k := range hostileKinds {
		t.Run(k.name, func(t *testing.T) {
			ours, theirs := hostileMechanisms(k)
			cfg := secured(dealer("me"), ours)
			cfg.OnError = true
			peer := recordPeer(t, k, cfg, theirs)
			opposite := k
			opposite.server = !k.server
			self := recordPeer(t, opposite, secured(dealer("me"), theirs), ours)
			letters := alphabet(peer, self)
			var right []string
			for _, step := range peer.Steps[1:] {
				for name, frame := range letters {
					if slices.Equal(frame, step) {
						right = append(right, name)
					}
				}
			}
			var names []string
			for name := range letters {
				names = append(names, name)
			}
			slices.Sort(names)
			words := 0
			var walk func(word []string)
			walk = func(word []string) {
				over := false
				if len(word) > 0 {
					words++
					over = checkWord(t, k, cfg, peer.Steps[0], letters, word, right)
				}
				if len(word) == 4 || t.Failed() {
					return
				}
				if over { // checkWord has checked what follows
					for n, longer := len(word), 1; n < 4; n++ {
						longer *= len(names)
						words += longer
					}
					return
				}
				for _, name := range names {
					walk(append(word[:len(word):len(word)], name))
				}
			}
			walk(nil)
			if words != 4680 {
				t.Errorf("%d words of %d commands, want 4680", words, len(names))
			}
		})
	}
}

// checkWord sends a word to an engine. over reports that the handshake has ended, so
// that every longer word with this beginning has the same result: a failed engine
// consumes nothing more, and what follows a complete handshake is traffic.
func checkWord(t *testing.T, k hostileKind, cfg *engine.Config, greeting []byte, letters map[string][]byte, word, right []string) (over bool) {
	t.Helper()
	e := newEngine(cfg, k.accepted)
	input := slices.Clone(greeting)
	for _, name := range word {
		input = append(input, letters[name]...)
	}
	var err error
	asked := 0
	for used := 0; ; {
		n, herr := e.Handshake(input[used:])
		used, err = used+n, herr
		if _, waiting := e.Authenticating(); !waiting || err != nil {
			break
		}
		asked++
		if err = e.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
			t.Fatalf("%v: %v", word, err)
		}
	}
	complete := len(word) >= len(right) && slices.Equal(word[:len(right)], right)
	begun := len(word) < len(right) && slices.Equal(word, right[:len(word)])
	if e.HandshakeDone() != complete || (err == nil) != (complete || begun) || asked > 1 {
		t.Fatalf("after %v the handshake is done: %v, error: %v; %v is right", word, e.HandshakeDone(), err, right)
	}
	if err == nil {
		return complete
	}
	if n, err := e.Handshake(input); n != 0 || e.HandshakeDone() {
		t.Fatalf("after %v the engine consumed %d more bytes: %v", word, n, err)
	}
	return true
}
