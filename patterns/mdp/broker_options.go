package mdp

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// BrokerOptions configure a broker. In every field the zero value is the default, and
// negative values are errors that match [zmq.ErrInvalidOption]. [zmq.Unlimited] removes a
// limit.
type BrokerOptions struct {
	// Socket are the options of the ROUTER: security, limits, logging and so on. The
	// broker sets Router.Notify and its property X-MDP-Envelope. SendHWM is by default
	// 100,000, because a reply is dropped if the queue of its client is full. Default nil.
	Socket *zmq.Options

	// Heartbeat is the interval at which a worker gets a HEARTBEAT if nothing else was
	// sent to it. All participants should use similar values. Default 2.5 s.
	Heartbeat time.Duration

	// Liveness is the number of intervals after which a worker that has sent nothing
	// counts as disconnected. Default 4. A worker whose connection has ended is
	// removed at once.
	Liveness int

	// RequestTimeout is how long a request waits for a worker until it is dropped.
	// Default 60 s; [zmq.Forever] for no bound.
	RequestTimeout time.Duration

	// Redispatch is how many times a request is sent to another worker after its worker
	// was lost, which may have executed it. Default 0: it is dropped. A request that
	// has a partial reply is always dropped. A request that its worker has not begun
	// (X-MDP-Concurrency) is always sent to another one.
	Redispatch int

	// MaxWorkers bounds the registered workers. Default 10,000.
	MaxWorkers int

	// MaxConcurrency bounds how many requests one worker may have at a time, of those that
	// announce X-MDP-Concurrency. Default 1000.
	MaxConcurrency int

	// MaxServices bounds the services without a worker, which have only queued requests.
	// Default 1000.
	MaxServices int

	// MaxRequests and MaxRequestBytes bound the requests that are queued or that workers
	// have, of all clients, in number and bytes. MaxRequestsPerClient bounds the number
	// of one connection. Requests above a limit are dropped. Their memory may be about
	// four times as large as their bytes. Defaults 100,000, 256 MiB and 50,000.
	MaxRequests, MaxRequestBytes, MaxRequestsPerClient int

	// Sockets is a registry to which the ROUTER is added as "mdp broker". Default none.
	Sockets *zmqstat.Registry
}

// defaults are the defaults of the intervals of brokers and workers.
const (
	defaultHeartbeat = 2500 * time.Millisecond
	defaultLiveness  = 4
	defaultSendHWM   = 100_000
)

// config returns the options with their defaults applied.
func (o *BrokerOptions) config(socket *zmq.Options) (coreConfig, error) {
	for name, v := range map[string]int64{
		"Heartbeat": int64(o.Heartbeat), "Liveness": int64(o.Liveness), "RequestTimeout": int64(o.RequestTimeout),
		"Redispatch": int64(o.Redispatch), "MaxWorkers": int64(o.MaxWorkers), "MaxConcurrency": int64(o.MaxConcurrency),
		"MaxServices": int64(o.MaxServices), "MaxRequests": int64(o.MaxRequests),
		"MaxRequestBytes": int64(o.MaxRequestBytes), "MaxRequestsPerClient": int64(o.MaxRequestsPerClient),
	} {
		if v < 0 {
			return coreConfig{}, negative(name, v)
		}
	}
	c := coreConfig{
		heartbeat:         cmp.Or(o.Heartbeat, defaultHeartbeat),
		requestTimeout:    cmp.Or(o.RequestTimeout, time.Minute),
		redispatch:        o.Redispatch,
		maxServices:       cmp.Or(o.MaxServices, 1000),
		maxWorkers:        cmp.Or(o.MaxWorkers, 10_000),
		maxConcurrency:    min(cmp.Or(o.MaxConcurrency, 1000), socket.SendHWM),
		maxRequests:       cmp.Or(o.MaxRequests, 100_000),
		maxRequestBytes:   cmp.Or(o.MaxRequestBytes, 256<<20),
		requestsPerClient: cmp.Or(o.MaxRequestsPerClient, 50_000),
		maxFrames:         max(1, cmp.Or(socket.Limits.MaxMessageFrames, 1<<16)-extraFrames),
		maxSize:           max(1, int(min(cmp.Or(socket.Limits.MaxMessageSize, 256<<20), zmq.Unlimited))-extraSize),
		concurrency:       announcedConcurrency,
	}
	c.workerTimeout = multiple(c.heartbeat, cmp.Or(o.Liveness, defaultLiveness))
	return c, nil
}

// socketOptions returns the options of the ROUTER.
func (o *BrokerOptions) socketOptions() *zmq.Options {
	s := withProperty(o.Socket, propertyEnvelope, "1")
	s.Router.Notify |= zmq.RouterNotifyDisconnect
	s.SendHWM = cmp.Or(s.SendHWM, defaultSendHWM)
	return s
}

// withProperty returns a copy of the options with a property for the peers.
func withProperty(o *zmq.Options, name, value string) *zmq.Options {
	var s zmq.Options
	if o != nil {
		s = *o
	}
	properties := map[string]string{name: value}
	for k, v := range s.Metadata {
		properties[k] = v
	}
	s.Metadata = properties
	return &s
}

// announcedConcurrency returns the X-MDP-Concurrency of the peer that sent a message, 0 if it
// has none.
func announcedConcurrency(m zmq.Message) int {
	value, _ := m.From().Property(propertyConcurrency)
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// multiple returns n times d, without overflow.
func multiple(d time.Duration, n int) time.Duration {
	if d > zmq.Forever/time.Duration(n) {
		return zmq.Forever
	}
	return d * time.Duration(n)
}

// negative is the error of an option that is negative.
func negative(name string, v int64) error {
	return fmt.Errorf("%w: %s is %d", zmq.ErrInvalidOption, name, v)
}
