package pattern

import "github.com/zerobroker/zmq/internal/pipe"

// Type is the number of a socket type in libzmq and in ZMTP 2.0.
type Type uint8

// The socket types.
const (
	PAIR Type = iota
	PUB
	SUB
	REQ
	REP
	DEALER
	ROUTER
	PULL
	PUSH
	XPUB
	XSUB
	STREAM
	SERVER
	CLIENT
	RADIO
	DISH
	GATHER
	SCATTER
	DGRAM
	PEER
	CHANNEL
)

// Info describes a socket type.
type Info struct {
	Name              string   // value of the Socket-Type property
	Peers             []string // socket types that it can connect to
	Sends             bool     // it queues messages for peers
	Receives          bool     // it receives messages
	SendsID           bool     // its READY command contains an Identity
	Publishes         bool     // its peers subscribe
	Groups            bool     // subscriptions are names of groups, not prefixes
	Conflates         bool     // it supports ZMQ_CONFLATE, which keeps only the newest message
	HelloMessage      bool     // it supports ZMQ_HELLO_MSG
	DisconnectMessage bool     // it supports ZMQ_DISCONNECT_MSG, for accepted peers
	HiccupMessage     bool     // it supports ZMQ_HICCUP_MSG, for peers that it connected to
	ReusesConnection  bool     // a second Connect to the same endpoint makes no second connection
	Raw               bool     // its peers are not sockets; it exchanges bytes without ZMTP
	IDFirst           bool     // RecvFrame returns the routing ID of the sender as the first frame

	ReceivesDatagrams bool // it can bind to an endpoint for datagrams
	SendsDatagrams    bool // it can connect to an endpoint for datagrams
	DatagramsOnly     bool // it has no other endpoints

	New func(o *Options, d *pipe.Drops) Pattern
}

// Types contains the Info of every socket type.
// https://rfc.zeromq.org/spec/37/#the-socket-type-property
var Types = map[Type]*Info{
	PAIR: {Name: "PAIR", Peers: []string{"PAIR"}, Sends: true, Receives: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return &Pair{outgoing: outgoing{drops: d}} }},
	PUB: {Name: "PUB", Peers: []string{"SUB", "XSUB"}, Sends: true, Publishes: true, Conflates: true, ReusesConnection: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return NewPub(o, d, false) }},
	SUB: {Name: "SUB", Peers: []string{"PUB", "XPUB"}, Receives: true, Conflates: true, ReusesConnection: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return NewSub(o, d) }},
	REQ: {Name: "REQ", Peers: []string{"REP", "ROUTER"}, Sends: true, Receives: true, SendsID: true, ReusesConnection: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return NewReq(o, d) }},
	REP: {Name: "REP", Peers: []string{"REQ", "DEALER"}, Sends: true, Receives: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return NewRep(d) }},
	DEALER: {Name: "DEALER", Peers: []string{"REP", "DEALER", "ROUTER"}, Sends: true, Receives: true, SendsID: true,
		Conflates: true, HelloMessage: true, HiccupMessage: true, ReusesConnection: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return &Dealer{opt: o, balancedSender: newBalancedSender(d)} }},
	ROUTER: {Name: "ROUTER", Peers: []string{"REQ", "DEALER", "ROUTER"}, Sends: true, Receives: true, SendsID: true,
		HelloMessage: true, DisconnectMessage: true, IDFirst: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return NewRouter(o, d) }},
	PULL: {Name: "PULL", Peers: []string{"PUSH"}, Receives: true, Conflates: true,
		New: func(*Options, *pipe.Drops) Pattern { return &Pull{} }},
	PUSH: {Name: "PUSH", Peers: []string{"PULL"}, Sends: true, Conflates: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return &Push{balancedSender: newBalancedSender(d)} }},
	XPUB: {Name: "XPUB", Peers: []string{"SUB", "XSUB"}, Sends: true, Receives: true, Publishes: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return NewPub(o, d, true) }},
	XSUB: {Name: "XSUB", Peers: []string{"PUB", "XPUB"}, Sends: true, Receives: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return NewXSub(o, d) }},
	STREAM: {Name: "STREAM", Sends: true, Receives: true, Raw: true, IDFirst: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return NewStream(o, d) }},
	SERVER: {Name: "SERVER", Peers: []string{"CLIENT"}, Sends: true, Receives: true, HelloMessage: true, DisconnectMessage: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return NewServer(d) }},
	CLIENT: {Name: "CLIENT", Peers: []string{"SERVER"}, Sends: true, Receives: true, HelloMessage: true, HiccupMessage: true,
		New: func(_ *Options, d *pipe.Drops) Pattern {
			return &Client{singleFrameReceiver: singleFrameReceiver{drops: d}}
		}},
	RADIO: {Name: "RADIO", Peers: []string{"DISH"}, Sends: true, Publishes: true, Groups: true, SendsDatagrams: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return NewRadio(o, d) }},
	DISH: {Name: "DISH", Peers: []string{"RADIO"}, Receives: true, Groups: true, ReceivesDatagrams: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return NewDish(d) }},
	GATHER: {Name: "GATHER", Peers: []string{"SCATTER"}, Receives: true,
		New: func(_ *Options, d *pipe.Drops) Pattern {
			return &Gather{singleFrameReceiver: singleFrameReceiver{drops: d}}
		}},
	SCATTER: {Name: "SCATTER", Peers: []string{"GATHER"}, Sends: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return &Scatter{Push{balancedSender: newBalancedSender(d)}} }},
	DGRAM: {Name: "DGRAM", Sends: true, Receives: true, Raw: true, ReceivesDatagrams: true, DatagramsOnly: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return &Dgram{outgoing: outgoing{drops: d}} }},
	PEER: {Name: "PEER", Peers: []string{"PEER"}, Sends: true, Receives: true, HelloMessage: true, DisconnectMessage: true, HiccupMessage: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return NewServer(d) }},
	CHANNEL: {Name: "CHANNEL", Peers: []string{"CHANNEL"}, Sends: true, Receives: true,
		New: func(_ *Options, d *pipe.Drops) Pattern {
			return &Channel{singleFrameReceiver: singleFrameReceiver{drops: d}}
		}},
}

// rawRouter is the Info of a ROUTER with Raw set.
var rawRouter = &Info{Name: "ROUTER", Sends: true, Receives: true, Raw: true, IDFirst: true,
	New: func(o *Options, d *pipe.Drops) Pattern { return NewStream(o, d) }}

// InfoOf returns the Info of a socket type with the given options.
func InfoOf(t Type, o *Options) *Info {
	if t == ROUTER && o.Raw {
		return rawRouter
	}
	return Types[t]
}
