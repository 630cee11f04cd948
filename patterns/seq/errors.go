package seq

import (
	"errors"
	"fmt"

	"github.com/zerobroker/zmq"
)

var (
	// ErrClosed is returned by calls on a closed Publisher or Subscriber. It is
	// [zmq.ErrClosed].
	ErrClosed = zmq.ErrClosed
	// ErrEmptyPayload is returned by [Publisher.Publish] for an empty payload, which
	// would mean the end of a replay.
	ErrEmptyPayload = errors.New("seq: empty payload")
	// ErrTooManyPublishers is returned by [Subscriber.Connect] if
	// [SubscriberOptions.MaxPublishers] are known already.
	ErrTooManyPublishers = errors.New("seq: too many publishers")
	// ErrNotConnected is returned by [Subscriber.Disconnect] for an endpoint that was
	// not connected.
	ErrNotConnected = errors.New("seq: endpoint is not connected")
	// ErrConnected is returned by [Subscriber.Connect] for an endpoint that is connected
	// already.
	ErrConnected = errors.New("seq: endpoint is connected already")
	// ErrBusy is the error of [Subscriber.Messages] while another loop is running.
	ErrBusy = errors.New("seq: another loop reads the subscriber")
	// ErrInvalidOption is matched by the error of a constructor for a negative limit.
	// It is [zmq.ErrInvalidOption].
	ErrInvalidOption = zmq.ErrInvalidOption
)

// LossReason is the reason for which messages could not be recovered.
type LossReason uint8

const (
	LossNoReplay  LossReason = iota // the publisher has no replay endpoint
	LossExpired                     // the publisher no longer has them in its buffer
	LossTimeout                     // the replay endpoint did not answer
	LossOverflow                    // too many later messages were waiting for the recovery
	LossRestarted                   // the publisher restarted before they were recovered
)

// String returns the name of the reason, such as "expired".
func (r LossReason) String() string {
	names := [...]string{"no_replay", "expired", "timeout", "overflow", "restarted"}
	if int(r) >= len(names) {
		return "unknown"
	}
	return names[r]
}

// LostError reports messages that were not delivered and will not be. It does not end
// [Subscriber.Messages].
type LostError struct {
	Publisher   string // as in [Message]
	Topic       string // topic of the publisher, empty if no message has been received
	First, Last uint64 // numbers of the missing messages, both inclusive
	Reason      LossReason
}

// Error describes the missing range.
func (e *LostError) Error() string {
	return fmt.Sprintf("seq: messages %d to %d of %s are lost: %s", e.First, e.Last, e.Publisher, e.Reason)
}

// RestartedError reports that a publisher has started again: the messages that follow
// are numbered from 0, and state that was derived from earlier messages may be obsolete.
// Messages that the previous instance published after the last one delivered are lost,
// and their number is unknown. It does not end [Subscriber.Messages].
type RestartedError struct {
	Publisher string // as in [Message]
	Topic     string
	Next      uint64 // number of the next message that the previous instance would have had
}

// Error describes the restart.
func (e *RestartedError) Error() string {
	return fmt.Sprintf("seq: publisher %s has restarted after message %d", e.Publisher, int64(e.Next)-1)
}
