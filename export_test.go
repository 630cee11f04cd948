package zmq

import (
	"reflect"
	"slices"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// New returns the handle of a socket of any type.
func New(t SocketType, o *Options) (Socket, error) { return newSocket(t.core(), o) }

// For returns a copy of the options. Options that the type does not have are
// zero.
func (o *Options) For(t SocketType) *Options {
	kept := *o
	eachOption(&kept, func(path string, v reflect.Value) bool {
		if types := optionTypes[path]; types != nil && !slices.Contains(types, t.core()) {
			v.SetZero()
		}
		return true
	})
	return &kept
}

// OptionPaths returns the Go type of every option by its path.
func OptionPaths() map[string]reflect.Type {
	m := make(map[string]reflect.Type)
	eachOption(new(Options), func(path string, v reflect.Value) bool {
		m[path] = v.Type()
		return true
	})
	return m
}

// OptionTypes returns the types that have each option, nil for an option of all
// types.
func OptionTypes() map[string]map[SocketType]bool {
	m := make(map[string]map[SocketType]bool)
	for path, types := range optionTypes {
		m[path] = nil
		for _, t := range types {
			if m[path] == nil {
				m[path] = make(map[SocketType]bool)
			}
			m[path][SocketType(t)+1] = true
		}
	}
	return m
}

// CoreOptionTypes returns the types for which the core has an option.
func CoreOptionTypes() map[string]map[SocketType]bool {
	sends := func(i *pattern.Info) bool { return i.Sends }
	receives := func(i *pattern.Info) bool { return i.Receives }
	publishes := func(i *pattern.Info) bool { return i.Publishes }
	connections := func(i *pattern.Info) bool { return !i.DatagramsOnly }
	handshakes := func(i *pattern.Info) bool { return !i.Raw }
	m := make(map[string]map[SocketType]bool)
	for path, has := range map[string]func(*pattern.Info) bool{
		"SendHWM":   sends,
		"RecvHWM":   receives,
		"RoutingID": func(i *pattern.Info) bool { return i.SendsID },
		"Conflate":  func(i *pattern.Info) bool { return i.Conflates },
		"Immediate": handshakes,

		"Reconnect.Interval":       connections,
		"Reconnect.MaxInterval":    connections,
		"Reconnect.ConnectTimeout": connections,

		"Heartbeat.Interval": handshakes,
		"Heartbeat.Timeout":  handshakes,
		"Heartbeat.TTL":      handshakes,

		"Limits.MaxFrameSize":         handshakes,
		"Limits.MaxMessageSize":       handshakes,
		"Limits.MaxMessageFrames":     handshakes,
		"Limits.MaxConnections":       connections,
		"Limits.MaxPendingHandshakes": handshakes,
		"Limits.MaxPendingPerSource":  handshakes,
		"Limits.MaxSubscriptions":     publishes,
		"Limits.MaxSubscriptionBytes": publishes,
		"Limits.HandshakeTimeout":     handshakes,
		"Limits.MinVersion":           handshakes,

		"TCP.KeepAlive":         connections,
		"TCP.KeepAliveIdle":     connections,
		"TCP.KeepAliveInterval": connections,
		"TCP.KeepAliveCount":    connections,
		"TCP.MaxRetransmit":     connections,
		"IPC.Mode":              connections,

		"Multicast.Hops":     func(i *pattern.Info) bool { return i.SendsDatagrams || i.DatagramsOnly },
		"Multicast.Loopback": func(i *pattern.Info) bool { return i.SendsDatagrams || i.DatagramsOnly },

		"AutoMessages.Hello":      func(i *pattern.Info) bool { return i.HelloMessage },
		"AutoMessages.Disconnect": func(i *pattern.Info) bool { return i.DisconnectMessage },
		"AutoMessages.Hiccup":     func(i *pattern.Info) bool { return i.HiccupMessage },

		"Overflow": func(i *pattern.Info) bool {
			alternates := i.Name == "REQ" || i.Name == "REP"
			return i.Sends && !i.Raw && !alternates && i.Name != "XSUB"
		},
		"Stream.Notify":           func(i *pattern.Info) bool { return i.Raw && !i.DatagramsOnly },
		"Stream.HalfCloseTimeout": func(i *pattern.Info) bool { return i.Raw && !i.DatagramsOnly },
	} {
		m[path] = make(map[SocketType]bool)
		for t, info := range pattern.Types {
			m[path][SocketType(t)+1] = has(info)
		}
	}
	return m
}

// CoreOptions returns the defaults as the core has them.
func CoreOptions(t pattern.Type) (socket.Options, error) { return (*Options)(nil).core(t) }
