package mechanism_test

import (
	"errors"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
)

// https://rfc.zeromq.org/spec/27/#the-null-mechanism
func TestCheckedNullSendsNothingBeforeResume(t *testing.T) {
	n := mechanism.NewCheckedNull([]byte("ours"))
	if n.Status() != mechanism.Waiting {
		t.Fatalf("status %d, want Waiting", n.Status())
	}
	if body, ok := n.Next(nil); ok {
		t.Fatalf("Next returns %q", body)
	}
	if c := n.Credentials(); c.Mechanism != "NULL" || c.Username != "" || c.Password != "" || c.Metadata != nil {
		t.Errorf("credentials %v", c)
	}
	if err := n.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
		t.Fatal(err)
	}
	if n.Status() != mechanism.Handshaking {
		t.Errorf("status %d after Resume, want Handshaking", n.Status())
	}
	if body := nextBody(t, n); string(body) != "\x05READYours" {
		t.Errorf("Next returns %q", body)
	}
}

// TestCheckedNullIsReadyOnlyIfAccepted covers every verdict, with the READY of
// the peer before Resume, between Resume and Next, and after Next. GSSAPI in
// libzmq became ready after a refusal (libzmq#4912).
func TestCheckedNullIsReadyOnlyIfAccepted(t *testing.T) {
	for _, v := range verdicts {
		for _, peer := range []string{"before Resume", "before Next", "after Next"} {
			n := mechanism.NewCheckedNull(nil)
			receive := func(when string) {
				if when != peer {
					return
				}
				// A peer that was refused may have sent READY already.
				if err := n.Receive(inputs["READY"]); err != nil && (v.status == mechanism.StatusAccepted || !isReceiveError(err)) {
					t.Errorf("verdict %q, READY %s: %v", v.status, when, err)
				}
			}
			receive("before Resume")
			if n.Status() != mechanism.Waiting {
				t.Errorf("READY %s: status %d before Resume", peer, n.Status())
			}
			err := n.Resume(mechanism.Verdict{Status: v.status})
			receive("before Next")
			if n.Status() != mechanism.Handshaking {
				t.Errorf("verdict %q, READY %s: status %d after Resume", v.status, peer, n.Status())
			}
			if v.status == mechanism.StatusAccepted {
				if err != nil {
					t.Errorf("READY %s: %v", peer, err)
				}
				nextBody(t, n)
				receive("after Next")
				if n.Status() != mechanism.Complete || string(n.Metadata()) != string(properties) {
					t.Errorf("READY %s: status %d, metadata %q", peer, n.Status(), n.Metadata())
				}
				continue
			}
			checkRefusal(t, n, err, v.status, v.command)
			receive("after Next")
			if n.Status() == mechanism.Complete {
				t.Errorf("verdict %q, READY %s: ready", v.status, peer)
			}
		}
	}
}

func TestCheckedNullResumesOnce(t *testing.T) {
	for _, first := range verdicts {
		n := mechanism.NewCheckedNull(nil)
		_ = n.Resume(mechanism.Verdict{Status: first.status}) // tested above
		if err := n.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); !errors.Is(err, mechanism.ErrUnexpected) {
			t.Errorf("second Resume after verdict %q: %v", first.status, err)
		}
		want := first.command
		if first.status == mechanism.StatusAccepted {
			want = "\x05READY"
		}
		if body, _ := n.Next(nil); string(body) != want {
			t.Errorf("verdict %q, then another: Next returns %q", first.status, body)
		}
	}
}

// TestCheckedNullsAcceptEachOther: both sides wait for a verdict, so neither may
// wait for the READY of the other.
func TestCheckedNullsAcceptEachOther(t *testing.T) {
	a, b := mechanism.NewCheckedNull(properties), mechanism.NewCheckedNull(nil)
	for _, n := range []*mechanism.Null{a, b} {
		if err := n.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
			t.Fatal(err)
		}
	}
	fromA, fromB := nextBody(t, a), nextBody(t, b)
	if err := a.Receive(fromB); err != nil {
		t.Fatal(err)
	}
	if err := b.Receive(fromA); err != nil {
		t.Fatal(err)
	}
	if a.Status() != mechanism.Complete || b.Status() != mechanism.Complete || string(b.Metadata()) != string(properties) {
		t.Errorf("status %d and %d, metadata %q", a.Status(), b.Status(), b.Metadata())
	}
}
