package interop

import (
	"fmt"
	"testing"
)

// theirs is a libzmq socket.
type theirs struct {
	p          *python
	bound      bool
	kind, name string
}

// options are libzmq socket options, by name without ZMQ_. A nil value removes
// a default.
type options map[string]any

// newTheirs starts a Python peer with one socket. By default the socket
// reconnects as quickly as ours. A ROUTER or REP, which libzmq derives from
// ROUTER, hands a routing ID over to the newer peer: libzmq may process the end
// of a connection after the handshake of its successor.
func newTheirs(t *testing.T, typ string, o options) *theirs {
	t.Helper()
	return startPython(t).socket(typ, o)
}

// socket creates a further socket in the peer.
func (p *python) socket(typ string, o options) *theirs {
	p.t.Helper()
	all := options{"RECONNECT_IVL": 10}
	if typ == "ROUTER" || typ == "REP" {
		all["ROUTER_HANDOVER"] = 1
	}
	if hasID(typ) {
		all["IDENTITY"] = theirsID
	}
	for k, v := range o {
		if v == nil {
			delete(all, k)
		} else {
			all[k] = v
		}
	}
	p.names++
	s := &theirs{p: p, kind: typ, name: fmt.Sprint(typ, p.names)}
	s.do("socket", command{"type": typ, "options": all, "monitor": true})
	return s
}

// do runs a command for the socket.
func (s *theirs) do(what string, c command) answer {
	s.p.t.Helper()
	return s.p.call(s.with(what, c))
}

func (s *theirs) with(what string, c command) command {
	if c == nil {
		c = command{}
	}
	c["do"], c["name"] = what, s.name
	return c
}

const waitLimitMS = int64(waitLimit / 1e6)

func (s *theirs) typ() string { return s.kind }

func (s *theirs) bind(endpoint string) string {
	s.p.t.Helper()
	s.bound = true
	return s.do("bind", command{"endpoint": endpoint}).Endpoint
}

func (s *theirs) connect(endpoint string) {
	s.p.t.Helper()
	s.do("connect", command{"endpoint": endpoint})
}

func (s *theirs) close() {
	s.p.t.Helper()
	s.do("close", nil)
}

// subscribe uses ZMQ_SUBSCRIBE at a SUB and subscription messages at an XSUB.
func (s *theirs) subscribe(topics ...string) {
	s.p.t.Helper()
	if s.kind == "SUB" {
		s.do("subscribe", command{"topics": text(topics...).specs()})
		return
	}
	for _, topic := range topics {
		s.send(text("\x01" + topic))
	}
}

func (s *theirs) unsubscribe(topics ...string) {
	s.p.t.Helper()
	if s.kind == "SUB" {
		s.do("unsubscribe", command{"topics": text(topics...).specs()})
		return
	}
	for _, topic := range topics {
		s.send(text("\x00" + topic))
	}
}

func (s *theirs) send(m message) {
	s.p.t.Helper()
	s.do("send", command{"frames": m.specs(), "timeout": waitLimitMS})
}

func (s *theirs) recv() []digest {
	s.p.t.Helper()
	return s.do("recv", command{"timeout": waitLimitMS}).Frames
}

func (s *theirs) expect(want message) {
	s.p.t.Helper()
	if diff := want.differenceInDigests(s.recv()); diff != "" {
		s.p.t.Fatalf("libzmq's %s received: %s", s.kind, diff)
	}
}

// connected waits for a peer, and then calls the socket: libzmq's SUB sends its
// subscriptions to a new peer only within an API call.
func (s *theirs) connected() {
	s.p.t.Helper()
	s.event("HANDSHAKE_SUCCEEDED")
	s.do("poll", command{"timeout": 0})
}

// event waits for an event of libzmq's monitor, named without ZMQ_EVENT_. It
// discards earlier events.
func (s *theirs) event(kind string) {
	s.p.t.Helper()
	s.do("event", command{"kind": kind, "timeout": waitLimitMS})
}
