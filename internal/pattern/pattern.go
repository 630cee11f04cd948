// Package pattern holds the rules of each socket type, one small file each,
// over shared strategies: load balancing, fair queueing, distribution by
// prefix, routing by id, and the request-reply state machines. A pattern knows
// nothing of bytes on a wire, networks or goroutines, and holds no lock: the
// socket calls it under its own.
//
// # Locks
//
// A socket has two: one for receiving, one for sending, taken in this order
// when both are needed. Every method says which it runs under. The queues that
// a socket writes to are guarded by its send lock, so a pattern may ask them
// anything while it has that.
package pattern

import (
	"errors"
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Results of Send and Recv that are not success.
var (
	// ErrWouldBlock: not now. The call may be tried again when a pipe gets room or
	// a message arrives.
	ErrWouldBlock = errors.New("not now")
	// ErrYield: Recv has dropped as many unwanted messages as it may while it
	// has the lock, and there may be others. The caller releases the lock and
	// calls again.
	ErrYield = errors.New("unwanted messages dropped")
	// ErrNoRoute: the message names a peer that there is not.
	ErrNoRoute = errors.New("no route to peer")
	// ErrInvalidState: it is not this call's turn in a request-reply exchange.
	ErrInvalidState = errors.New("operation not allowed in this state")
	// ErrInvalidMessage: the message is not one this socket type can send.
	ErrInvalidMessage = errors.New("message not allowed on this socket type")
	// errOneFrame is ErrInvalidMessage of the types that send single frames.
	errOneFrame = fmt.Errorf("%w: it sends messages of one frame", ErrInvalidMessage)
	// ErrInvalidGroup: the text is no name of a group, or the group cannot be joined
	// or left for it is, or is not, joined.
	ErrInvalidGroup = errors.New("group cannot be used")
	// ErrMessageTooLarge: the message is larger than what it would travel in, or than the
	// limits of its socket.
	ErrMessageTooLarge = errors.New("message too large")
)

// Why a peer is refused, by Attach, Connected or Intake.
var (
	// ErrPeerExists: a PAIR has its one peer.
	ErrPeerExists = errors.New("socket has a peer already")
	// ErrAlreadyBound: a DGRAM has its one endpoint.
	ErrAlreadyBound = errors.New("socket is bound already")
	// ErrDuplicateRoutingID: another peer has this routing id.
	ErrDuplicateRoutingID = errors.New("routing id in use")
	// ErrHandover: another peer has taken over the routing id.
	ErrHandover = errors.New("routing id taken over by another peer")
	// ErrTooManySubscriptions: the peer subscribes to more than the limits allow.
	ErrTooManySubscriptions = errors.New("too many subscriptions")
)

// Pattern is what every socket type does about its peers. All methods run
// under both locks and read nothing.
type Pattern interface {
	// Attach makes a pipe known. Messages may be queued to it although nobody
	// may be connected yet. An error refuses it.
	Attach(p *pipe.Pipe) error
	// Connected says who is at the far end of a pipe now, before anything of
	// theirs arrives. An error refuses them.
	Connected(p *pipe.Pipe, peer *msg.Peer) error
	// Disconnected says that nobody is at the far end any more. What they sent
	// before is still in the pipe, and the pipe stays.
	Disconnected(p *pipe.Pipe)
	// Detach forgets a pipe: nothing more is sent to it. What it has received
	// is still read.
	Detach(p *pipe.Pipe)
}

// Sender is a pattern that sends. Its methods run under the send lock.
type Sender interface {
	// Send queues m, or says why not: then it has done nothing.
	Send(m msg.Msg) error
	// Room says that a pipe whose Out was full is not any more.
	Room(p *pipe.Pipe)
}

// Receiver is a pattern that receives. Its methods run under the receive lock.
type Receiver interface {
	// Recv takes the next message into m, or says why not. It drops a bounded
	// number of messages that are not wanted, and then returns ErrYield.
	Recv(m *msg.Msg) error
	// Ready says that a pipe whose In was empty is not any more, or has ended.
	Ready(p *pipe.Pipe)
	// More reports whether another Recv would find something.
	More() bool
}

// Balanced is a pattern whose Send is nothing but its balancer for a message of
// one frame, so that the path of most messages need not go through two
// interfaces.
type Balanced interface{ Balance() *Balancer }

// Fair is a pattern whose Recv is nothing but its fair queue.
type Fair interface{ Fair() *FairQueue }

// IDRouter is a pattern that sends to a peer by its routing ID, under the send
// lock.
type IDRouter interface {
	SendTo(id string, m msg.Msg) error
}

// Displacer is a pattern in which a peer is refused while another has its
// place: a routing ID, or the only place there is. Its methods run under both
// locks.
type Displacer interface {
	// Holder returns the pipe for which the peer at p is refused, or nil. peer
	// is nil if p is not attached yet.
	Holder(p *pipe.Pipe, peer *msg.Peer) *pipe.Pipe
	// Displace makes the place of a pipe free whose peer has gone, although its
	// connection has not ended. What is still to be received from it is received
	// before anything of its successor under the same routing ID.
	Displace(p *pipe.Pipe)
}

// Publisher is a pattern whose peers subscribe. Its methods run under the send
// lock.
type Publisher interface {
	// Intake processes a message from a connection, in the order of arrival. It
	// applies subscriptions, and queues for Recv what Recv returns of them. It
	// reports whether it queued anything. An error closes the connection.
	Intake(p *pipe.Pipe, m *msg.Msg) (queued bool, err error)
	// Upstream is Intake for one subscription of a peer in this process.
	Upstream(p *pipe.Pipe, topic string, on bool) (queued bool)
	// RemoveSubscriptions removes a bounded number of the subscriptions of a
	// peer, so that a peer with many does not block senders for long. It reports
	// whether there are more. Disconnected is called when there are none.
	RemoveSubscriptions(p *pipe.Pipe) (more bool)
	// Subscribers returns the number of peers that would get a message with this
	// first frame. It does not count peers that are Changing: a caller that waits
	// for one of several subscriptions that arrived together relies on all of
	// them.
	Subscribers(topic []byte) int
}

// Inspector is a pattern that refuses messages that no peer of its type sends:
// an error closes the connection. It runs under no lock.
type Inspector interface {
	Inspect(m *msg.Msg) error
}

// Lockstep is a pattern whose two directions depend on each other. Its Send
// runs under both locks, and Recv, as always, under the receive lock, which
// guards all that the two share.
type Lockstep interface {
	// ProcessInput takes in what has arrived. It runs under the receive lock alone,
	// before anything that runs under both: under the send lock a pattern must
	// not read, for that takes the send lock of a peer in the same process.
	ProcessInput()
	// SendDiscardsPartialRecv reports whether a message may be begun, frame by frame, while
	// the application has read the last one only in part. The rest of that is
	// then dropped.
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
	// Pipes calls f for each attached pipe, under the send lock.
	Pipes(f func(p *pipe.Pipe))
}

// base is what most patterns do about their peers: nothing.
type base struct{}

func (base) Connected(*pipe.Pipe, *msg.Peer) error { return nil }
func (base) Disconnected(*pipe.Pipe)               {}
