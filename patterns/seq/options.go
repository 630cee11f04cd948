package seq

import (
	"fmt"
	"slices"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// Start says with which message a [Subscriber] begins.
type Start uint8

const (
	StartLive   Start = iota // the first message that arrives
	StartOldest              // the oldest message that can be replayed
)

// String returns the name of the value, such as "oldest".
func (s Start) String() string {
	names := [...]string{"live", "oldest"}
	if int(s) >= len(names) {
		return "unknown"
	}
	return names[s]
}

// SubscriberOptions configure a [Subscriber]. The zero value of each field is its default.
type SubscriberOptions struct {
	// Socket has options for the SUB and DEALER sockets, such as security and logging.
	// Only options that both types have may be set. Default none.
	Socket *zmq.Options

	// Topics are the prefixes to subscribe to. Default one that is empty: all topics.
	Topics []string

	// Start says with which message of a publisher the subscriber begins. Default
	// [StartLive].
	Start Start

	// MaxPublishers bounds the publishers that are known at a time. Default 1024.
	MaxPublishers int

	// MaxPending and MaxPendingBytes bound the messages of one publisher that wait until
	// a gap before them is filled, in number and bytes of payload. Above them the gap
	// is lost ([LossOverflow]). Defaults 10000 and 64 MiB.
	MaxPending, MaxPendingBytes int

	// ReplayTimeout bounds how long a replay may make no progress before it is requested
	// again, and ReplayAttempts how often in a row that happens before the messages
	// are lost ([LossTimeout]). Defaults 1 s and 3.
	ReplayTimeout  time.Duration
	ReplayAttempts int

	// ProbeInterval is how long a publisher may be silent before a replay is requested to
	// find out whether messages at the end of the stream were missed. Default none.
	ProbeInterval time.Duration

	// Sockets is a registry to which the sockets are added. Default none.
	Sockets *zmqstat.Registry
}

func (o *SubscriberOptions) withDefaults() (SubscriberOptions, error) {
	var c SubscriberOptions
	if o != nil {
		c = *o
	}
	if min(c.MaxPublishers, c.MaxPending, c.MaxPendingBytes, c.ReplayAttempts) < 0 ||
		min(c.ReplayTimeout, c.ProbeInterval) < 0 || c.Start > StartOldest {
		return c, fmt.Errorf("seq: negative limit or unknown start: %w", ErrInvalidOption)
	}
	c.Topics = slices.Clone(c.Topics)
	if len(c.Topics) == 0 {
		c.Topics = []string{""}
	}
	setDefault(&c.MaxPublishers, 1024)
	setDefault(&c.MaxPending, 10_000)
	setDefault(&c.MaxPendingBytes, 64<<20)
	setDefault(&c.ReplayTimeout, time.Second)
	setDefault(&c.ReplayAttempts, 3)
	return c, nil
}

// limits returns the settings of a tracker.
func (o *SubscriberOptions) limits(canReplay bool) limits {
	return limits{
		maxPending: o.MaxPending, maxPendingBytes: o.MaxPendingBytes, timeout: o.ReplayTimeout,
		attempts: o.ReplayAttempts, probe: o.ProbeInterval, oldest: o.Start == StartOldest, canReplay: canReplay,
	}
}

// Message is a numbered message.
type Message struct {
	Publisher string // endpoint of Connect, or for a publisher that connected its topic and address
	Topic     string
	Number    uint64 // sequence number
	Payload   []byte // belongs to the caller
	Replayed  bool   // it was received from the replay endpoint
}

// SubscriberStats are the counters of a [Subscriber]. They are the sums for all publishers,
// including former ones.
type SubscriberStats struct {
	Publishers     int    // known now
	Pending        int    // messages that wait until a gap is filled
	Delivered      uint64 // messages delivered, including recovered ones
	Recovered      uint64 // messages delivered from a replay
	Gaps           uint64 // gaps detected
	Lost           uint64 // messages reported by a LostError
	Restarts       uint64 // restarts reported by a RestartedError
	Duplicates     uint64 // messages dropped because they had been delivered from a replay
	Requests       uint64 // replay requests
	ReplayTimeouts uint64 // replays without progress for ReplayTimeout
	Malformed      uint64 // messages dropped because they have another form than the protocol's
	Refused        uint64 // messages of further publishers, dropped because of MaxPublishers
}
