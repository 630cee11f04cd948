package session

import (
	"sync"

	"github.com/zerobroker/zmq/internal/endpoint"
)

// base is what all sessions have in common.
type base struct {
	cfg      *Config // for all but security
	endpoint string
	life     *endpoint.Lifetime
	mu       sync.Mutex // guards the fields of the session that are marked so
}

// Endpoint returns the bound endpoint, with the actual address and port, or the
// text that was given to Connect.
func (b *base) Endpoint() string { return b.endpoint }

// Ended reports whether the session has ended, with all its connections.
func (b *base) Ended() bool { return b.life.State() == endpoint.Closed }

// Status describes the endpoint.
func (b *base) Status() endpoint.Status { return b.life.Status() }
