package engine_test

import (
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// last is what each of the dialogues ends with on our side: READY, or the
// routing ID of an old version.
func (d *dialogue) last() string {
	all := ""
	for _, s := range d.steps {
		all += s.want
	}
	if d.version >= wire.V3_0 {
		return all[strings.LastIndex(all, "\x05READY")-2:]
	}
	id := d.cfg.RoutingID
	switch {
	case d.name == "1.0" || d.name == "1.0 with a long identity" || d.name == "1.0 subscriber":
		return id
	case d.version == wire.V1:
		return string(wire.AppendFrameHeaderV1(nil, false, len(id))) + id
	}
	return string(wire.AppendFrameHeader(nil, 0, len(id))) + id
}

// TestAcceptingEngineHoldsReadyBack_RFC37 plays each dialogue with the side that
// accepted: it says all but its last until it is told to admit the peer, and
// never if it is told to refuse it.
func TestAcceptingEngineHoldsReadyBack_RFC37(t *testing.T) {
	for _, d := range dialogues {
		t.Run(d.name, func(t *testing.T) {
			for _, admit := range []bool{true, false} {
				p := &peer{t: t, e: engine.NewAccepting(d.cfg), cut: bytewise, limit: 1 << 20}
				p.out = p.e.Output()
				want := ""
				for _, s := range d.steps {
					p.send(s.send)
					want += s.want
				}
				p.wantReady()
				last := d.last()
				before := strings.TrimSuffix(want, last)
				if string(p.out) != before {
					t.Fatalf("said %q before it admits, want %q", p.out, before)
				}
				if !admit {
					p.e.Refuse("some reason")
					if out := p.e.Output(); len(out) > 0 {
						t.Errorf("says %q when it refuses a peer that may not retry", out)
					}
					continue
				}
				p.e.Admit()
				if out := string(p.e.Output()); out != last {
					t.Errorf("says %q when it admits, want %q", out, last)
				}
			}
		})
	}
}

// TestRefuseSaysWhy: an ERROR goes to a peer that retries after it, its reason
// in visible characters only, and to any that was connected to.
func TestRefuseSaysWhy(t *testing.T) {
	const want = "\x04\x22\x05ERROR\x1bnot-admitted:some-reason---"
	for _, e := range []*engine.Engine{engine.NewAccepting(dealer("")), engine.New(dealer(""))} {
		p := &peer{t: t, e: e, cut: whole, limit: 1 << 20}
		p.send(greeting31 + ready("Socket-Type", "ROUTER", "x-on-ERROR", "retry"))
		p.wantReady()
		if len(e.Peer().Properties) > 0 {
			t.Errorf("properties %v, want none", e.Peer().Properties)
		}
		p.e.Output()
		e.Refuse("some reason\n\xff\x00")
		if out := string(e.Output()); out != want {
			t.Errorf("says %q, want %q", out, want)
		}
	}
}

// TestAcceptingEngineTellsFaults: a peer that retries gets the reason of a
// failed handshake instead of READY; one of an incompatible type gets READY, from
// which it sees that itself.
func TestAcceptingEngineTellsFaults(t *testing.T) {
	for _, tt := range []struct{ send, want string }{
		{ready("Socket-Type", "SUB", "X-On-Error", "retry"), readyDealer},
		{ready("Socket-Type", "SUB"), readyDealer},
		{ready("Identity", "\x00", "X-On-Error", "retry"), "\x04\x10\x05ERROR\x09malformed"},
		{ready("Identity", "\x00"), ""},
		{command("ERROR", "\x00"), ""},
	} {
		p := &peer{t: t, e: engine.NewAccepting(dealer("")), cut: whole, limit: 1 << 20}
		p.send(greeting31)
		p.out = nil
		p.send(tt.send)
		if p.err == nil || string(p.out) != tt.want {
			t.Errorf("%q: error %v, says %q, want %q", tt.send, p.err, p.out, tt.want)
		}
	}
}

// TestEngineAnnouncesWhatItDoesAfterError in its READY: the connecting one connects
// again, and both count what was rejected.
func TestEngineAnnouncesWhatItDoesAfterError(t *testing.T) {
	cfg := dealer("")
	cfg.OnError = true
	for e, want := range map[*engine.Engine]string{engine.New(cfg): "retry", engine.NewAccepting(cfg): "count"} {
		p := &peer{t: t, e: e, cut: whole, limit: 1 << 20}
		p.send(greeting31 + ready("Socket-Type", "ROUTER"))
		e.Admit()
		all := string(p.out) + string(e.Output())
		if !strings.Contains(all, "\x0aX-On-Error\x00\x00\x00\x05"+want) {
			t.Errorf("did not announce %q: %q", want, all)
		}
	}
}
