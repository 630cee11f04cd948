package mechanism_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// verdicts are a verdict for each status code of ZAP, and two that are invalid
// and therefore count as an internal error.
var verdicts = []struct {
	status  mechanism.ZAPStatus
	command string // the ERROR command that the peer gets
}{
	{mechanism.StatusAccepted, ""},
	{mechanism.StatusTemporary, ""},
	{mechanism.StatusDenied, "\x05ERROR\x03400"},
	{mechanism.StatusInternalError, "\x05ERROR\x03500"},
	{"", "\x05ERROR\x03500"},
	{"201", "\x05ERROR\x03500"},
}

// sequences returns all sequences of up to length inputs, the empty one included.
func sequences(length int, inputs []string) [][]string {
	all := [][]string{{}}
	for from := 0; length > 0; length-- {
		to := len(all)
		for _, w := range all[from:to] {
			for _, input := range inputs {
				all = append(all, append(slices.Clone(w), input))
			}
		}
		from = to
	}
	return all
}

// drain calls Next until it returns no command, and returns the names of the
// commands.
func drain(t *testing.T, m mechanism.Mechanism) (names []string) {
	t.Helper()
	for {
		appended, ok := m.Next([]byte("before"))
		body, kept := strings.CutPrefix(string(appended), "before")
		if !kept || ok == (body == "") {
			t.Fatalf("Next returns %q, %v after its dst", body, ok)
		}
		if !ok {
			return names
		}
		name, _, valid := wire.SplitCommand([]byte(body))
		if !valid {
			t.Fatalf("Next returns %q, which is not a command", body)
		}
		if names = append(names, string(name)); len(names) > 4 {
			t.Fatalf("Next returns %q and continues", names)
		}
	}
}

// nextBody returns the next command, and fails if there is none.
func nextBody(t *testing.T, m mechanism.Mechanism) []byte {
	t.Helper()
	body, ok := m.Next(nil)
	if !ok {
		t.Fatal("Next returns no command")
	}
	return body
}

// isReceiveError reports whether err is one of the errors that the contract of
// Receive lists.
func isReceiveError(err error) bool {
	var byPeer *mechanism.PeerError
	return errors.As(err, &byPeer) || errors.Is(err, mechanism.ErrUnexpected) || errors.Is(err, mechanism.ErrMalformed) ||
		errors.Is(err, mechanism.ErrCrypto) || errors.Is(err, mechanism.ErrSequence) || errors.Is(err, mechanism.ErrKeyExchange)
}

// checkRefusal checks what Resume has done with a verdict that does not accept
// the peer: its error, and the command that the peer gets.
func checkRefusal(t *testing.T, m mechanism.Mechanism, err error, status mechanism.ZAPStatus, command string) {
	t.Helper()
	var refused *mechanism.RefusedError
	if !errors.As(err, &refused) || refused.Status != status {
		t.Errorf("verdict %q: Resume returns %v", status, err)
	}
	if body, ok := m.Next(nil); string(body) != command || ok != (command != "") {
		t.Errorf("verdict %q: Next returns %q, %v, want %q", status, body, ok, command)
	}
	if body, ok := m.Next(nil); ok {
		t.Errorf("verdict %q: Next then returns %q", status, body)
	}
	if m.Status() != mechanism.Handshaking {
		t.Errorf("verdict %q: status %d", status, m.Status())
	}
}
