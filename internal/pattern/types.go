package pattern

import "github.com/zerobroker/zmq/internal/pipe"

// Type is a socket type by its number in libzmq and in ZMTP 2.0.
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

// Info is what others must know of a socket type.
type Info struct {
	Name              string   // in the Socket-Type property
	Peers             []string // the types it talks to
	Sends             bool     // it puts messages in queues
	Receives          bool     // it takes messages from queues
	SendsID           bool     // its READY carries an Identity
	Publishes         bool     // its peers subscribe
	Groups            bool     // what is subscribed to are groups to join, whole names and no prefixes
	Conflates         bool     // it may keep the newest message only
	HelloMessage      bool     // it may greet its peers with a message
	DisconnectMessage bool     // it may receive a message when an accepted peer is lost
	HiccupMessage     bool     // it may receive a message when a peer it connected to is lost
	ReusesConnection  bool     // a second connection to one endpoint would mean nothing to it
	Raw               bool     // its peers are no sockets: bytes both ways
	IDFirst           bool     // a message received frame by frame begins with the id of its sender

	ReceivesDatagrams bool // it may be bound where datagrams come in
	SendsDatagrams    bool // it may be connected to where datagrams go
	DatagramsOnly     bool // datagrams are all it has to do with

	New func(o *Options, d *pipe.Drops) Pattern
}

// Types holds every socket type.
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
		New: func(_ *Options, d *pipe.Drops) Pattern { return &Client{single: single{drops: d}} }},
	RADIO: {Name: "RADIO", Peers: []string{"DISH"}, Sends: true, Publishes: true, Groups: true, SendsDatagrams: true,
		New: func(o *Options, d *pipe.Drops) Pattern { return NewRadio(o, d) }},
	DISH: {Name: "DISH", Peers: []string{"RADIO"}, Receives: true, Groups: true, ReceivesDatagrams: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return NewDish(d) }},
	GATHER: {Name: "GATHER", Peers: []string{"SCATTER"}, Receives: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return &Gather{single: single{drops: d}} }},
	SCATTER: {Name: "SCATTER", Peers: []string{"GATHER"}, Sends: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return &Scatter{Push{balancedSender: newBalancedSender(d)}} }},
	DGRAM: {Name: "DGRAM", Sends: true, Receives: true, Raw: true, ReceivesDatagrams: true, DatagramsOnly: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return &Dgram{outgoing: outgoing{drops: d}} }},
	PEER: {Name: "PEER", Peers: []string{"PEER"}, Sends: true, Receives: true, HelloMessage: true, DisconnectMessage: true, HiccupMessage: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return NewServer(d) }},
	CHANNEL: {Name: "CHANNEL", Peers: []string{"CHANNEL"}, Sends: true, Receives: true,
		New: func(_ *Options, d *pipe.Drops) Pattern { return &Channel{single: single{drops: d}} }},
}

// rawRouter is ROUTER with Raw set.
var rawRouter = &Info{Name: "ROUTER", Sends: true, Receives: true, Raw: true, IDFirst: true,
	New: func(o *Options, d *pipe.Drops) Pattern { return NewStream(o, d) }}

// InfoOf is what there is to know of a socket of that type with those options.
func InfoOf(t Type, o *Options) *Info {
	if t == ROUTER && o.Raw {
		return rawRouter
	}
	return Types[t]
}
