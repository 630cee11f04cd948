package interop

import (
	"fmt"
	"testing"
)

// theirs is a socket of libzmq.
type theirs struct {
	p          *python
	bound      bool
	kind, name string
}

// options are libzmq's, by their names without ZMQ_.
type options map[string]any

// newTheirs starts a Python peer with one socket. Unless o says otherwise it
// comes back as quickly as ours, and a ROUTER, which a REP is too, prefers the
// newer of two peers of one name: libzmq may look at a connection's end after
// its successor.
func newTheirs(t *testing.T, typ string, o options) *theirs {
	t.Helper()
	return startPython(t).socket(typ, o)
}

// socket makes a further socket in a peer.
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

// do runs a command of the socket.
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

const patienceMS = int64(patience / 1e6)

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

// subscribe does it as its type must: XSUB by messages.
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
	s.do("send", command{"frames": m.specs(), "timeout": patienceMS})
}

func (s *theirs) recv() []digest {
	s.p.t.Helper()
	return s.do("recv", command{"timeout": patienceMS}).Frames
}

func (s *theirs) expect(want message) {
	s.p.t.Helper()
	if diff := want.differenceInDigests(s.recv()); diff != "" {
		s.p.t.Fatalf("libzmq's %s received: %s", s.kind, diff)
	}
}

// connected waits for a peer and lets libzmq see to it: a bound SUB sends its
// subscriptions, and any SUB sends them again, only when its application calls
// it.
func (s *theirs) connected() {
	s.p.t.Helper()
	s.event("HANDSHAKE_SUCCEEDED")
	s.do("poll", command{"timeout": 0})
}

// event waits for an event of libzmq's monitor, without ZMQ_EVENT_, and
// forgets those before it.
func (s *theirs) event(kind string) {
	s.p.t.Helper()
	s.do("event", command{"kind": kind, "timeout": patienceMS})
}
