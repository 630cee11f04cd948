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
// the order of their text.
func (s *Socket) Endpoints() []EndpointStatus {
	var list []EndpointStatus
	for _, e := range s.table.all() {
		list = append(list, EndpointStatus{e.ep, bound(e.entry), e.Status()})
	}
	slices.SortStableFunc(list, func(a, b EndpointStatus) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	return list
}
