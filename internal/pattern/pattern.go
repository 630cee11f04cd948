// Package pattern implements the rules of each socket type.
//
// Each socket type has a file of its own. The types share strategies: load
// balancing ([Balancer]), fair queueing ([FairQueue]), distribution to
// subscribers ([Publisher]), routing by ID ([IDRouter]), and the request-reply
// state machines ([Lockstep]). A pattern sends and receives through pipes. It
// does no I/O, starts no goroutines and has no locks of its own: the socket
// calls it under the locks of the socket.
//
// # Locks
//
// A socket has a receive lock and a send lock. A caller that needs both takes
// the receive lock first. The documentation of each method says under which
// locks it runs. The send lock also guards the queues that the socket writes
// to, so a pattern may call them while it is held.
package pattern

import (
	"errors"
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Errors that Send and Recv return.
var (
	// ErrWouldBlock is returned when a call would block. The caller may try again
	// when a pipe has room or a message arrives.
	ErrWouldBlock = errors.New("operation would block")
	// ErrYield is returned by Recv when it has dropped as many unwanted
	// messages as it may in one call. The caller releases the lock and calls
	// again.
	ErrYield = errors.New("unwanted messages dropped")
	// ErrNoRoute is returned when no peer has the routing ID of the message.
	ErrNoRoute = errors.New("no route to peer")
	// ErrInvalidState is returned when a request-reply exchange does not allow the
	// call in its current state.
	ErrInvalidState = errors.New("operation not allowed in this state")
	// ErrInvalidMessage is returned for a message that the socket type cannot send.
	ErrInvalidMessage = errors.New("message not allowed on this socket type")
	// errOneFrame is the ErrInvalidMessage of types whose messages have one frame.
	errOneFrame = fmt.Errorf("%w: it sends messages of one frame", ErrInvalidMessage)
	// ErrInvalidGroup is returned for an invalid name of a group, for joining a group
	// that is joined, and for leaving one that is not.
	ErrInvalidGroup = errors.New("group cannot be used")
	// ErrMessageTooLarge is returned for a message that exceeds the limits of its
	// transport or of its socket.
	ErrMessageTooLarge = errors.New("message too large")
)

// Reasons for which Attach, Connected or ProcessMessage refuse a peer.
var (
	// ErrPeerExists is returned when a PAIR already has a peer.
	ErrPeerExists = errors.New("socket has a peer already")
	// ErrAlreadyBound is returned when a DGRAM already has an endpoint.
	ErrAlreadyBound = errors.New("socket is bound already")
	// ErrDuplicateRoutingID is returned when another peer has the routing ID.
	ErrDuplicateRoutingID = errors.New("routing ID in use")
	// ErrHandover is returned when another peer has taken over the routing ID.
	ErrHandover = errors.New("routing ID taken over by another peer")
	// ErrTooManySubscriptions is returned when a peer has more subscriptions than the limits
	// allow.
	ErrTooManySubscriptions = errors.New("too many subscriptions")
)

// Pattern is implemented by every socket type. All methods run under both locks
// and take no messages from queues.
type Pattern interface {
	// Attach adds a pipe. Messages may be queued to it before a peer is
	// connected. An error refuses the pipe.
	Attach(p *pipe.Pipe) error
	// Connected reports the peer at the far end of a pipe, before any of its
	// messages arrives. An error refuses the peer.
	Connected(p *pipe.Pipe, peer *msg.Peer) error
	// Disconnected reports that the connection of a pipe has ended. Messages
	// already received stay in the pipe, and the pipe stays attached.
	Disconnected(p *pipe.Pipe)
	// Detach removes a pipe: nothing more is sent to it. Messages already
	// received are still returned.
	Detach(p *pipe.Pipe)
}

// Sender is a pattern that sends. Its methods run under the send lock.
type Sender interface {
	// Send queues m. If it returns an error, it has changed nothing.
	Send(m msg.Msg) error
	// Room reports that a pipe whose Out was full has room.
	Room(p *pipe.Pipe)
}

// Receiver is a pattern that receives. Its methods run under the receive lock.
type Receiver interface {
	// Recv takes the next message into m. It drops unwanted messages, and
	// returns ErrYield after a bounded number of them.
	Recv(m *msg.Msg) error
	// Wake reports that a pipe whose In was empty has messages, or that In has
	// ended.
	Wake(p *pipe.Pipe)
	// More reports whether there may be another message.
	More() bool
}

// Balanced is a pattern that passes each message of one frame to its Balancer
// and does nothing else. The socket then uses the Balancer directly, which
// saves two calls through interfaces for most messages.
type Balanced interface{ Balance() *Balancer }

// Fair is a pattern whose Recv only takes the next message of its FairQueue. The
// socket then calls the FairQueue directly.
type Fair interface{ Fair() *FairQueue }

// IDRouter is a pattern that sends to a peer by its routing ID, under the send
// lock.
type IDRouter interface {
	SendTo(id string, m msg.Msg) error
}

// Displacer is a pattern that refuses a peer while another peer has its routing
// ID or, if the pattern has one peer only, is that peer. Its methods run under
// both locks.
type Displacer interface {
	// Holder returns the pipe because of which the peer at p is refused, or
	// nil. peer is nil if p is not attached yet.
	Holder(p *pipe.Pipe, peer *msg.Peer) *pipe.Pipe
	// Displace releases the routing ID of a pipe, or removes the only pipe,
	// whose peer has disconnected but whose connection has not ended yet.
	// Messages that are still in the pipe are received before those of the next
	// peer with the same routing ID.
	Displace(p *pipe.Pipe)
}

// Publisher is a pattern whose peers subscribe. Its methods run under the send
// lock.
type Publisher interface {
	// ProcessMessage processes a message from a connection. It is called in the
	// order of arrival. It applies subscriptions, and queues the messages and
	// subscription changes that the application receives (XPUB). queued reports
	// whether it queued any. An error closes the connection.
	ProcessMessage(p *pipe.Pipe, m *msg.Msg) (queued bool, err error)
	// SetSubscription adds or removes one subscription of a peer in this
	// process. queued reports whether it queued a message about it.
	SetSubscription(p *pipe.Pipe, topic string, on bool) (queued bool)
	// RemoveSubscriptions removes a bounded number of the subscriptions of a
	// peer, so that a peer with many does not block senders for long. It
	// reports whether there are more. The caller repeats it until it returns
	// false, and then calls Disconnected or Detach. A pipe that is Retired gets
	// no message from the first call on.
	RemoveSubscriptions(p *pipe.Pipe) (more bool)
	// Subscribers returns the number of peers that would get a message with this
	// first frame. It does not count peers that are Changing: a caller that waits
	// for one of several subscriptions that arrived together relies on all of
	// them.
	Subscribers(topic []byte) int
	// Subscriptions returns the number of topics or groups of a peer, and
	// TopicCount that of the distinct ones of all peers. They run under the send
	// lock.
	Subscriptions(p *pipe.Pipe) int
	TopicCount() int
}

// Prefetcher is a pattern that can prepare for messages that are sent next, with the
// time that the first ones take. It has no other effect, and runs under the send lock.
type Prefetcher interface {
	// Prefetch prepares for the first n messages, at least one.
	Prefetch(msgs []msg.Msg) (n int)
}

// Inspector is a pattern that checks each message before it is queued. An error
// closes the connection, because no peer of the right type sends such a
// message. It runs under no lock.
type Inspector interface {
	Inspect(m *msg.Msg) error
}

// Filter is a pattern whose Recv drops the messages that the socket has not
// subscribed to.
type Filter interface {
	// Wants reports whether the socket subscribes to m, under the receive lock
	// or the send lock.
	Wants(m *msg.Msg) bool
}

// Lockstep is a pattern whose sending and receiving depend on each other, as
// requests and replies do. Its Send runs under both locks. Its Recv runs under
// the receive lock, which guards the state that the two directions share.
type Lockstep interface {
	// ProcessInput processes the messages that have arrived. It runs under the
	// receive lock alone, before each method that runs under both locks. Under
	// the send lock a pattern must not read from a queue, because that takes
	// the send lock of a peer in the same process.
	ProcessInput()
	// SendDiscardsPartialRecv reports whether a message may be begun, frame by
	// frame, while the last received message has been returned only in part.
	// The remaining frames are then dropped.
	SendDiscardsPartialRecv() bool
}

// Subscriber is a pattern that subscribes.
type Subscriber interface {
	// Subscribe adds or removes a subscription, under both locks. It reports
	// whether the socket has to send the change to the peers.
	Subscribe(topic string, on bool) (changed bool)
	// Topics calls f for each topic that a new peer has to receive, under the
	// send lock.
	Topics(f func(topic string))
	// TopicCount returns the number of these topics, under the send lock.
	TopicCount() int
	// Pipes calls f for each attached pipe, under the send lock.
	Pipes(f func(p *pipe.Pipe))
}

// base has the methods of a pattern that does not track connections.
type base struct{}

func (base) Connected(*pipe.Pipe, *msg.Peer) error { return nil }
func (base) Disconnected(*pipe.Pipe)               {}
