// Package zmq is ZeroMQ in pure Go: sockets that carry whole messages, with no
// broker, between goroutines, processes and machines. It speaks ZMTP 3.1, 3.0,
// 2.0 and 1.0, the protocol of libzmq and of every other ZeroMQ, and needs no
// cgo.
//
// # A first look
//
// A socket has a type, which says what it does with messages. One side binds
// an endpoint, the other connects to it; which is which, and who is there
// first, does not matter. Here a PUSH hands out work and a PULL does it:
//
//	pull, err := zmq.NewPull(nil) // nil options are all defaults
//	defer pull.Close()
//	endpoint, err := pull.Bind("tcp://127.0.0.1:*")
//
//	push, err := zmq.NewPush(nil)
//	defer push.Close()           // waits until all is written, up to Options.Linger
//	err = push.Connect(endpoint) // returns at once, reconnects for ever
//	err = push.Send(ctx, []byte("work"))
//
//	for m, err := range pull.Messages(ctx) {
//		if err != nil { // ctx has ended or pull is closed
//			return err
//		}
//		...
//	}
//
// # Socket types
//
//	[Push], [Pull]      hand messages out to workers in turn
//	[Pub], [Sub]        publish to whoever subscribes to a prefix
//	[XPub], [XSub]      the same, with the subscriptions as messages: for proxies
//	[Req], [Rep]        request and reply
//	[Dealer], [Router]  requests and replies without lockstep; routing by id
//	[Pair]              exactly two sockets
//	[Stream]            bytes to and from plain TCP connections
//	[Client], [Server]  messages of one frame both ways; routing by number
//	[Peer]              the same between equals
//	[Radio], [Dish]     send to all who have joined a group
//	[Scatter], [Gather] PUSH and PULL for messages of one frame
//	[Channel]           PAIR for messages of one frame
//	[Dgram]             plain UDP datagrams
//
// What a type cannot do with messages it has no method for. The methods that
// several types share are those of structs that they embed: [Socket], [Connector],
// [Sender], [Receiver] and so on, which are also the types of parameters for code
// that works with several types. Those from Client on are
// drafts in libzmq, so that a peer that uses it needs a build with them.
//
// # Endpoints
//
//	tcp://host:port       TCP; * for every interface, or for any free port
//	ipc:///path           a Unix-domain socket; ipc://* makes a path up,
//	                      ipc://@name is abstract (Linux)
//	inproc://name         within this program, in a [Namespace]
//	udp://host:port       UDP, for DISH and DGRAM to bind and RADIO to connect;
//	                      udp://group:port and udp://interface;group:port are
//	                      multicast
//
// A socket may bind and connect to any number of endpoints, at any time. Bind
// returns the real endpoint.
//
// # Messages
//
// A [Message] has one or more frames, which travel together: it arrives whole
// or not at all. Send copies its frames; SendMessage takes a message over.
// What Recv returns is the caller's, and knows its sender ([Message.Peer]).
//
// # Waiting
//
// Calls that can wait take a context. When it ends they return its error, and
// nothing was sent or received, except by [Req.Do], whose request may have been
// written by then. The Try variants do not wait. Each direction of each connection has
// a queue with a high-water mark ([Options.SendHWM], [Options.RecvHWM]); what a
// socket does when it is full is said with its type. An endpoint that was given
// to Connect has its queue from then on, whoever is there: what is sent waits in
// it for the connection. Use WaitConnected to see a peer first.
//
// Sent means queued. Close waits for the queues to be written, at most
// [Options.Linger]; [Socket.Shutdown] says how much was not.
//
// # Who is there
//
// WaitConnected waits for a peer. [Subscriber.WaitSubscribed] waits until a publisher knows the
// subscriptions, and [Publisher.WaitSubscribers] until somebody subscribes: between
// them no publisher needs to sleep before its first message.
//
// What happens to peers never fails a call. It is told by Events, counted by
// Stats, and logged to [Options.Logger]. Every message that a socket has accepted,
// by Send or from the network, and then lost is counted under a [DropReason]. A
// message that is written to the network is out of its hands: what is under way
// when a peer goes away is lost without anybody knowing, as with any protocol
// that has no acknowledgements. A message that a publisher has no subscriber
// for is not lost but not wanted.
//
// # Errors
//
// Calls fail with an [*OpError] around one of the errors of this package, the
// system's, or the context's own. A closed socket gives [ErrClosed], which is
// net.ErrClosed too.
//
// # Concurrency
//
// All methods of all sockets may be called from any goroutines at once, Close
// included. A message is one unit also then. Closing a socket ends every call
// on it and all of its goroutines.
//
// # Coming from libzmq
//
// docs/LIBZMQ.md in the repository has every call, option and error of libzmq,
// and what it is here. The comments of [Options] name libzmq's in brackets.
package zmq
