package options

import (
	"net"
	"net/netip"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
)

// field is the place of an integer in the options of the core.
type field struct {
	put  func(o *socket.Options, n int64)
	read func(o *socket.Options) int64 // the reverse of put
}

// duration is a field in units of u; zero and negative values are 0.
func duration(u time.Duration, at func(*socket.Options) *time.Duration) field {
	return field{
		func(o *socket.Options, n int64) { *at(o) = time.Duration(max(n, 0)) * u },
		func(o *socket.Options) int64 { return int64(*at(o) / u) },
	}
}

// count is a field that is a number; negative values are 0.
func count(at func(*socket.Options) *int) field {
	return field{
		func(o *socket.Options, n int64) { *at(o) = int(max(n, 0)) },
		func(o *socket.Options) int64 { return int64(*at(o)) },
	}
}

// orSystem is f, in which -1 is the default of the system and 0 in the core.
func orSystem(f field) field {
	read := f.read
	f.read = func(o *socket.Options) int64 {
		if n := read(o); n != 0 {
			return n
		}
		return -1
	}
	return f
}

// flag is a field that is true for every number but 0.
func flag(at func(*socket.Options) *bool) field {
	return field{
		func(o *socket.Options, n int64) { *at(o) = n != 0 },
		func(o *socket.Options) int64 { return number(*at(o)) },
	}
}

// inverted is a flag that is true for 0.
func inverted(at func(*socket.Options) *bool) field {
	return field{
		func(o *socket.Options, n int64) { *at(o) = n == 0 },
		func(o *socket.Options) int64 { return number(!*at(o)) },
	}
}

// fields has the integers that the core has, by the number of the option.
var fields = map[int]field{
	11: orSystem(count(func(o *socket.Options) *int { return &o.Transport.SendBuffer })),
	12: orSystem(count(func(o *socket.Options) *int { return &o.Transport.RecvBuffer })),
	linger: {
		func(o *socket.Options, n int64) { o.Linger = time.Duration(n) * time.Millisecond },
		func(o *socket.Options) int64 { return max(int64(o.Linger/time.Millisecond), -1) },
	},
	18: duration(time.Millisecond, func(o *socket.Options) *time.Duration { return &o.ReconnectInterval }),
	19: count(func(o *socket.Options) *int { return &o.Transport.Backlog }),
	21: duration(time.Millisecond, func(o *socket.Options) *time.Duration { return &o.ReconnectMax }),
	22: {
		func(o *socket.Options, n int64) {
			// The core has no limit of zero bytes: the least is one.
			switch {
			case n < 0:
				o.Limits.Frame = 0
			default:
				o.Limits.Frame = max(n, 1)
			}
		},
		func(o *socket.Options) int64 {
			if o.Limits.Frame == 0 {
				return -1
			}
			return o.Limits.Frame
		},
	},
	23: count(func(o *socket.Options) *int { return &o.SendHWM }),
	24: count(func(o *socket.Options) *int { return &o.RecvHWM }),
	25: count(func(o *socket.Options) *int { return &o.Transport.MulticastHops }),
	33: flag(func(o *socket.Options) *bool { return &o.Pattern.Mandatory }),
	34: { // -1 is the default of the system, which is off
		func(o *socket.Options, n int64) { o.Transport.KeepAlive.Enable = n > 0 },
		func(o *socket.Options) int64 { return number(o.Transport.KeepAlive.Enable) },
	},
	35: orSystem(count(func(o *socket.Options) *int { return &o.Transport.KeepAlive.Count })),
	36: orSystem(duration(time.Second, func(o *socket.Options) *time.Duration { return &o.Transport.KeepAlive.Idle })),
	37: orSystem(duration(time.Second, func(o *socket.Options) *time.Duration { return &o.Transport.KeepAlive.Interval })),
	39: flag(func(o *socket.Options) *bool { return &o.Immediate }),
	41: flag(func(o *socket.Options) *bool { return &o.Pattern.Raw }),

	ipv6: inverted(func(o *socket.Options) *bool { return &o.Transport.IPv4Only }),
	51:   flag(func(o *socket.Options) *bool { return &o.Pattern.Probe }),
	52:   flag(func(o *socket.Options) *bool { return &o.Pattern.Correlate }),
	53:   flag(func(o *socket.Options) *bool { return &o.Pattern.Relaxed }),
	54:   flag(func(o *socket.Options) *bool { return &o.Conflate }),
	56:   flag(func(o *socket.Options) *bool { return &o.Pattern.Handover }),
	57:   count(func(o *socket.Options) *int { return &o.Transport.TOS }),
	66:   duration(time.Millisecond, func(o *socket.Options) *time.Duration { return &o.HandshakeTimeout }),
	69:   flag(func(o *socket.Options) *bool { return &o.Pattern.Block }),

	xpubManual: flag(func(o *socket.Options) *bool { return &o.Pattern.Manual }),
	73:         inverted(func(o *socket.Options) *bool { return &o.Pattern.StreamDataOnly }),

	invertMatching: flag(func(o *socket.Options) *bool { return &o.Pattern.Invert }),
	75:             duration(time.Millisecond, func(o *socket.Options) *time.Duration { return &o.Heartbeat }),
	heartbeatTTL:   duration(time.Millisecond, func(o *socket.Options) *time.Duration { return &o.HeartbeatTTL }),
	77:             duration(time.Millisecond, func(o *socket.Options) *time.Duration { return &o.HeartbeatTimeout }),
	79:             duration(time.Millisecond, func(o *socket.Options) *time.Duration { return &o.ConnectTimeout }),
	80:             duration(time.Millisecond, func(o *socket.Options) *time.Duration { return &o.Transport.MaxRetrans }),
	multicastLoop:  inverted(func(o *socket.Options) *bool { return &o.Transport.MulticastRemoteOnly }),
	97: {
		func(o *socket.Options, n int64) {
			o.Pattern.NotifyConnect, o.Pattern.NotifyDisconnect = n&1 != 0, n&2 != 0
		},
		func(o *socket.Options) int64 {
			return number(o.Pattern.NotifyConnect) + 2*number(o.Pattern.NotifyDisconnect)
		},
	},
	manualLastValue: flag(func(o *socket.Options) *bool { return &o.Pattern.LastValue }),
	108:             flag(func(o *socket.Options) *bool { return &o.Pattern.OnlyFirst }),
	109: {
		func(o *socket.Options, n int64) { o.ReconnectStop = session.ReconnectStop(n & 7) },
		func(o *socket.Options) int64 { return int64(o.ReconnectStop) },
	},
	112:                count(func(o *socket.Options) *int { return &o.Transport.Priority }),
	113:                duration(time.Microsecond, func(o *socket.Options) *time.Duration { return &o.Transport.BusyPoll }),
	verboseUnsubscribe: flag(func(o *socket.Options) *bool { return &o.Pattern.VerboseUnsubscribe }),
}

// ReadCore returns the value of an option in o, in the unit of libzmq. ok is false
// if the core has no integer for it.
func (o *Option) ReadCore(c *socket.Options) (n int64, ok bool) {
	f, ok := fields[o.Number]
	if !ok {
		return 0, false
	}
	return f.read(c), true
}

// Apply writes the options to those of the core, except Security. It does not change
// options that libzmq does not have.
func (v *Values) Apply(o *socket.Options) {
	for n, f := range fields {
		f.put(o, v.ints[n])
	}
	if v.ints[heartbeatTimeout] < 0 {
		o.HeartbeatTimeout = o.Heartbeat
	}
	if o.ReconnectMax == 0 {
		// No backoff. The core retries after a tenth of ReconnectMax, or
		// ReconnectInterval if that is longer.
		o.ReconnectMax = o.ReconnectInterval
	}
	o.ReconnectInterval = min(o.ReconnectInterval, o.ReconnectMax)
	v.applyXPub(&o.Pattern)
	o.Pattern.Welcome = orNil(v.text[welcomeMsg])
	o.RoutingID = string(v.text[routingID])
	o.Transport.Device = strings.TrimRight(string(v.text[bindToDevice]), "\x00")
	o.Transport.Network = v.network(o.Transport.Network)
	o.Hello, o.Disconnect, o.Hiccup = orNil(v.text[helloMsg]), orNil(v.text[disconnectMsg]), orNil(v.text[hiccupMsg])
	o.Properties = v.properties
	o.Accept = v.accept()
	o.SendAnySize = true
}

// orNil returns b, or nil if b is empty: an empty value clears a message.
func orNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// network returns the network options of the core, with the proxy of the SOCKS options
// in place of that in base.
func (v *Values) network(base *transport.Network) *transport.Network {
	var n transport.Network
	if base != nil {
		n = *base
	}
	n.Proxy = nil
	if address := v.text[socksProxy]; len(address) > 0 {
		n.Proxy = &transport.Proxy{Address: string(address), Username: string(v.text[socksUsername]), Password: string(v.text[socksPassword])}
	} else if base == nil {
		return nil
	}
	return &n
}

// applyXPub writes the options of XPUB that depend on each other.
func (v *Values) applyXPub(o *pattern.Options) {
	switch {
	case v.ints[xpubVerboser] != 0:
		o.XPubNotify = pattern.XPubNotifyEveryChange
	case v.ints[xpubVerbose] != 0:
		o.XPubNotify = pattern.XPubNotifyEverySubscribe
	default:
		o.XPubNotify = pattern.XPubNotifyFirstAndLast
	}
	o.Manual, o.LastValue = v.ints[xpubManual] != 0, v.ints[manualLastValue] != 0
}

// applyPattern writes the options of the pattern: those that take effect at once, and
// with next all.
func (v *Values) applyPattern(p *pattern.Options, next bool) {
	c := socket.Options{Pattern: *p}
	for _, o := range Socket {
		if f, ok := fields[o.Number]; ok && (next || o.When == Live) {
			f.put(&c, v.ints[o.Number])
		}
	}
	*p = c.Pattern
	v.applyXPub(p)
	p.Welcome = orNil(v.text[welcomeMsg])
}

// accept returns the filter that ZMQ_TCP_ACCEPT_FILTER and the ZMQ_IPC_FILTER
// options describe, or nil.
func (v *Values) accept() func(*msg.Peer) bool {
	networks := slices.Clone(v.networks)
	pids, uids, gids := v.processes[ipcFilterPID], v.processes[ipcFilterUID], v.processes[ipcFilterGID]
	processes := len(pids)+len(uids)+len(gids) > 0
	if len(networks) == 0 && !processes {
		return nil
	}
	return func(p *msg.Peer) bool {
		if tcp, ok := p.Remote.(*net.TCPAddr); ok && len(networks) > 0 {
			addr := tcp.AddrPort().Addr().Unmap().WithZone("")
			return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
		}
		if _, ok := p.Remote.(*net.UnixAddr); ok && processes {
			c := p.Credentials
			return c != nil && (slices.Contains(pids, c.PID) || slices.Contains(uids, c.UID) || slices.Contains(gids, c.GID) || inGroups(c.UID, gids))
		}
		return true
	}
}

// inGroups reports whether a user is a member of one of the groups.
func inGroups(uid int, gids []int) bool {
	if len(gids) == 0 {
		return false
	}
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return false
	}
	of, err := u.GroupIds()
	return err == nil && slices.ContainsFunc(gids, func(gid int) bool { return slices.Contains(of, strconv.Itoa(gid)) })
}
