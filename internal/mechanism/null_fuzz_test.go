package mechanism_test

import (
	"bytes"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// FuzzNull sends a peer of NULL two commands. One that waits for a verdict gets it
// before the first, or after it.
func FuzzNull(f *testing.F) {
	ready := wire.Ready{Metadata: wire.AppendProperty(nil, "Socket-Type", "PULL")}.AppendBody(nil)
	refusal := wire.Error{Reason: []byte("400")}.AppendBody(nil)
	for _, first := range [][]byte{nil, ready, ready[:len(ready)-1], refusal} {
		for _, status := range []string{"200", "300", "400", ""} {
			f.Add(true, false, status, first, ready)
			f.Add(true, true, status, first, ready)
		}
		f.Add(false, false, "", first, ready)
	}
	f.Fuzz(func(t *testing.T, checked, late bool, status string, first, second []byte) {
		m, v := mechanism.NewNull(serverMetadata), mechanism.Verdict{Status: mechanism.ZAPStatus(status)}
		if checked {
			m = mechanism.NewCheckedNull(serverMetadata)
		}
		resume := func() {
			if err := m.Resume(v); checked && (err == nil) != (v.Status == mechanism.StatusAccepted) || !checked && err == nil {
				t.Fatalf("verdict %q: %v", status, err)
			}
		}
		if !late {
			resume()
			drain(t, m)
		}
		err := m.Receive(first)
		if late {
			resume()
		}
		drain(t, m)
		accepted := !checked || v.Status == mechanism.StatusAccepted
		if complete := m.Status() == mechanism.Complete; complete != (err == nil && accepted) || err != nil && !isReceiveError(err) {
			t.Fatalf("complete %v after %q and verdict %q: %v", complete, first, status, err)
		}
		if err == nil && !bytes.Equal(wire.Ready{Metadata: m.Metadata()}.AppendBody(nil), first) {
			t.Fatalf("accepted %q with metadata %q", first, m.Metadata())
		}
		if err == nil && m.Receive(second) == nil {
			t.Fatalf("a second command, %q, is accepted after %q", second, first)
		}
	})
}
