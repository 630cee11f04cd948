package zgossip

import (
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// Errors of calls; test for them with errors.Is.
var (
	// ErrInvalidOption is returned for an option that is out of range.
	ErrInvalidOption = zmq.ErrInvalidOption
	// ErrClosed is returned by calls on a closed Node. It matches net.ErrClosed.
	ErrClosed = zmq.ErrClosed
	// ErrInvalidTuple is returned by Publish for a key that is empty or has more than 255
	// bytes, and for a key or a value with a NUL byte.
	ErrInvalidTuple = errors.New("invalid tuple")
	// ErrLimit is returned by Publish if a limit of Options is reached.
	ErrLimit = errors.New("limit of tuples is reached")
	// ErrConnected is returned by Connect for an endpoint that is connected already.
	ErrConnected = errors.New("endpoint is already connected")
)

// Options configure a Node. The zero value of each field is its default.
type Options struct {
	// Socket has the options of all sockets of the node. Its Security is that of the
	// endpoints that Bind accepts connections at; ConnectWith has that of an endpoint
	// which the node connects to. AutoMessages, RoutingID and Router belong to the node.
	// Limits of zero fit MaxValueSize.
	Socket *zmq.Options

	// MaxTuples, MaxBytes and MaxValueSize bound the tuples that the node keeps: their
	// number, the bytes of all keys and values, and those of one value. Tuples of other
	// nodes above a limit are refused and counted. Defaults 10000, 16 MiB and 64 KiB.
	MaxTuples, MaxBytes, MaxValueSize int

	// PingInterval is the time between the PINGs to each node that this one connected
	// to. CZMQ forgets a client that sends nothing for one second. Default 300 ms.
	PingInterval time.Duration

	// ResyncInterval is the time between messages that show whether such a node has
	// forgotten this one; it then sends all tuples again. Default 10 s.
	ResyncInterval time.Duration

	// Sockets is a registry that the node adds its sockets to. Default none.
	Sockets *zmqstat.Registry
}

// withDefaults returns a copy with all defaults filled in.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	for _, f := range []struct {
		name  string
		value *int
		def   int
	}{
		{"MaxTuples", &c.MaxTuples, 10_000},
		{"MaxBytes", &c.MaxBytes, 16 << 20},
		{"MaxValueSize", &c.MaxValueSize, 64 << 10},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < 0 {
			return c, fmt.Errorf("zgossip: %w: %s %d is negative", ErrInvalidOption, f.name, *f.value)
		}
	}
	for _, f := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"PingInterval", &c.PingInterval, 300 * time.Millisecond},
		{"ResyncInterval", &c.ResyncInterval, 10 * time.Second},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < 0 {
			return c, fmt.Errorf("zgossip: %w: %s %s is negative", ErrInvalidOption, f.name, *f.value)
		}
	}
	return c, nil
}

// socketOptions returns the options that both kinds of sockets share.
func (o *Options) socketOptions() zmq.Options {
	var s zmq.Options
	if o.Socket != nil {
		s = *o.Socket
	}
	if s.Linger == 0 {
		s.Linger = time.Second
	}
	if s.SendHWM == 0 {
		s.SendHWM = max(1000, min(o.MaxTuples, 1<<20))
	}
	frame := int64(min(o.MaxValueSize, 1<<40)) + 512 // the key and the other fields
	if s.Limits.MaxFrameSize == 0 {
		s.Limits.MaxFrameSize = frame
	}
	if s.Limits.MaxMessageSize == 0 {
		s.Limits.MaxMessageSize = s.Limits.MaxFrameSize
	}
	if s.Limits.MaxMessageFrames == 0 {
		s.Limits.MaxMessageFrames = 1
	}
	return s
}

// routerOptions returns the options of the socket that accepts connections.
func (o *Options) routerOptions() *zmq.Options {
	s := o.socketOptions()
	s.Router = zmq.RouterOptions{Notify: zmq.RouterNotifyDisconnect}
	return &s
}

// dealerOptions returns the options of a socket that connects. It sends HELLO at the
// start of each connection, and receives the message hiccup at the end of each.
func (o *Options) dealerOptions(hiccup []byte) *zmq.Options {
	s := o.socketOptions()
	s.Security = zmq.Security{TLS: s.Security.TLS}
	s.AutoMessages = zmq.AutoMessages{Hello: command{id: cmdHello}.encode(), Hiccup: hiccup}
	return &s
}
