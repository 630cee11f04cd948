// Package zmq implements ZeroMQ in Go: sockets that exchange messages between
// goroutines, processes and machines, without a broker and without cgo. The
// sockets speak ZMTP 3.1, 3.0, 2.0 and 1.0, as libzmq and other implementations
// do. By default connections are neither encrypted nor authenticated;
// [Options.Security] changes that.
//
// # First steps
//
// Each socket type is a Go type. One socket binds an endpoint and others
// connect to it, in any order. Either side may bind. Messages queued for a lost
// connection are kept by the socket that connected, and dropped by the socket that
// bound. Here a PUSH distributes work to a PULL (error checks are omitted):
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
//   - [Push], [Pull]: distribute messages among workers
//   - [Pub], [Sub]: publish messages to the subscribers of a prefix
//   - [XPub], [XSub]: the same, with subscriptions as messages, for a [Proxy]
//   - [Req], [Rep]: request and reply
//   - [Dealer], [Router]: concurrent requests and replies, routing by ID
//   - [Pair]: two sockets exclusively
//   - [Stream]: bytes to and from TCP connections
//   - [Client], [Server]: messages of one frame in both directions, routing by
//     number
//   - [Peer]: the same between equal sockets
//   - [Radio], [Dish]: send to the members of a group
//   - [Scatter], [Gather]: PUSH and PULL for messages of one frame
//   - [Channel]: PAIR for messages of one frame
//   - [Dgram]: UDP datagrams
//
// The types from Client on are drafts in libzmq: a peer that uses libzmq needs
// a build with drafts.
//
// A type has only the methods that its socket type permits. Methods that
// several types share belong to structs that the types embed:
//
//   - [Socket]: Bind, Close, Events, Stats and so on, for all types
//   - [Connector]: Connect, Disconnect, WaitConnected, for all types but Dgram
//   - [Sender]: Send and TrySend, for Push, Pair, Pub, XPub, XSub, Req, Rep and
//     Dealer
//   - [FrameSender]: Send of one frame, for Client, Scatter and Channel
//   - [SenderToID]: SendTo a routing ID, for Router and Stream
//   - [SenderToNumber]: SendTo a routing number, for Server and Peer
//   - [Receiver]: Recv, TryRecv, Messages, Ready and Deliver, for all types that
//     receive; Dish and Dgram have their own
//   - [Publisher]: WaitSubscribers, for Pub and XPub
//   - [Subscriber]: Subscribe and WaitSubscribed, for Sub and XSub
//
// go doc does not find promoted methods: use go doc zmq.Sender.Send and so on.
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
//	inproc://name         within this program, in a Namespace
//	tls+tcp://host:port   TLS over TCP, with Security.TLS; an extension of this
//	                      library
//	udp://host:port       UDP, for DISH and DGRAM to bind and RADIO to connect;
//	                      udp://group:port and udp://interface;group:port are
//	                      multicast
//
// A socket may bind and connect to any number of endpoints, at any time. See
// [Socket.Bind] and [Connector.Connect].
//
// # Messages
//
// A [Message] has one or more frames, which are sent and received together.
// Send copies its frames; SendMessage does not copy large ones. A received
// message belongs to the caller, and [Message.From] describes its sender.
//
// # Waiting and queues
//
// Calls that wait take a context. If it ends, Send and Recv return its error,
// and nothing was sent or received. The Try variants do not wait.
//
// Each direction of each connection has a queue with a high-water mark
// ([Options.SendHWM], [Options.RecvHWM]). The comment of each socket type says
// whether it waits or drops messages when queues are full. An endpoint that was
// given to Connect has a queue at once: messages wait there for the connection,
// unless [Options.Immediate] is set.
//
// Send returns when the message is queued. [Socket.Close] waits until the
// queues are written, at most [Options.Linger], and reports messages that
// remain.
//
// # Peers
//
// [Connector.WaitConnected] waits for a peer, [Subscriber.WaitSubscribed] until
// a publisher has processed the subscriptions, and [Publisher.WaitSubscribers]
// until there are subscribers. A program needs no sleep before its first
// message.
//
// A failed connection is not an error of a call, because the socket connects
// again. [Socket.Endpoints] has the state of each endpoint, [Socket.Events]
// reports changes, [Socket.Stats] and [Socket.PeerStats] count them, and
// [Options.Logger] logs them. Package zmqdebug shows the sockets of a program as a
// page.
//
// Each message that a socket has accepted, from Send or from the network, and
// then dropped is counted under a [DropReason]. There are no acknowledgements:
// messages that are written, but not read by the peer when the connection is
// lost, are lost without a count. Messages without a subscriber are not counted
// either.
//
// # Security
//
// The default is the NULL mechanism: every peer is accepted, and nothing is
// encrypted. [Options.Security] changes that for a socket, [Socket.BindWith] and
// [Connector.ConnectWith] for one endpoint:
//
//   - [Curve] encrypts all messages and authenticates both sides with keys (package
//     curve). Its server needs an [Authenticator].
//   - [Plain] and [PlainServer] send a user name and a password, unencrypted.
//   - Security.TLS encrypts endpoints with the scheme tls+tcp, and no other ones.
//     It can be combined with a mechanism.
//
// An Authenticator decides which peers are accepted: a function, a policy of
// package auth, or a [ZAP] handler. [PeerInfo.UserID] and [PeerInfo.AuthProperty]
// return its result; [PeerInfo.RoutingID] and other properties are claims of the
// peer. [Socket.SetSecurity] replaces keys and certificates, and
// [Socket.DisconnectPeers] ends connections.
//
// # Errors
//
// Calls fail with an [*OpError], which wraps an error of this package or of the
// system; test for it with [errors.Is]. If a context ends while Send or Recv
// waits, they return ctx.Err() unwrapped. A call on a closed socket returns
// [ErrClosed], which also matches [net.ErrClosed].
//
// # Concurrency
//
// All methods of all sockets may be called concurrently, including Close.
// Messages that are sent concurrently are not mixed. Close ends all calls on
// the socket and all of its goroutines.
//
// Calls that block in a send method are served in the order in which they began
// to wait. A later call may use free capacity before them, but only for a
// bounded number of messages. After that it blocks too, or returns
// [ErrWouldBlock] if it is a Try variant. With [OverflowBlock] there is no
// order, because the calls wait for different peers.
//
// # libzmq
//
// docs/LIBZMQ.md in the repository lists the equivalent of each function,
// option and error of libzmq. In this documentation, names in brackets that are
// in capitals or begin with zmq_ are those of libzmq. There is no context
// object: sockets are independent. A program uses one goroutine for each socket
// that it reads, or a [Poller]. A routing ID, a group or an address is not a
// frame here, but a parameter or a property of the message.
package zmq
