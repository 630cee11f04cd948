package mdp

import "slices"

// DropReason is the reason for which a broker discarded a message.
type DropReason uint8

// The reasons for which a broker discards messages. Each discarded message is counted
// once under one of them in [BrokerStats].
const (
	DropMalformed    DropReason = iota // not a message of MDP, a name of a service that is not printable, or too large to be forwarded
	DropUnexpected                     // a valid command of a worker that is not registered, registers twice or replies to nothing; the broker sends it DISCONNECT
	DropDisconnected                   // a command of a worker after DISCONNECT
	DropServiceLimit                   // a request for one service more than MaxServices
	DropWorkerLimit                    // a READY that would exceed MaxWorkers; the broker sends it DISCONNECT
	DropRequestLimit                   // a request that would exceed MaxRequests or MaxRequestBytes
	DropClientLimit                    // a request that would exceed MaxRequestsPerClient
	DropExpired                        // a request for which no worker was free within RequestTimeout
	DropWorkerLost                     // a request whose worker disconnected or sent no heartbeat, and that is not sent again
	DropClientLost                     // a request or reply whose client has disconnected
	DropClientFull                     // a reply to a client that does not read, so that its queue is full
	DropPartial                        // a partial reply to a client of 0.1
	DropClosing                        // a request or READY that arrived during Shutdown, or a request that was queued or in flight when the broker closed
	dropReasons
)

var dropNames = [...]string{
	DropMalformed: "malformed", DropUnexpected: "unexpected", DropDisconnected: "disconnected",
	DropServiceLimit: "service_limit", DropWorkerLimit: "worker_limit", DropRequestLimit: "request_limit",
	DropClientLimit: "client_limit", DropExpired: "expired", DropWorkerLost: "worker_lost",
	DropClientLost: "client_lost", DropClientFull: "client_full", DropPartial: "partial", DropClosing: "closing",
}

// String returns the name of the reason, such as "worker_lost", or "unknown".
func (d DropReason) String() string {
	if int(d) < len(dropNames) {
		return dropNames[d]
	}
	return "unknown"
}

// MarshalText returns the text of String.
func (d DropReason) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// BrokerStats are the counters of a broker since it was made, and what it holds now.
type BrokerStats struct {
	Requests     uint64 // requests of clients that were queued or sent to a worker
	Partials     uint64 // partial replies that were sent to clients
	Replies      uint64 // final replies that were sent to clients
	Management   uint64 // requests to MMI services, which are not in Requests
	Redispatched uint64 // requests that were sent to another worker after theirs was lost or had left
	WorkersLost  uint64 // registered workers that disconnected without DISCONNECT or sent no heartbeat

	Services int // services with a worker or a queued request
	Workers  int // registered workers
	Queued   int // requests that wait for a worker
	InFlight int // requests that a worker has
	Bytes    int // size of the messages of these requests

	Drops map[DropReason]uint64 // discarded messages; only counters that are not zero
}

// ServiceInfo describes a service of a broker.
type ServiceInfo struct {
	Name     string
	Workers  int // registered workers
	Free     int // of these, workers that can get another request
	Queued   int // requests that wait for a worker
	InFlight int // requests that a worker has
}

// snapshot returns the counters.
func (c *core) snapshot() BrokerStats {
	s := c.stats
	s.Services, s.Workers = len(c.services), c.workers.n
	s.Queued, s.InFlight, s.Bytes = c.queued, c.inFlight, c.bytes
	s.Drops = make(map[DropReason]uint64)
	for r, n := range c.drops {
		if n > 0 {
			s.Drops[DropReason(r)] = n
		}
	}
	return s
}

// list describes the services, sorted by name.
func (c *core) list() []ServiceInfo {
	infos := make([]ServiceInfo, 0, len(c.services))
	for name, s := range c.services {
		infos = append(infos, ServiceInfo{name, s.workers, s.free.n, s.queue.n, s.inFlight})
	}
	slices.SortFunc(infos, func(a, b ServiceInfo) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return infos
}
