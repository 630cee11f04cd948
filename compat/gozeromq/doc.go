// Package zmq4 has the API of github.com/go-zeromq/zmq4, version 0.17, over the sockets
// of [github.com/zerobroker/zmq]. A program uses it with another import:
//
//	import zmq4 "github.com/zerobroker/zmq/compat/gozeromq"
//
// and likewise for the packages security/null, security/plain and transport. It is meant
// for programs that were written for that library. New ones should use
// [github.com/zerobroker/zmq] itself, whose sockets have contexts, statistics, CURVE and
// more options.
//
// # Promise
//
// Messages are delivered at most once, as with the sockets of ZeroMQ.
//
// # Differences
//
// Connections:
//
//   - Dial returns when the connection is complete, or after the retries. After that the
//     socket connects again by itself, with and without [WithAutomaticReconnect], to all
//     endpoints that were dialed.
//   - The delay of [WithDialerRetry] varies at random by half.
//   - A lost connection is no error of Recv.
//   - Listen may be called several times; Addr is the address of the last call.
//   - Close waits for up to a second until messages are written, and returns an error if
//     they were not.
//
// Sockets:
//
//   - Without [WithID] a socket announces no identity, and ROUTER sockets assign one of
//     five bytes. Only REQ, DEALER and ROUTER announce one.
//   - A PUSH, DEALER, REQ or PAIR without a connected peer waits in Send, as all of them
//     do when the queues are full. The queues have 1000 messages.
//   - A PUB or XPUB drops messages for a subscriber whose queue is full.
//   - A REQ and a REP send and receive in turn; out of turn they return an error.
//   - A SUB cannot send: Send returns an error. SetOption subscribes.
//   - Topics of an XPUB has the subscriptions that Recv has returned.
//   - SetOption sets [OptionHWM] for all types, and returns [ErrBadProperty] for an
//     option that it does not know. GetOption returns what SetOption was given.
//   - Nothing is logged without [WithLogger].
//
// Security:
//
//   - Only the mechanisms of the packages null and plain can be used. Listen and Dial
//     return an error for others.
//   - A PLAIN socket that listens accepts the user and the password that it was given,
//     and no others. The original accepts all.
//   - Conn has no methods, and there is no Open, because connections belong to the
//     sockets. Security.Handshake is not called.
//
// Transports:
//
//   - A socket has the transports that are registered when it is made.
//   - udp is registered, as in the original, and cannot be dialed.
//
// Proxy:
//
//   - It forwards between the sockets of this package only, also without a pause in
//     which messages are lost: what it cannot send stays in the queues.
//   - Pause and Resume have an effect. Stats does nothing, as in the original.
//
// The sockets of the original that use libzmq by cgo (NewCPub and so on) do not exist.
package zmq4
