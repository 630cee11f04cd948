package engine_test

import (
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// last returns the last bytes that this side sends in the handshake: READY, or
// the routing ID in ZMTP 1.0 and 2.0.
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

// TestAcceptedEngineSendsReadyOnlyAfterAdmit runs each dialogue on an accepted
// connection. The engine sends everything but its last bytes before Admit, and
// does not send these after Refuse.
// https://rfc.zeromq.org/spec/37/
func TestAcceptedEngineSendsReadyOnlyAfterAdmit(t *testing.T) {
	for _, d := range dialogues {
		t.Run(d.name, func(t *testing.T) {
			for _, admit := range []bool{true, false} {
				p := &peer{t: t, e: engine.NewAccepted(d.cfg), cut: byteByByte, limit: 1 << 20}
				p.out = p.e.Output()
				want := ""
				for _, s := range d.steps {
					p.send(s.send)
					want += s.want
				}
				p.wantHandshakeDone()
				last := d.last()
				before := strings.TrimSuffix(want, last)
				if string(p.out) != before {
					t.Fatalf("sent %q before Admit, want %q", p.out, before)
				}
				if !admit {
					p.e.Refuse("some reason")
					if out := p.e.Output(); len(out) > 0 {
						t.Errorf("Refuse sends %q to a peer that has not announced that it reconnects", out)
					}
					continue
				}
				p.e.Admit()
				if out := string(p.e.Output()); out != last {
					t.Errorf("Admit sends %q, want %q", out, last)
				}
			}
		})
	}
}

// The ERROR is sent by the accepting side, if the READY of its peer has
// x-on-ERROR: retry, and by the connecting side. Characters of the reason that
// are not visible ASCII are replaced by hyphens.
func TestRefuseSendsErrorWithReason(t *testing.T) {
	const want = "\x04\x22\x05ERROR\x1bnot-admitted:some-reason---"
	for _, e := range []*engine.Engine{engine.NewAccepted(dealer("")), engine.New(dealer(""))} {
		p := &peer{t: t, e: e, cut: whole, limit: 1 << 20}
		p.send(greeting31 + ready("Socket-Type", "ROUTER", "x-on-ERROR", "retry"))
		p.wantHandshakeDone()
		if len(e.Peer().Properties) > 0 {
			t.Errorf("properties %v, want none", e.Peer().Properties)
		}
		p.e.Output()
		e.Refuse("some reason\n\xff\x00")
		if out := string(e.Output()); out != want {
			t.Errorf("Refuse sends %q, want %q", out, want)
		}
	}
}

// A peer that reconnects gets an ERROR with the cause instead of READY. A peer
// of an incompatible type gets READY, from which it finds the mismatch.
func TestAcceptedEngineSendsCauseOfFailedHandshake(t *testing.T) {
	for _, tt := range []struct{ send, want string }{
		{ready("Socket-Type", "SUB", "X-On-Error", "retry"), readyDealer},
		{ready("Socket-Type", "SUB"), readyDealer},
		{ready("Identity", "\x00", "X-On-Error", "retry"), "\x04\x10\x05ERROR\x09malformed"},
		{ready("Identity", "\x00"), ""},
		{command("ERROR", "\x00"), ""},
	} {
		p := &peer{t: t, e: engine.NewAccepted(dealer("")), cut: whole, limit: 1 << 20}
		p.send(greeting31)
		p.out = nil
		p.send(tt.send)
		if p.err == nil || string(p.out) != tt.want {
			t.Errorf("%q: error %v, sent %q, want %q", tt.send, p.err, p.out, tt.want)
		}
	}
}

// The connecting side announces that it reconnects after an ERROR. Both sides
// announce that they accept an ERROR after the handshake.
func TestReadyAnnouncesOnErrorProperty(t *testing.T) {
	cfg := dealer("")
	cfg.OnError = true
	for e, want := range map[*engine.Engine]string{engine.New(cfg): "retry", engine.NewAccepted(cfg): "count"} {
		p := &peer{t: t, e: e, cut: whole, limit: 1 << 20}
		p.send(greeting31 + ready("Socket-Type", "ROUTER"))
		e.Admit()
		all := string(p.out) + string(e.Output())
		if !strings.Contains(all, "\x0aX-On-Error\x00\x00\x00\x05"+want) {
			t.Errorf("READY does not announce %q: %q", want, all)
		}
	}
}
