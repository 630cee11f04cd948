// Package zmq implements ZeroMQ in Go: sockets that exchange messages between
// goroutines, processes and machines, without a broker and without cgo. It
// implements ZMTP 3.1, 3.0, 2.0 and 1.0, so that its sockets communicate with those
// of libzmq and of other implementations.
//
// # First steps
//
// Each socket type is a Go type. One socket binds an endpoint, others connect to
// it; which of the two does so, and which is first, makes no difference. Here a
// PUSH distributes work to a PULL:
//
//	pull, err := zmq.NewPull(nil) // nil options are all defaults
//	defer pull.Close()
//	endpoint, err := pull.Bind("tcp://127.0.0.1:*")
//
//	push, err := zmq.NewPush(nil)
//	defer push.Close()           // waits for unsent messages, up to Options.Linger
//	err = push.Connect(endpoint) // returns at once, connects in the background
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
//	[Push], [Pull]      distribute messages among workers
//	[Pub], [Sub]        publish messages to the subscribers of a prefix
//	[XPub], [XSub]      the same, with subscriptions as messages, for proxies
//	[Req], [Rep]        request and reply
//	[Dealer], [Router]  concurrent requests and replies, routing by ID
//	[Pair]              two sockets exclusively
//	[Stream]            bytes to and from TCP connections
//	[Client], [Server]  messages of one frame in both directions, routing by number
//	[Peer]              the same between equal sockets
//	[Radio], [Dish]     send to the members of a group
//	[Scatter], [Gather] PUSH and PULL for messages of one frame
//	[Channel]           PAIR for messages of one frame
//	[Dgram]             UDP datagrams
//
// The types from Client on are drafts in libzmq: a peer that uses libzmq needs a
// build with drafts.
//
// A type has the methods that its socket type permits and no others. Methods that
// several types share belong to structs that the types embed:
//
//	[Socket]        Bind, Close, Events, Stats and so on: all types
//	[Connector]     Connect, Disconnect, WaitConnected: all but Dgram
//	[Sender]        Send, TrySend: Push, Pair, Pub, XPub, XSub, Req, Rep, Dealer
//	[Receiver]      Recv, TryRecv, Messages: all that receive but Dish and Dgram
//	[Publisher]     WaitSubscribers: Pub, XPub
//	[Subscriber]    Subscribe, WaitSubscribed: Sub, XSub
//	[BodySender]    Send of one frame: Client, Scatter, Channel
//	[IDSender]      SendTo a routing ID: Router, Stream
//	[NumberSender]  SendTo a routing number: Server, Peer
//
// These structs are also the parameters of functions for several types:
//
//	func produce(ctx context.Context, s zmq.Sender) error
//
//	err = produce(ctx, push.Sender)
//
// # Endpoints
//
//	tcp://host:port       TCP; * is every interface, or any free port
//	ipc:///path           a Unix-domain socket; ipc://* is a temporary path,
//	                      ipc://@name is an abstract name (Linux)
//	inproc://name         within this program, in a [Namespace]
//	udp://host:port       UDP, for DISH and DGRAM to bind and RADIO to connect;
//	                      udp://group:port and udp://interface;group:port are
//	                      multicast
//
// A socket may bind and connect to any number of endpoints, at any time. Bind
// returns the endpoint with wildcards replaced.
//
// # Messages
//
// A [Message] has one or more frames, which are sent and received together. Send
// copies its frames; SendMessage does not copy large ones. A received message
// belongs to the caller, and [Message.From] describes its sender.
//
// # Waiting and queues
//
// Calls that wait take a context. When it ends they return its error, and nothing
// was sent or received; [Req.Do] is the exception, because its request may have
// been written by then. The Try variants do not wait.
//
// Each direction of each connection has a queue with a high-water mark
// ([Options.SendHWM], [Options.RecvHWM]). The comment of each socket type says
// whether it waits or drops messages when queues are full. An endpoint that was
// given to Connect has a queue from then on: messages wait there for the connection.
// Call WaitConnected to wait for a peer first.
//
// Send returns when the message is queued. Close waits until the queues are
// written, at most [Options.Linger], and returns an [*UnsentError] if messages
// remain.
//
// # Peers
//
// WaitConnected waits for a peer, [Subscriber.WaitSubscribed] until a publisher has
// processed the subscriptions, and [Publisher.WaitSubscribers] until there are
// subscribers, so that no publisher needs to sleep before its first message. If
// their context ends, their error says why there is no peer.
//
// A failed connection is not an error of a call. [Socket.Endpoints] has the state of
// each endpoint, [Socket.Events] reports changes, [Socket.Stats] counts them, and
// [Options.Logger] logs them. Each message that a socket has accepted, from Send or
// from the network, and then dropped is counted under a [DropReason]. Messages that
// are written and not yet read by the peer when the connection is lost are lost
// without a count, as with any protocol without acknowledgements. A message of a
// publisher without a matching subscription is not counted as dropped.
//
// # Errors
//
// Calls fail with an [*OpError], which wraps an error of this package or of the
// system. If a context ends while Send or Recv waits, they return its error itself.
// A call on a closed socket returns [ErrClosed], which also matches net.ErrClosed.
//
// # Concurrency
//
// All methods of all sockets may be called concurrently, including Close. Messages
// that are sent concurrently are not mixed. Close ends all calls on the socket and
// all of its goroutines.
//
// Calls that block in a send method are served in the order in which they began
// to wait. A later call may use free capacity before them, but only for a bounded
// number of messages. After that it blocks too, or returns [ErrWouldBlock] if it is
// a Try variant. With [PubOptions.Block] there is no order, because the calls wait
// for different peers.
//
// # libzmq
//
// docs/LIBZMQ.md in the repository lists the equivalent of each function, option and
// error of libzmq. Names in brackets, in capitals or beginning with zmq_, are those of
// libzmq.
package zmq
