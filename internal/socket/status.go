package socket

import (
	"cmp"
	"slices"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/session"
)

// EndpointStatus describes an endpoint at one moment.
type EndpointStatus struct {
	Endpoint string
	Bound    bool // and not connected
	session.Status
}

// Endpoints describes the endpoints that the socket is bound or connected to, in
// the order of their text. It takes leaf locks alone.
func (s *Socket) Endpoints() []EndpointStatus {
	var list []EndpointStatus
	var entries []entry
	s.table.each(func(ep string, e entry) {
		list = append(list, EndpointStatus{Endpoint: ep, Bound: bound(e)})
		entries = append(entries, e)
	})
	for i, e := range entries {
		if r, ok := e.endpoint.(interface{ Status() session.Status }); ok {
			list[i].Status = r.Status()
		}
	}
	slices.SortStableFunc(list, func(a, b EndpointStatus) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	return list
}

// Status describes the endpoint.
func (b *boundName) Status() session.Status {
	st := session.Status{State: session.StateListening, Since: b.since}
	for _, l := range b.s.links.all() {
		if l.Name() == b.name && l.Status().State == inproc.Joined {
			st.Peers++
		}
	}
	return st
}

// Status describes the endpoint.
func (c *connectedName) Status() session.Status {
	link := c.l.Status()
	st := session.Status{State: session.StateConnecting, Since: link.Since, Err: link.Err}
	switch link.State {
	case inproc.Ended:
		st.State = session.StateClosed
	case inproc.Joined:
		st.State, st.Peers = session.StateConnected, 1
	}
	return st
}
