package socket

import (
	"cmp"
	"slices"

	"github.com/zerobroker/zmq/internal/endpoint"
)

// EndpointStatus describes an endpoint at one moment.
type EndpointStatus struct {
	Endpoint string
	Bound    bool // and not connected
	endpoint.Status
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
		list[i].Status = e.Status()
	}
	slices.SortStableFunc(list, func(a, b EndpointStatus) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	return list
}
