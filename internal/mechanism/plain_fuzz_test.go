package mechanism_test

import (
	"bytes"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// FuzzPlainServer sends a server up to three commands, and answers its question
// about the credentials with a status.
func FuzzPlainServer(f *testing.F) {
	f.Fuzz(func(t *testing.T, status string, first, second, third []byte) {
		s := newPlainServer()
		v := mechanism.Verdict{Status: mechanism.ZAPStatus(status)}
		if !fuzzHandshake(t, s, v, first, second, third) {
			return
		}
		if v.Status != mechanism.StatusAccepted {
			t.Fatalf("ready after verdict %q", status)
		}
		var i wire.Initiate
		_, data, _ := wire.SplitCommand(second)
		if err := i.Decode(data); err != nil || !bytes.Equal(i.Metadata, s.Metadata()) {
			t.Fatalf("ready with metadata %q of %q, %v", s.Metadata(), second, err)
		}
	})
}

// FuzzPlainClient sends a client up to three commands.
func FuzzPlainClient(f *testing.F) {
	f.Fuzz(func(t *testing.T, first, second, third []byte) {
		c := newPlainClient()
		if fuzzHandshake(t, c, accepted, first, second, third) && string(first) != "\x07WELCOME" {
			t.Fatalf("ready after %q", first)
		}
	})
}

// fuzzHandshake gives m these commands, also after an error. It checks the
// contract of Mechanism, and reports whether m was ready.
func fuzzHandshake(t *testing.T, m mechanism.Mechanism, v mechanism.Verdict, bodies ...[]byte) (ready bool) {
	t.Helper()
	drain(t, m)
	failed := false
	for i, body := range bodies {
		err := m.Receive(body)
		switch {
		case err == nil && (failed || ready):
			t.Fatalf("command %d, %q, is accepted after the end of the handshake", i, body)
		case err != nil && !isReceiveError(err):
			t.Fatalf("command %d, %q: error %v", i, body, err)
		}
		if failed = failed || err != nil; m.Status() == mechanism.Waiting {
			if c := m.Credentials(); !bytes.Contains(body, []byte(c.Username)) || !bytes.HasSuffix(body, []byte(c.Password)) {
				t.Fatalf("%q has credentials %v", body, c)
			}
			if err := m.Resume(v); (err == nil) != (v.Status == mechanism.StatusAccepted) {
				t.Fatalf("verdict %q: %v", v.Status, err)
			} else if err != nil {
				failed = true
			}
		}
		drain(t, m)
		if m.Status() == mechanism.Complete {
			if failed && !ready {
				t.Fatalf("ready after an error, command %d, %q", i, body)
			}
			ready = true
		}
	}
	return ready
}
