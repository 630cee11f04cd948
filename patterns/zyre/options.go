package zyre

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zmqstat"
)

// Errors of calls; test for them with errors.Is.
var (
	// ErrInvalidOption is returned for an option that is out of range.
	ErrInvalidOption = zmq.ErrInvalidOption
	// ErrClosed is returned by calls on a closed Node. It matches net.ErrClosed.
	ErrClosed = zmq.ErrClosed
	// ErrNoPeer is returned by Whisper if no peer with the UUID has entered.
	ErrNoPeer = errors.New("no such peer")
	// ErrInvalidGroup is returned for a name of a group that is empty, has more than 255
	// bytes or a NUL byte.
	ErrInvalidGroup = errors.New("invalid name of a group")
)

// Options configure a Node. The zero value of each field is its default.
type Options struct {
	// UUID identifies the node. Default a random one.
	UUID UUID

	// Name is the public name of the node, up to 255 bytes. Default the first six digits
	// of the UUID.
	Name string

	// Headers are properties that all peers receive, with names of up to 255 bytes.
	// Default none.
	Headers map[string]string

	// Discovery finds the other nodes. The node closes it. Default a BeaconDiscovery
	// with its defaults.
	Discovery Discovery

	// Bind is the endpoint at which the node accepts its peers. Default a TCP port of
	// 49152 to 65535 at the address of the Discovery.
	Bind string

	// Advertise is the endpoint that the peers connect to, if it differs from Bind, as
	// with address translation. Default what Bind results in.
	Advertise string

	// Schemes are the schemes of endpoints that the node connects to. Default that of
	// its own endpoint.
	Schemes []string

	// Key turns on CURVE (43/ZRE). The node then communicates only with nodes that use
	// CURVE. Socket.Security.Authenticator decides which of them may connect to it;
	// zmq.AllowAny is the policy of Zyre without ZAP. Default no CURVE.
	Key curve.Key

	// Socket has the options of all sockets of the node. Security.Mechanism, RoutingID
	// and AutoMessages belong to the node. SendHWM is the queue for one peer, by
	// default 3000 messages. The default of Router.Handover is RouterHandoverAny
	// without Key and RouterHandoverSameUser with it: a peer that connects again takes
	// the place of its earlier connection. Linger is how long Close sends what is
	// queued, by default one second.
	Socket *zmq.Options

	// EvasiveTimeout is how long a peer may send neither a message nor a beacon until it
	// is evasive and receives a PING, SilentTimeout how long it may then not answer
	// until it is silent, and ExpiredTimeout how long it may send no message until it is
	// removed. Beacons do not postpone the latter. Defaults 5 s, 1 s and 30 s.
	EvasiveTimeout, SilentTimeout, ExpiredTimeout time.Duration

	// HelloTimeout is how long the node tries to connect to an announced node and waits
	// for its HELLO. Default 10 s.
	HelloTimeout time.Duration

	// MaxPeers bounds the peers, MaxPending those of them that were announced and from
	// which no HELLO has arrived. Nodes above them are ignored and counted. Defaults
	// 1000 and 100.
	MaxPeers, MaxPending int

	// MaxPeerGroups bounds the groups of one peer, MaxHeaders the headers of a HELLO,
	// and MaxHelloSize its bytes. A node whose HELLO exceeds them cannot enter. Defaults
	// 256, 64 and 64 KiB.
	MaxPeerGroups, MaxHeaders, MaxHelloSize int

	// QueueSize is the number of unread events with which the node stops reading from its
	// peers: their queues fill up, and they may end the connection. No event is
	// dropped. Default 1000.
	QueueSize int

	// Sockets is a registry that the node adds its socket to. Default none.
	Sockets *zmqstat.Registry
}

// withDefaults returns a copy with all defaults filled in.
func (o *Options) withDefaults() (*Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	if c.UUID.IsZero() {
		c.UUID = NewUUID()
	}
	if c.Name == "" {
		c.Name = c.UUID.String()[:6]
	}
	c.Headers = maps.Clone(c.Headers)
	for _, f := range []struct {
		name  string
		value *int
		def   int
	}{
		{"MaxPeers", &c.MaxPeers, 1000},
		{"MaxPending", &c.MaxPending, 100},
		{"MaxPeerGroups", &c.MaxPeerGroups, 256},
		{"MaxHeaders", &c.MaxHeaders, 64},
		{"MaxHelloSize", &c.MaxHelloSize, 64 << 10},
		{"QueueSize", &c.QueueSize, 1000},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < 0 {
			return nil, invalid("%s %d is negative", f.name, *f.value)
		}
	}
	for _, f := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"EvasiveTimeout", &c.EvasiveTimeout, 5 * time.Second},
		{"SilentTimeout", &c.SilentTimeout, time.Second},
		{"ExpiredTimeout", &c.ExpiredTimeout, 30 * time.Second},
		{"HelloTimeout", &c.HelloTimeout, 10 * time.Second},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < 0 {
			return nil, invalid("%s %s is negative", f.name, *f.value)
		}
	}
	return &c, c.check()
}

// check reports values that the protocol cannot represent.
func (o *Options) check() error {
	if !validString(o.Name) {
		return invalid("Name has more than 255 bytes or a NUL")
	}
	if !validString(o.Advertise) {
		return invalid("Advertise has more than 255 bytes or a NUL")
	}
	for name := range o.Headers {
		if !validString(name) || name == "" {
			return invalid("name of a header: %.40q", name)
		}
	}
	if o.Socket != nil && o.Socket.Security.Mechanism != nil {
		return invalid("Socket.Security.Mechanism is set; use Key")
	}
	if !o.Key.IsZero() && (o.Socket == nil || o.Socket.Security.Authenticator == nil) {
		return invalid("Key without Socket.Security.Authenticator")
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("zyre: %w: "+format, append([]any{ErrInvalidOption}, args...)...)
}

func (o *Options) codecLimits() codecLimits {
	return codecLimits{hello: o.MaxHelloSize, groups: o.MaxPeerGroups, headers: o.MaxHeaders}
}

// socketOptions returns the options that both kinds of sockets share.
func (o *Options) socketOptions() zmq.Options {
	var s zmq.Options
	if o.Socket != nil {
		s = *o.Socket
	}
	s.AutoMessages, s.RoutingID = zmq.AutoMessages{}, ""
	if s.Linger == 0 {
		s.Linger = time.Second
	}
	if s.SendHWM == 0 {
		s.SendHWM = 3000
	}
	return s
}

// inboxOptions returns the options of the ROUTER.
func (o *Options) inboxOptions() *zmq.Options {
	s := o.socketOptions()
	if !o.Key.IsZero() {
		s.Security.Mechanism = zmq.Curve{Key: o.Key, Server: true}
	}
	if s.Router.Handover == zmq.RouterHandoverNone {
		s.Router.Handover = zmq.RouterHandoverAny
		if !o.Key.IsZero() {
			s.Router.Handover = zmq.RouterHandoverSameUser
		}
	}
	s.Router.Notify = 0
	return &s
}

// peerOptions returns the options of the DEALER for one peer, which receives nothing.
func (o *Options) peerOptions(key curve.PublicKey) *zmq.Options {
	s := o.socketOptions()
	s.RoutingID = o.UUID.routingID()
	s.RecvHWM = 1
	s.Router = zmq.RouterOptions{}
	s.Security = zmq.Security{TLS: s.Security.TLS}
	if !o.Key.IsZero() {
		s.Security.Mechanism = zmq.Curve{Key: o.Key, ServerKey: key}
	}
	return &s
}
