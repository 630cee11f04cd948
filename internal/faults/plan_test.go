package faults

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// plan has the parameters of a script, which its seed determines. The faults of
// connections are chosen by the random numbers of each link, in shape.
type plan struct {
	seed       uint64
	hub, spoke zmq.SocketType
	spokes     int
	hubBinds   bool
	inproc     bool
	lossless   bool // no fault may drop a message
	messages   int  // number of messages per sender
	burst      int  // most messages that are sent without a pause
	size       int  // size of the largest payload
	frames     int  // most body frames
	hwm        int
	maxBytes   int // MaxQueuedBytes; 0 for the default
	slow       bool
	immediate  bool
	conflate   bool
	overflow   zmq.Overflow
	heartbeat  zmq.HeartbeatOptions
	security   int
	handover   zmq.RouterHandover
	events     bool // the events are checked
}

const (
	nullSecurity = iota
	plainSecurity
	curveSecurity
)

func (p *plan) String() string {
	return fmt.Sprintf("%v hub (binds: %v), %d x %v, inproc %v, lossless %v, %d messages of up to %d frames of %d bytes, "+
		"HWM %d, %d bytes, slow %v, immediate %v, conflate %v, overflow %d, heartbeat %v, security %d",
		p.hub, p.hubBinds, p.spokes, p.spoke, p.inproc, p.lossless, p.messages, p.frames, p.size,
		p.hwm, p.maxBytes, p.slow, p.immediate, p.conflate, p.overflow, p.heartbeat, p.security)
}

// pairs are the socket types of hub and spokes.
var pairs = [][2]zmq.SocketType{
	{zmq.TypePush, zmq.TypePull}, {zmq.TypePull, zmq.TypePush},
	{zmq.TypePush, zmq.TypePull}, {zmq.TypePull, zmq.TypePush},
	{zmq.TypeDealer, zmq.TypeDealer}, {zmq.TypeDealer, zmq.TypeDealer},
	{zmq.TypeRouter, zmq.TypeDealer}, {zmq.TypeDealer, zmq.TypeRouter}, {zmq.TypeRouter, zmq.TypeRouter},
	{zmq.TypePair, zmq.TypePair}, {zmq.TypeChannel, zmq.TypeChannel},
	{zmq.TypePub, zmq.TypeSub}, {zmq.TypeSub, zmq.TypePub}, {zmq.TypePub, zmq.TypeSub}, {zmq.TypeXPub, zmq.TypeSub},
	{zmq.TypeReq, zmq.TypeRep}, {zmq.TypeRep, zmq.TypeReq}, {zmq.TypeRouter, zmq.TypeReq},
	{zmq.TypeScatter, zmq.TypeGather}, {zmq.TypeGather, zmq.TypeScatter},
	{zmq.TypeClient, zmq.TypeServer}, {zmq.TypeServer, zmq.TypeClient}, {zmq.TypePeer, zmq.TypePeer},
	{zmq.TypeRadio, zmq.TypeDish}, {zmq.TypeDish, zmq.TypeRadio},
}

// Sets of types.
var (
	publishers  = []zmq.SocketType{zmq.TypePub, zmq.TypeXPub, zmq.TypeRadio}
	singleFrame = []zmq.SocketType{zmq.TypeScatter, zmq.TypeClient, zmq.TypeServer, zmq.TypePeer, zmq.TypeChannel, zmq.TypeRadio}
	conflating  = []zmq.SocketType{zmq.TypePush, zmq.TypePull, zmq.TypePub, zmq.TypeSub}
	overflowing = []zmq.SocketType{zmq.TypePush, zmq.TypeScatter, zmq.TypeDealer, zmq.TypeClient, zmq.TypePair, zmq.TypeChannel,
		zmq.TypeRouter, zmq.TypeServer, zmq.TypePeer, zmq.TypePub, zmq.TypeXPub, zmq.TypeRadio}
	withID    = []zmq.SocketType{zmq.TypeReq, zmq.TypeDealer, zmq.TypeRouter}
	receivers = []zmq.SocketType{zmq.TypePull, zmq.TypeGather, zmq.TypeSub, zmq.TypeDish}
	onlySend  = []zmq.SocketType{zmq.TypePush, zmq.TypeScatter, zmq.TypePub, zmq.TypeRadio}
)

// publishes reports whether one side sends a copy of each message to each peer.
func (p *plan) publishes() bool { return is(p.hub, publishers...) || is(p.spoke, publishers...) }

// calls reports whether one side sends requests.
func (p *plan) calls() bool { return p.hub == zmq.TypeReq || p.spoke == zmq.TypeReq }

func newPlan(seed uint64, r *rand.Rand) plan {
	one := func(in int) bool { return r.IntN(in) == 0 }
	pair := pairs[r.IntN(len(pairs))]
	p := plan{
		seed: seed, hub: pair[0], spoke: pair[1],
		spokes:   []int{1, 1, 2, 3}[r.IntN(4)],
		hubBinds: one(2),
		inproc:   one(12),
		lossless: one(5),
		hwm:      []int{1, 3, 10, 100, 1000, 1000, zmq.Unlimited}[r.IntN(7)],
		slow:     one(4),
		burst:    []int{1, 10, 100, 500, 500}[r.IntN(5)],
		handover: zmq.RouterHandover(r.IntN(3)),
	}
	if is(p.hub, zmq.TypePair, zmq.TypeChannel) {
		p.spokes = 1
		if one(4) && !p.lossless {
			p.spokes = 2 // the second is refused until the first disconnects
		}
	}
	p.immediate = !p.inproc && one(5)
	if one(8) {
		p.maxBytes = 1 << (8 + r.IntN(8))
	}
	if is(p.hub, conflating...) && is(p.spoke, conflating...) && one(10) {
		p.conflate = true
	} else if one(3) {
		p.overflow = zmq.Overflow(1 + r.IntN(4))
	}
	if !p.inproc {
		if one(3) {
			p.heartbeat = zmq.HeartbeatOptions{Interval: time.Second, Timeout: time.Second}
			if one(2) {
				p.heartbeat.TTL = 2 * time.Second
			}
			if p.lossless {
				p.heartbeat.Timeout, p.heartbeat.TTL = time.Minute, 0
			}
		}
		switch r.IntN(16) {
		case 0, 1:
			p.security = plainSecurity
		case 2:
			p.security = curveSecurity
		}
	}
	// A loop over events takes as much memory as a socket. Refused peers are found with it.
	p.events = one(4) || is(p.hub, zmq.TypePair, zmq.TypeChannel, zmq.TypeRouter) || is(p.spoke, zmq.TypeRouter)
	p.frames = 1
	if one(3) && p.security != curveSecurity && !is(p.hub, singleFrame...) && !is(p.spoke, singleFrame...) {
		p.frames = 4
	}
	switch r.IntN(20) {
	case 0:
		p.size, p.messages = 70<<10, 2+r.IntN(5)
	case 1, 2:
		p.size, p.messages = 10<<10, 10+r.IntN(30)
	default:
		p.size = []int{0, 10, 50, 300}[r.IntN(4)]
		// A message that is sent alone takes ten times as much time as one of a batch.
		p.messages = 50 + r.IntN(150)
		if p.burst > 10 && (p.hwm >= 100) && p.maxBytes == 0 {
			p.messages = 2000 + r.IntN(3600)
		}
	}
	switch {
	case p.calls():
		p.messages = 1 + p.messages/(10*p.spokes)
	case is(p.spoke, receivers...) && is(p.hub, publishers...): // each message is delivered to each spoke
	case is(p.spoke, receivers...):
		p.messages *= 2
	default:
		p.messages = 1 + p.messages/p.spokes
	}
	return p
}

// The keys of the scripts with CURVE, made once.
var serverKey, clientKey = mustKey(1), mustKey(2)

func mustKey(b byte) curve.Key {
	k, err := curve.NewKey([32]byte{b})
	if err != nil {
		panic(err)
	}
	return k
}

// options returns the options of a new socket of a node.
func (n *node) options(l *instance) *zmq.Options {
	sc := n.sc
	o := &zmq.Options{
		Namespace: sc.names,
		Network:   zmq.NetworkOptions{Transports: map[string]zmq.Transport{"mem": &station{sc, l}}},
		Linger:    []time.Duration{zmq.NoLinger, 100 * time.Millisecond, 0}[n.rnd.IntN(3)],
		Immediate: sc.immediate, Conflate: sc.conflate, Heartbeat: sc.heartbeat,
		MaxQueuedBytes: sc.maxBytes,
		Reconnect:      zmq.ReconnectOptions{MaxInterval: time.Second, ConnectTimeout: 2 * time.Second},
	}
	if !is(n.typ, receivers...) {
		o.SendHWM = sc.hwm
	}
	if !is(n.typ, onlySend...) {
		o.RecvHWM = sc.hwm
	}
	if is(n.typ, overflowing...) {
		o.Overflow = sc.overflow
	}
	if is(n.typ, withID...) && (sc.hub == zmq.TypeRouter && n.n > 1 || sc.hub == zmq.TypeRouter && sc.spoke == zmq.TypeRouter) {
		o.RoutingID = fmt.Sprint("node", n.n)
	}
	if n.typ == zmq.TypeRouter {
		o.Router.Handover = sc.handover
	}
	switch {
	case sc.security == plainSecurity && n.n == 0:
		o.Security = zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: zmq.AllowAny}
	case sc.security == plainSecurity:
		o.Security.Mechanism = zmq.Plain{Username: "user", Password: "secret"}
	case sc.security == curveSecurity && n.n == 0:
		o.Security = zmq.Security{Mechanism: zmq.Curve{Key: serverKey, Server: true}, Authenticator: zmq.AllowAny}
	case sc.security == curveSecurity:
		o.Security.Mechanism = zmq.Curve{Key: clientKey, ServerKey: serverKey.Public()}
	}
	return o
}
