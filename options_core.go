package zmq

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"net"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/wire"
)

// The defaults of options that are needed in more than one place.
const defaultHWM = 1000

// The largest values of options. Longer durations than maxWait would overflow
// when they are doubled; the others are what systems accept.
const (
	maxWait       = 365 * 24 * time.Hour
	maxBuffer     = 1 << 30
	maxRetransmit = math.MaxInt32 * time.Millisecond
	maxKeepAlive  = 32767 * time.Second
	maxProbes     = 127
	maxDevice     = 15 // IFNAMSIZ without the final NUL
	maxSpin       = 10 * time.Millisecond
	maxBusyPoll   = math.MaxInt32 * time.Microsecond
)

// The limits of the TTL in a PING, which has tenths of a second in 16 bits.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
const (
	minTTL = time.Second / 10
	maxTTL = math.MaxUint16 * minTTL
)

// transports has the transports of connections by scheme; inproc is not one,
// because it moves messages and not bytes.
var transports = map[string]transport.Transport{
	"tcp":     transport.TCP,
	"ipc":     transport.IPC,
	"tls+tcp": transport.TLS,
}

// datagrams has the transports of datagrams by scheme.
var datagrams = map[string]transport.Packets{"udp": transport.UDP}

// anyType is the list of types of an option that all types have.
var anyType []pattern.Type

// Lists of types for options that several types have.
var (
	senders         = typesExcept(pattern.SUB, pattern.PULL, pattern.GATHER, pattern.DISH)
	receivers       = typesExcept(pattern.PUB, pattern.PUSH, pattern.SCATTER, pattern.RADIO)
	publishers      = []pattern.Type{pattern.PUB, pattern.XPUB, pattern.RADIO}
	connectionTypes = typesExcept(pattern.DGRAM)
	zmtpTypes       = typesExcept(pattern.DGRAM, pattern.STREAM)
)

// typesExcept returns all types but those given.
func typesExcept(excluded ...pattern.Type) (types []pattern.Type) {
	for t := range pattern.Types {
		if !slices.Contains(excluded, t) {
			types = append(types, t)
		}
	}
	return types
}

// optionTypes has the socket types of every option, by its path in Options.
var optionTypes = map[string][]pattern.Type{
	"SendHWM": senders, "RecvHWM": receivers, "MaxQueuedBytes": anyType, "Linger": anyType,
	"Namespace": anyType, "Logger": anyType,
	"Metadata": zmtpTypes, "Accept": connectionTypes,
	"RoutingID": {pattern.REQ, pattern.DEALER, pattern.ROUTER},
	"Immediate": zmtpTypes,
	"Overflow": {pattern.PUSH, pattern.SCATTER, pattern.DEALER, pattern.CLIENT, pattern.PAIR, pattern.CHANNEL, pattern.ROUTER,
		pattern.SERVER, pattern.PEER, pattern.PUB, pattern.XPUB, pattern.RADIO},
	"Conflate": {pattern.PUB, pattern.SUB, pattern.DEALER, pattern.PULL, pattern.PUSH},

	"Reconnect.Interval": connectionTypes, "Reconnect.MaxInterval": connectionTypes,
	"Reconnect.ConnectTimeout": connectionTypes, "Reconnect.Stop": connectionTypes,

	"Heartbeat.Interval": zmtpTypes, "Heartbeat.Timeout": zmtpTypes, "Heartbeat.TTL": zmtpTypes,

	"Limits.MaxFrameSize": zmtpTypes, "Limits.MaxMessageSize": zmtpTypes, "Limits.MaxMessageFrames": zmtpTypes,
	"Limits.MaxConnections": connectionTypes, "Limits.MaxPendingHandshakes": zmtpTypes, "Limits.MaxPendingPerSource": zmtpTypes,
	"Limits.MaxSubscriptions": publishers, "Limits.MaxSubscriptionBytes": publishers,
	"Limits.HandshakeTimeout": zmtpTypes, "Limits.MinVersion": zmtpTypes,

	"Latency.Spin": connectionTypes,

	"TCP.SendBuffer": anyType, "TCP.RecvBuffer": anyType,
	"TCP.KeepAlive": connectionTypes, "TCP.KeepAliveIdle": connectionTypes,
	"TCP.KeepAliveInterval": connectionTypes, "TCP.KeepAliveCount": connectionTypes,
	"TCP.MaxRetransmit": connectionTypes,
	"TCP.TOS":           anyType, "TCP.IPv6": anyType,
	"TCP.Device": anyType, "TCP.Priority": anyType, "TCP.BusyPoll": anyType,
	"TCP.Backlog": connectionTypes,

	"IPC.Mode": connectionTypes,

	"Network.DialContext": connectionTypes, "Network.Control": anyType, "Network.Resolver": anyType,
	"Network.Resolvers": connectionTypes, "Network.RefreshInterval": connectionTypes, "Network.MaxAddresses": connectionTypes,
	"Network.SOCKS5":     connectionTypes,
	"Network.Transports": connectionTypes,

	"Security": anyType, // with exceptions, see Security.core

	"Multicast.Hops":     {pattern.RADIO, pattern.DGRAM},
	"Multicast.Loopback": {pattern.RADIO, pattern.DGRAM},

	"AutoMessages.Hello":       {pattern.DEALER, pattern.ROUTER, pattern.CLIENT, pattern.SERVER, pattern.PEER},
	"AutoMessages.Disconnect":  {pattern.ROUTER, pattern.SERVER, pattern.PEER},
	"AutoMessages.Hiccup":      {pattern.DEALER, pattern.CLIENT, pattern.PEER},
	"AutoMessages.ProbeRouter": {pattern.REQ, pattern.DEALER, pattern.ROUTER},

	"Req.Relaxed":             {pattern.REQ},
	"Req.Correlate":           {pattern.REQ},
	"Router.Handover":         {pattern.ROUTER},
	"Router.Notify":           {pattern.ROUTER},
	"Pub.Welcome":             {pattern.PUB, pattern.XPUB},
	"Pub.InvertMatching":      {pattern.PUB, pattern.XPUB},
	"XPub.Notify":             {pattern.XPUB},
	"XPub.Manual":             {pattern.XPUB},
	"XPub.LastValue":          {pattern.XPUB},
	"Sub.InvertMatching":      {pattern.SUB},
	"XSub.VerboseUnsubscribe": {pattern.XSUB},
	"Stream.Notify":           {pattern.STREAM},
	"Stream.HalfCloseTimeout": {pattern.STREAM},
}

// eachOption calls f for every option, with its path and its value, until f
// returns false. Options in groups are structs of this package.
func eachOption(o *Options, f func(path string, v reflect.Value) bool) {
	walkOptions(reflect.ValueOf(o).Elem(), "", f)
}

func walkOptions(v reflect.Value, prefix string, f func(path string, v reflect.Value) bool) bool {
	for i := range v.NumField() {
		path := prefix + v.Type().Field(i).Name
		if field := v.Field(i); field.Kind() == reflect.Struct && field.Type() != reflect.TypeFor[Security]() {
			if !walkOptions(field, path+".", f) {
				return false
			}
		} else if !f(path, field) {
			return false
		}
	}
	return true
}

// checkType returns an error for the first option that is set and that the type
// does not have.
func (o *Options) checkType(t pattern.Type) (err error) {
	eachOption(o, func(path string, v reflect.Value) bool {
		if types := optionTypes[path]; types != nil && !v.IsZero() && !slices.Contains(types, t) {
			err = fmt.Errorf("%w: Options.%s does not apply to %s", socket.ErrInvalidOption, path, pattern.Types[t].Name)
		}
		return err == nil
	})
	return err
}

// optionReader reads the values of options and keeps the first error.
type optionReader struct{ err error }

// fail notes an error about an option.
func (r *optionReader) fail(path, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: Options.%s %s", socket.ErrInvalidOption, path, fmt.Sprintf(format, args...))
	}
}

// limit returns the value of a limit for the core: def for zero, zero for
// Unlimited.
func limit[T int | int64](r *optionReader, path string, v, def T) T {
	switch {
	case v < 0:
		r.fail(path, "%d: use Unlimited for no limit", v)
	case v == 0:
		return def
	case int64(v) >= Unlimited:
		return 0
	}
	return v
}

// wait returns the value of a duration for the core: def for zero, zero for
// Forever.
func (r *optionReader) wait(path string, d, def time.Duration, forever string) time.Duration {
	switch {
	case d < 0:
		r.fail(path, "%v: use Forever %s", d, forever)
	case d == 0:
		return def
	case d == Forever:
		return 0
	case d > maxWait:
		r.fail(path, "%v: at most %v, or Forever %s", d, maxWait, forever)
	}
	return d
}

// within checks a duration that has no special values but zero for the default.
func (r *optionReader) within(path string, d, def, most time.Duration) time.Duration {
	switch {
	case d < 0:
		r.fail(path, "%v: use 0 for the default", d)
	case d == 0:
		return def
	case d > most:
		r.fail(path, "%v: at most %v", d, most)
	}
	return d
}

// number checks a number that has no special values but zero for the default.
func (r *optionReader) number(path string, n, most int) int {
	switch {
	case n < 0:
		r.fail(path, "%d: use 0 for the default", n)
	case n > most:
		r.fail(path, "%d: at most %d", n, most)
	}
	return n
}

// device checks the name of a network interface.
func (r *optionReader) device(path, name string) string {
	switch {
	case len(name) > maxDevice:
		r.fail(path, "%q: at most %d bytes", name, maxDevice)
	case strings.IndexByte(name, 0) >= 0:
		r.fail(path, "%q: contains a NUL byte", name)
	}
	return name
}

// toggle returns whether an option is on.
func (r *optionReader) toggle(path string, t Toggle, def bool) bool {
	if t > Off {
		r.fail(path, "%d: use On or Off", t)
	}
	return t.or(def)
}

// linger returns how long to linger, negative without limit.
func (r *optionReader) linger(d time.Duration) time.Duration {
	switch {
	case d < 0:
		r.fail("Linger", "%v: use NoLinger to discard at once or Forever to wait without limit", d)
	case d == 0:
		return 30 * time.Second
	case d == NoLinger:
		return 0
	case d == Forever:
		return -1
	}
	return d
}

// routingID checks a routing ID, empty for none.
func (r *optionReader) routingID(id string) {
	switch {
	case len(id) > socket.MaxRoutingID:
		r.fail("RoutingID", "of %d bytes: at most %d", len(id), socket.MaxRoutingID)
	case id != "" && id[0] == 0:
		r.fail("RoutingID", "begins with a zero byte, which is for IDs that a ROUTER assigns")
	}
}

// hwm returns a high-water mark for the core.
func hwm(path string, n int) (int, error) {
	var r optionReader
	n = limit(&r, path, n, defaultHWM)
	return n, r.err
}

// acceptFunc returns f for the core, nil for nil.
func acceptFunc(f func(PeerInfo) bool) func(*msg.Peer) bool {
	if f == nil {
		return nil
	}
	return func(p *msg.Peer) bool { return f(PeerInfo{p}) }
}

// core checks the options for a socket type and translates them. o may be nil.
func (o *Options) core(t pattern.Type) (socket.Options, error) {
	if o == nil {
		o = &Options{}
	}
	if err := o.checkType(t); err != nil {
		return socket.Options{}, err
	}
	var r optionReader
	r.routingID(o.RoutingID)
	if _, err := engine.EncodeProperties(o.Metadata); err != nil {
		r.fail("Metadata", "%v", err)
	}
	space := o.Namespace
	if space == nil {
		space = defaultNamespace
	}
	c := socket.Options{
		SendHWM:        limit(&r, "SendHWM", o.SendHWM, defaultHWM),
		RecvHWM:        limit(&r, "RecvHWM", o.RecvHWM, defaultHWM),
		MaxQueuedBytes: limit(&r, "MaxQueuedBytes", o.MaxQueuedBytes, 64<<20),
		Linger:         r.linger(o.Linger),
		RoutingID:      o.RoutingID,
		Immediate:      o.Immediate,
		Conflate:       o.Conflate,
		Overflow:       socket.Overflow(o.Overflow),
		Properties:     maps.Clone(o.Metadata),
		Namespace:      space.n,
		Transports:     o.Network.transports(&r),
		Datagrams:      datagrams,
		Accept:         acceptFunc(o.Accept),
		Logger:         o.Logger,

		Hello:      bytes.Clone(o.AutoMessages.Hello),
		Disconnect: bytes.Clone(o.AutoMessages.Disconnect),
		Hiccup:     bytes.Clone(o.AutoMessages.Hiccup),
	}
	o.coreSession(&r, &c)
	o.corePattern(&r, &c)
	o.coreTransport(&r, &c)
	o.Network.coreResolvers(&r, &c)
	if r.err != nil {
		return c, r.err
	}
	sec, err := o.Security.core(SocketType(t) + 1)
	c.Security = sec
	return c, err
}

// coreSession translates the options of connections and their handshakes.
func (o *Options) coreSession(r *optionReader, c *socket.Options) {
	c.ReconnectMax = r.within("Reconnect.MaxInterval", o.Reconnect.MaxInterval, 5*time.Second, maxWait)
	interval := min(100*time.Millisecond, c.ReconnectMax)
	c.ReconnectInterval = r.wait("Reconnect.Interval", o.Reconnect.Interval, interval, "not to connect again")
	if c.ReconnectInterval > c.ReconnectMax {
		r.fail("Reconnect.Interval", "%v: at most Options.Reconnect.MaxInterval, %v; set that too", c.ReconnectInterval, c.ReconnectMax)
	}
	c.ConnectTimeout = r.wait("Reconnect.ConnectTimeout", o.Reconnect.ConnectTimeout, 30*time.Second, "for the timeout of the system")
	const stops = ReconnectStopRefused | ReconnectStopHandshakeFailed | ReconnectStopAfterDisconnect
	if c.ReconnectStop = session.ReconnectStop(o.Reconnect.Stop); o.Reconnect.Stop&^stops != 0 {
		r.fail("Reconnect.Stop", "%d: use the ReconnectStop constants", o.Reconnect.Stop)
	}
	c.Heartbeat = r.wait("Heartbeat.Interval", o.Heartbeat.Interval, 10*time.Second, "to send no PING")
	c.HeartbeatTimeout = r.wait("Heartbeat.Timeout", o.Heartbeat.Timeout, c.Heartbeat, "to keep silent peers")
	switch c.HeartbeatTTL = o.Heartbeat.TTL; {
	case c.HeartbeatTTL < 0:
		r.fail("Heartbeat.TTL", "%v: use 0 for none", c.HeartbeatTTL)
	case c.HeartbeatTTL > 0 && c.HeartbeatTTL < minTTL:
		r.fail("Heartbeat.TTL", "%v: at least %v, or 0 for none", c.HeartbeatTTL, minTTL)
	case c.HeartbeatTTL > maxTTL:
		r.fail("Heartbeat.TTL", "%v: at most %v", c.HeartbeatTTL, maxTTL)
	}
	l := &o.Limits
	c.HandshakeTimeout = r.wait("Limits.HandshakeTimeout", l.HandshakeTimeout, 10*time.Second, "for no limit")
	c.MaxConnections = limit(r, "Limits.MaxConnections", l.MaxConnections, 65536)
	c.MaxPending = limit(r, "Limits.MaxPendingHandshakes", l.MaxPendingHandshakes, 1024)
	c.MaxPerSource = limit(r, "Limits.MaxPendingPerSource", l.MaxPendingPerSource, 64)
	if c.MinVersion = wire.Version(l.MinVersion); l.MinVersion > ZMTP31 {
		r.fail("Limits.MinVersion", "%d: use ZMTP10 to ZMTP31", l.MinVersion)
	}
	c.Limits = engine.Limits{
		Handshake:  128 << 10,
		Commands:   16,
		Metadata:   8 << 10,
		Properties: 64,
		Frame:      limit(r, "Limits.MaxFrameSize", l.MaxFrameSize, 64<<20),
		Frames:     limit(r, "Limits.MaxMessageFrames", l.MaxMessageFrames, 65536),
		Message:    limit(r, "Limits.MaxMessageSize", l.MaxMessageSize, 256<<20),
		Command:    128 << 10,
		Useless:    16 << 20,
	}
	const path = "Stream.HalfCloseTimeout"
	if c.HalfClose = r.within(path, o.Stream.HalfCloseTimeout, 10*time.Second, maxWait); c.HalfClose == NoHalfClose {
		c.HalfClose = 0
	}
}

// corePattern translates the options of single socket types.
func (o *Options) corePattern(r *optionReader, c *socket.Options) {
	switch {
	case o.Overflow > OverflowError:
		r.fail("Overflow", "%d: use OverflowBlock, OverflowDropNewest, OverflowDropOldest or OverflowError", o.Overflow)
	case o.Overflow != 0 && o.Conflate:
		r.fail("Overflow", "does not apply with Conflate, with which no queue is full")
	}
	if n := o.Router.Notify; n&^(RouterNotifyConnect|RouterNotifyDisconnect) != 0 {
		r.fail("Router.Notify", "%d: use RouterNotifyConnect, RouterNotifyDisconnect or both", n)
	}
	if h := o.Router.Handover; h > RouterHandoverAny {
		r.fail("Router.Handover", "%d: use RouterHandoverNone, RouterHandoverSameUser or RouterHandoverAny", h)
	}
	if n := o.XPub.Notify; n > XPubNotifyEveryChange {
		r.fail("XPub.Notify", "%d: use XPubNotifyFirstAndLast, XPubNotifyEverySubscribe or XPubNotifyEveryChange", n)
	}
	c.Pattern = pattern.Options{
		Relaxed:            o.Req.Relaxed,
		Correlate:          o.Req.Correlate,
		Mandatory:          true,
		Handover:           o.Router.Handover != RouterHandoverNone,
		HandoverSameUser:   o.Router.Handover == RouterHandoverSameUser,
		NotifyConnect:      o.Router.Notify&RouterNotifyConnect != 0,
		NotifyDisconnect:   o.Router.Notify&RouterNotifyDisconnect != 0,
		StreamDataOnly:     !r.toggle("Stream.Notify", o.Stream.Notify, true),
		Probe:              o.AutoMessages.ProbeRouter,
		XPubNotify:         pattern.XPubNotify(o.XPub.Notify), // the constants are in the same order
		Manual:             o.XPub.Manual || o.XPub.LastValue,
		LastValue:          o.XPub.LastValue,
		Invert:             o.Pub.InvertMatching || o.Sub.InvertMatching,
		OnlyFirst:          true, // or frames of user messages would be taken for subscriptions
		Welcome:            bytes.Clone(o.Pub.Welcome),
		VerboseUnsubscribe: o.XSub.VerboseUnsubscribe,
		MaxTopics:          limit(r, "Limits.MaxSubscriptions", o.Limits.MaxSubscriptions, 100_000),
		MaxTopicBytes:      limit(r, "Limits.MaxSubscriptionBytes", o.Limits.MaxSubscriptionBytes, 32<<20),
	}
}

// coreTransport translates the options of the system.
func (o *Options) coreTransport(r *optionReader, c *socket.Options) {
	mode := o.IPC.Mode
	if mode&^fs.ModePerm != 0 {
		r.fail("IPC.Mode", "%v: permission bits only", mode)
	}
	if mode == 0 {
		mode = 0o600
	}
	network, err := o.Network.core()
	if err != nil {
		r.fail("Network.SOCKS5", "%v", err)
	}
	c.Transport = transport.Options{
		Network: network,

		SendBuffer: r.number("TCP.SendBuffer", o.TCP.SendBuffer, maxBuffer),
		RecvBuffer: r.number("TCP.RecvBuffer", o.TCP.RecvBuffer, maxBuffer),
		KeepAlive: net.KeepAliveConfig{
			Enable:   r.toggle("TCP.KeepAlive", o.TCP.KeepAlive, true),
			Idle:     r.within("TCP.KeepAliveIdle", o.TCP.KeepAliveIdle, 0, maxKeepAlive),
			Interval: r.within("TCP.KeepAliveInterval", o.TCP.KeepAliveInterval, 0, maxKeepAlive),
			Count:    r.number("TCP.KeepAliveCount", o.TCP.KeepAliveCount, maxProbes),
		},
		MaxRetrans: r.within("TCP.MaxRetransmit", o.TCP.MaxRetransmit, 0, maxRetransmit),
		TOS:        r.number("TCP.TOS", o.TCP.TOS, 255),
		IPv4Only:   !r.toggle("TCP.IPv6", o.TCP.IPv6, true),
		Device:     r.device("TCP.Device", o.TCP.Device),
		Priority:   r.number("TCP.Priority", o.TCP.Priority, math.MaxInt32),
		BusyPoll:   r.within("TCP.BusyPoll", o.TCP.BusyPoll, 0, maxBusyPoll),
		Backlog:    r.number("TCP.Backlog", o.TCP.Backlog, math.MaxInt32),
		Mode:       mode,
		Spin:       r.within("Latency.Spin", o.Latency.Spin, 0, maxSpin),

		MulticastHops:       r.number("Multicast.Hops", o.Multicast.Hops, 255),
		MulticastRemoteOnly: !r.toggle("Multicast.Loopback", o.Multicast.Loopback, true),
	}
}
