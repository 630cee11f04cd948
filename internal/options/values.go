package options

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/z85"
)

// The numbers of options that need more than the table.
const (
	routingID          = 5
	subscribe          = 6
	unsubscribe        = 7
	rcvMore            = 13
	fd                 = 14
	events             = 15
	typ                = 16
	linger             = 17
	reconnectIvl       = 18
	sndHWM             = 23
	rcvHWM             = 24
	rcvTimeo           = 27
	sndTimeo           = 28
	ipv4Only           = 31
	lastEndpoint       = 32
	tcpAcceptFilter    = 38
	xpubVerbose        = 40
	routerRaw          = 41
	ipv6               = 42
	mechanismOption    = 43
	plainServer        = 44
	plainUsername      = 45
	plainPassword      = 46
	curveServer        = 47
	curvePublicKey     = 48
	curveSecretKey     = 49
	curveServerKey     = 50
	zapDomain          = 55
	ipcFilterPID       = 58
	ipcFilterUID       = 59
	ipcFilterGID       = 60
	connectRoutingID   = 61
	socksProxy         = 68
	xpubManual         = 71
	welcomeMsg         = 72
	invertMatching     = 74
	heartbeatTTL       = 76
	heartbeatTimeout   = 77
	xpubVerboser       = 78
	threadSafe         = 81
	useFD              = 89
	bindToDevice       = 92
	enforceDomain      = 93
	loopbackFastpath   = 94
	metadata           = 95
	multicastLoop      = 96
	manualLastValue    = 98
	socksUsername      = 99
	socksPassword      = 100
	helloMsg           = 110
	disconnectMsg      = 111
	hiccupMsg          = 114
	verboseUnsubscribe = 115
	topicsCount        = 116
)

// Mechanism is the value of ZMQ_MECHANISM.
type Mechanism int64

// The mechanisms that the security options select.
const (
	Null Mechanism = iota
	Plain
	Curve
)

// State is what a socket knows and its options do not: the results of the options
// that can only be read.
type State struct {
	More         bool   // ZMQ_RCVMORE
	FD           int    // ZMQ_FD
	Events       int    // ZMQ_EVENTS
	LastEndpoint string // ZMQ_LAST_ENDPOINT
	Topics       int    // ZMQ_TOPICS_COUNT
}

// Values are the options of one socket. They begin with the defaults of libzmq.
// They are not safe for concurrent use.
type Values struct {
	typ  pattern.Type
	ints map[int]int64
	text map[int][]byte // without a final zero byte; a key has 32 bytes

	mechanism  Mechanism
	server     bool // the role; with Null it is kept for the next mechanism
	properties map[string]string
	networks   []netip.Prefix // of ZMQ_TCP_ACCEPT_FILTER
	processes  map[int][]int  // of the ZMQ_IPC_FILTER options, by number
}

// New returns the options of a socket of a type that is made in a context with the
// values of ZMQ_IPV6 and ZMQ_BLOCKY.
func New(t pattern.Type, contextIPv6, blocky bool) *Values {
	v := &Values{typ: t, ints: make(map[int]int64), text: make(map[int][]byte), processes: make(map[int][]int)}
	for _, o := range Socket {
		if o.Kind.size() > 0 {
			v.ints[o.Number] = o.Default
		}
	}
	v.ints[ipv6] = number(contextIPv6)
	if !blocky || t == pattern.SUB || t == pattern.XSUB || t == pattern.DISH {
		v.ints[linger] = 0
	}
	return v
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Set sets an option as zmq_setsockopt does. The error is an *Error if there is no
// option with that number, it cannot be set for this type of socket, or the value has
// the wrong size or is out of range; nothing is then changed. A nil value is a NULL
// pointer. ZMQ_SUBSCRIBE and ZMQ_UNSUBSCRIBE are only checked: the subscriptions are
// those of the socket.
func (v *Values) Set(n int, value []byte) error {
	o := Find(n)
	if err := o.usable(n, true, o != nil && o.has(v.typ)); err != nil {
		return err
	}
	switch n {
	case subscribe, unsubscribe:
		if v.typ == pattern.XPUB && v.ints[xpubManual] == 0 {
			return o.fail(NotForType, "without ZMQ_XPUB_MANUAL")
		}
		return nil
	case tcpAcceptFilter:
		return v.filterAddress(o, value)
	case metadata:
		return v.addProperty(o, value)
	case ipcFilterPID, ipcFilterUID, ipcFilterGID:
		return v.filterProcess(o, value)
	}
	size := o.Kind.size()
	if size == 0 {
		return v.setText(o, value)
	}
	if len(value) != size {
		return o.wrongSize(len(value), strconv.Itoa(size))
	}
	i := o.Kind.decode(value)
	if o.Kind != Uint64 && (i < o.Min || i > o.Max) {
		return o.fail(OutOfRange, "%d", i)
	}
	v.setInt(n, i)
	return nil
}

// setInt stores an integer and what follows from it.
func (v *Values) setInt(n int, i int64) {
	switch n {
	case ipv4Only:
		n, i = ipv6, 1-i
	case heartbeatTTL:
		i = i / 100 * 100 // it is sent in tenths of a second
	case invertMatching, enforceDomain, loopbackFastpath, multicastLoop, verboseUnsubscribe:
		i = number(i != 0)
	case xpubVerbose:
		v.ints[xpubVerboser] = 0
	case xpubVerboser:
		v.ints[xpubVerbose] = i
	case manualLastValue:
		v.ints[xpubManual] = i
	case plainServer:
		v.mechanism, v.server = Mechanism(i)*Plain, i == 1
	case curveServer:
		v.mechanism, v.server = Mechanism(i)*Curve, i == 1
	}
	v.ints[n] = i
}

func (v *Values) setText(o *Option, value []byte) error {
	n := o.Number
	switch {
	case o.Kind == Key:
		key, ok := parseKey(value)
		if !ok {
			return o.wrongSize(len(value), "32 or 40 characters of Z85")
		}
		value = key
	case o.clearedBy(value):
	case int64(len(value)) < o.Min || int64(len(value)) > o.Max:
		return o.wrongSize(len(value), fmt.Sprintf("%d to %d", o.Min, o.Max))
	case (n == routingID || n == connectRoutingID) && value[0] == 0:
		return o.fail(Malformed, "begins with a zero byte, which is for IDs that a ROUTER assigns")
	}
	switch n {
	case plainUsername, plainPassword:
		if len(value) == 0 { // selects NULL, and keeps the text and the role
			v.mechanism = Null
			return nil
		}
		v.mechanism, v.server = Plain, false
	case curvePublicKey, curveSecretKey: // they keep the role
		v.mechanism = Curve
	case curveServerKey:
		v.mechanism, v.server = Curve, false
	}
	v.text[n] = bytes.Clone(value)
	return nil
}

// parseKey returns the 32 bytes of a key.
func parseKey(value []byte) ([]byte, bool) {
	switch {
	case len(value) == 32:
		return value, true
	case len(value) == 41 && value[40] == 0:
		value = value[:40]
	case len(value) != 40:
		return nil, false
	}
	key, err := z85.DecodeString(string(value))
	return key, err == nil
}

func (v *Values) filterAddress(o *Option, value []byte) error {
	if o.clearedBy(value) {
		v.networks = nil
		return nil
	}
	if n := int64(len(value)); n < o.Min || n > o.Max {
		return o.wrongSize(len(value), fmt.Sprintf("%d to %d", o.Min, o.Max))
	}
	text := string(value)
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return o.fail(Malformed, "not an IP address or network")
		}
		text = netip.PrefixFrom(addr, addr.BitLen()).String()
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is6() && v.ints[ipv6] == 0 {
		return o.fail(Malformed, "not an IP address or network, or of IPv6 without ZMQ_IPV6")
	}
	v.networks = append(slices.Clip(v.networks), p)
	return nil
}

func (v *Values) filterProcess(o *Option, value []byte) error {
	switch {
	case o.clearedBy(value):
		delete(v.processes, o.Number)
	case len(value) == 4:
		v.processes[o.Number] = append(slices.Clip(v.processes[o.Number]), int(o.Kind.decode(value)))
	default:
		return o.wrongSize(len(value), "4")
	}
	return nil
}

// addProperty adds a property in the form "X-name:value". Of several with one
// name, the first is used.
func (v *Values) addProperty(o *Option, value []byte) error {
	name, text, ok := strings.Cut(string(value), ":")
	if int64(len(value)) < o.Min || !ok || text == "" || !strings.HasPrefix(name, "X-") {
		return o.fail(Malformed, "want X-name:value")
	}
	if _, twice := v.properties[name]; twice {
		return nil
	}
	added := maps.Clone(v.properties)
	if added == nil {
		added = make(map[string]string)
	}
	added[name] = text
	if _, err := engine.EncodeProperties(added); err != nil {
		return o.fail(Malformed, "%v", err)
	}
	v.properties = added
	return nil
}

// Get writes the value of an option to buf as zmq_getsockopt does, and returns its
// length. An integer needs exactly its size, except those of State, which may be
// given more. Any other value needs at least its length; the rest of buf is zeroed.
// The error is an *Error if there is no option with that number, it cannot be read,
// or buf has the wrong size.
func (v *Values) Get(n int, buf []byte, st State) (int, error) {
	o := Find(n)
	has := o != nil && (o.Set || o.has(v.typ)) && (n != fd || !v.threadSafe())
	if err := o.usable(n, false, has); err != nil {
		return 0, err
	}
	var value []byte
	switch {
	case n == lastEndpoint:
		value = append([]byte(st.LastEndpoint), 0)
	case o.Kind == Text:
		value = append(bytes.Clone(v.text[n]), 0)
	case o.Kind == Blob:
		value = v.text[n]
	case o.Kind == Key:
		return v.getKey(o, buf)
	default:
		value = o.Kind.encode(v.integer(n, st))
		larger := n == rcvMore || n == fd || n == events || n == threadSafe || n == topicsCount
		if !larger && len(buf) != len(value) {
			return 0, o.wrongSize(len(buf), strconv.Itoa(len(value)))
		}
	}
	if len(buf) < len(value) {
		return 0, o.wrongSize(len(buf), fmt.Sprintf("at least %d", len(value)))
	}
	clear(buf[copy(buf, value):])
	return len(value), nil
}

// getKey writes a key, as bytes or as text with a final zero byte.
func (v *Values) getKey(o *Option, buf []byte) (int, error) {
	key := v.key(o.Number)
	switch len(buf) {
	case 32:
		return copy(buf, key[:]), nil
	case 41:
		text, err := z85.EncodeToString(key[:])
		if err != nil {
			return 0, o.fail(Malformed, "%v", err)
		}
		return copy(buf, text+"\x00"), nil
	}
	return 0, o.wrongSize(len(buf), "32 or 41")
}

// key returns a CURVE key, which is zero if it is not set.
func (v *Values) key(n int) (key [32]byte) {
	copy(key[:], v.text[n])
	return key
}

// integer returns the value of an option that is an integer.
func (v *Values) integer(n int, st State) int64 {
	switch n {
	case rcvMore:
		return number(st.More)
	case fd:
		return int64(st.FD)
	case events:
		return int64(st.Events)
	case topicsCount:
		return int64(st.Topics)
	case typ:
		return int64(v.typ)
	case mechanismOption:
		return int64(v.mechanism)
	case threadSafe:
		return number(v.threadSafe())
	case ipv4Only:
		return 1 - v.ints[ipv6]
	case plainServer:
		return number(v.server && v.mechanism == Plain)
	case curveServer:
		return number(v.server && v.mechanism == Curve)
	}
	return v.ints[n]
}

// threadSafe reports whether libzmq lets several threads use a socket of the type.
func (v *Values) threadSafe() bool {
	switch v.typ {
	case pattern.SERVER, pattern.CLIENT, pattern.RADIO, pattern.DISH, pattern.GATHER, pattern.SCATTER, pattern.PEER, pattern.CHANNEL:
		return true
	}
	return false
}

// Mechanism returns the mechanism that the security options select, and the role.
func (v *Values) Mechanism() (m Mechanism, server bool) {
	return v.mechanism, v.server && v.mechanism != Null
}

// Text returns a value that is text, bytes or a key.
func (v *Values) Text(n int) []byte { return v.text[n] }

// Int returns a value that is an integer and not part of State.
func (v *Values) Int(n int) int64 { return v.integer(n, State{}) }

// TakeConnectRoutingID returns the value of ZMQ_CONNECT_ROUTING_ID for a call of
// zmq_connect, which consumes it.
func (v *Values) TakeConnectRoutingID() []byte {
	id := v.text[connectRoutingID]
	delete(v.text, connectRoutingID)
	return id
}
