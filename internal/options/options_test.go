package options_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
)

func i32(n int) []byte   { return binary.NativeEndian.AppendUint32(nil, uint32(n)) }
func i64(n int64) []byte { return binary.NativeEndian.AppendUint64(nil, uint64(n)) }

// get returns the value of an option in a buffer that fits, or the err.
func get(v *options.Values, n int) string {
	for _, size := range []int{4, 8, 32, 300, 2000} {
		buf := bytes.Repeat([]byte{0xee}, size)
		if length, err := v.Get(n, buf, options.State{}); err == nil {
			return string(buf[:length])
		}
	}
	return "EINVAL"
}

// snapshot returns everything that can be seen of the values.
func snapshot(v *options.Values) string {
	var b strings.Builder
	for n := range 200 {
		fmt.Fprintf(&b, "%d %q %q %d\n", n, get(v, n), v.Text(n), v.Int(n))
	}
	var o socket.Options
	v.Apply(&o)
	accept := o.Accept != nil
	o.Accept = nil
	fmt.Fprintf(&b, "%+v %v", o, accept)
	m, server := v.Mechanism()
	fmt.Fprintf(&b, " %v %v", m, server)
	return b.String()
}

func TestTableIsSortedAndComplete(t *testing.T) {
	for what, table := range map[string][]options.Option{"socket": options.Socket, "context": options.Context} {
		for i, o := range table {
			if i > 0 && o.Number <= table[i-1].Number && o.Number != 3 {
				t.Errorf("%s: %s (%d) follows %d", what, o.Name, o.Number, table[i-1].Number)
			}
			if (len(o.Go) == 0) == (o.Reason == "") {
				t.Errorf("%s: %s has places %q and reason %q, want one of them", what, o.Name, o.Go, o.Reason)
			}
			if !o.Get && !o.Set || o.Min > o.Max || !strings.HasPrefix(o.Name, "ZMQ_") {
				t.Errorf("%s: %+v", what, o)
			}
		}
	}
	if len(options.Socket) != 112 || len(options.Context) != 13 {
		t.Errorf("%d options of sockets and %d of contexts, want 112 and 13", len(options.Socket), len(options.Context))
	}
	for _, n := range []int{-1, 0, 1, 2, 3, 10, 20, 26, 29, 30, 67, 70, 82, 83, 125, math.MaxInt32} {
		if options.Find(n) != nil {
			t.Errorf("option %d exists", n)
		}
	}
}

// The smallest and the largest value of each option can be set and read back.
func TestSetOfLimitsIsReadBack(t *testing.T) {
	for _, o := range options.Socket {
		if !o.Set || o.Unknown || o.Number == 6 || o.Number == 7 || o.Number == 38 || o.Number == 95 {
			continue
		}
		typ := pattern.DEALER
		if o.Types != nil {
			typ = o.Types[0]
		}
		var values [][]byte
		switch o.Kind {
		case options.Int, options.FD:
			values = [][]byte{i32(int(o.Min)), i32(int(o.Max))}
		case options.Int64, options.Uint64:
			values = [][]byte{i64(o.Min), i64(o.Max), i64(0)}
		case options.Key:
			values = [][]byte{bytes.Repeat([]byte{7}, 32)}
		default:
			values = [][]byte{bytes.Repeat([]byte{'x'}, int(o.Min)), bytes.Repeat([]byte{'x'}, int(min(o.Max, 1000)))}
		}
		for _, value := range values {
			v := options.New(typ, false, true)
			if err := v.Set(o.Number, value); err != nil {
				t.Errorf("%s set to %q: %v", o.Name, value, err)
				continue
			}
			got := get(v, o.Number)
			want := string(value)
			switch {
			case !o.Get:
				want = "EINVAL"
			case o.Kind == options.Text:
				want += "\x00"
			case o.Number == 76:
				want = map[bool]string{true: string(i32(0)), false: string(i32(6553500))}[o.Min == int64(int32(binary.NativeEndian.Uint32(value)))]
			case o.Number == 74 || o.Number == 93 || o.Number == 94 || o.Number == 96:
				want = string(i32(1)) // a truth value
			}
			if got != want {
				t.Errorf("%s set to %q: reads %q, want %q", o.Name, value, got, want)
			}
		}
	}
}

func TestGetOfWrongSizeIsEINVAL(t *testing.T) {
	v := options.New(pattern.SUB, false, true)
	for _, o := range options.Socket {
		for _, size := range []int{0, 1, 3, 4, 5, 7, 8, 9, 31, 32, 33, 40, 41, 42, 300} {
			var ok bool
			switch {
			case !o.Get || o.Unknown:
			case o.Number == 13 || o.Number == 14 || o.Number == 15 || o.Number == 81 || o.Number == 116: // may be given more
				ok = size >= 4
			case o.Kind == options.Int || o.Kind == options.FD:
				ok = size == 4
			case o.Kind == options.Int64 || o.Kind == options.Uint64:
				ok = size == 8
			case o.Kind == options.Key:
				ok = size == 32 || size == 41
			case o.Kind == options.Text:
				ok = size >= 1
			default:
				ok = true
			}
			_, err := v.Get(o.Number, make([]byte, size), options.State{})
			if (err == nil) != ok || err != nil && !errors.Is(err, syscall.EINVAL) {
				t.Errorf("%s read into %d bytes: %v, want success: %v", o.Name, size, err, ok)
			}
		}
	}
	if _, err := options.New(pattern.CLIENT, false, true).Get(14, make([]byte, 4), options.State{}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("ZMQ_FD of a thread-safe type: %v", err)
	}
	if _, err := options.New(pattern.PUSH, false, true).Get(116, make([]byte, 4), options.State{}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("ZMQ_TOPICS_COUNT of a PUSH: %v", err)
	}
}

func TestGetZeroesTheRestOfTheBuffer(t *testing.T) {
	v := options.New(pattern.DEALER, false, true)
	v.Set(5, []byte("id"))
	state := options.State{More: true, FD: 7, Events: 3, LastEndpoint: "tcp://x", Topics: 2}
	for n, want := range map[int]string{5: "id", 13: string(i32(1)), 14: string(i32(7)), 15: string(i32(3)), 32: "tcp://x\x00", 81: string(i32(0))} {
		buf := bytes.Repeat([]byte{0xee}, 12)
		length, err := v.Get(n, buf, state)
		if err != nil || string(buf[:length]) != want || strings.Trim(string(buf[length:]), "\x00") != "" {
			t.Errorf("option %d: %d bytes, %v, %q, want %q", n, length, err, buf, want)
		}
	}
}

// The defaults of libzmq, applied to the core, read back as the same values, unless
// the core has no such value.
func TestDefaultsReachTheCore(t *testing.T) {
	v := options.New(pattern.DEALER, false, true)
	var o socket.Options
	v.Apply(&o)
	read := 0
	for _, opt := range options.Socket {
		n, ok := opt.ReadCore(&o)
		if !ok {
			continue
		}
		read++
		want := opt.Default
		switch opt.Name {
		case "ZMQ_HEARTBEAT_TIMEOUT", "ZMQ_TCP_KEEPALIVE":
			want = 0 // the interval; not changed
		case "ZMQ_RECONNECT_IVL_MAX":
			want = 100 // no backoff
		}
		if n != want {
			t.Errorf("%s is %d in the core, want %d", opt.Name, n, want)
		}
	}
	if read < 35 {
		t.Errorf("only %d options reach the core", read)
	}
	if o.Accept != nil || o.Linger != -time.Millisecond || o.Hello != nil {
		t.Errorf("defaults %+v", o)
	}
	for _, c := range []struct {
		typ    pattern.Type
		blocky bool
		want   int64
	}{{pattern.SUB, true, 0}, {pattern.XSUB, true, 0}, {pattern.DISH, true, 0}, {pattern.PUSH, true, -1}, {pattern.PUSH, false, 0}} {
		if got := options.New(c.typ, true, c.blocky).Int(17); got != c.want {
			t.Errorf("linger of %s, blocky %v: %d, want %d", pattern.Types[c.typ].Name, c.blocky, got, c.want)
		}
	}
}

func TestValuesReachTheCore(t *testing.T) {
	v := options.New(pattern.XPUB, true, true)
	for n, value := range map[int][]byte{
		5: []byte("id"), 17: i32(1500), 18: i32(7), 21: i32(3000), 22: i64(99), 23: i32(0), 92: []byte("lo\x00"), 95: []byte("X-a:b:c"),
		31: i32(1), 75: i32(1000), 76: i32(2599), 109: i32(-1), 110: []byte("hello"), 78: i32(1), 98: i32(1), 113: i32(50),
	} {
		if err := v.Set(n, value); err != nil {
			t.Errorf("option %d: %v", n, err)
		}
	}
	v.Set(95, []byte("X-a:second"))
	var got socket.Options
	v.Apply(&got)
	if got.RoutingID != "id" || got.Linger != 1500*time.Millisecond || got.ReconnectInterval != 7*time.Millisecond || got.ReconnectMax != 3*time.Second ||
		got.Limits.Frame != 99 || got.SendHWM != 0 || got.Transport.Device != "lo" || !reflect.DeepEqual(got.Properties, map[string]string{"X-a": "b:c"}) ||
		!got.Transport.IPv4Only || got.Heartbeat != time.Second || got.HeartbeatTimeout != time.Second || got.HeartbeatTTL != 2500*time.Millisecond ||
		got.ReconnectStop != session.StopRefused|session.StopHandshakeFailed|session.StopAfterDisconnect || string(got.Hello) != "hello" ||
		got.Pattern.XPubNotify != pattern.XPubNotifyEveryChange || !got.Pattern.Manual || !got.Pattern.LastValue || got.Transport.BusyPoll != 50*time.Microsecond {
		t.Errorf("got %+v", got)
	}
}

func TestSecurityOptionsSelectMechanismAndRole(t *testing.T) {
	key := bytes.Repeat([]byte{3}, 32)
	v := options.New(pattern.DEALER, false, true)
	for i, c := range []struct {
		n         int
		value     []byte
		mechanism options.Mechanism
		server    bool
	}{
		{45, []byte("user"), options.Plain, false},
		{44, i32(1), options.Plain, true},
		{46, []byte("pass"), options.Plain, false},
		{46, nil, options.Null, false},
		{47, i32(1), options.Curve, true},
		{49, key, options.Curve, true},
		{48, key, options.Curve, true},
		{50, key, options.Curve, false},
		{47, i32(0), options.Null, false},
		{44, i32(1), options.Plain, true},
		{44, i32(0), options.Null, false},
	} {
		if err := v.Set(c.n, c.value); err != nil {
			t.Errorf("step %d: %v", i, err)
		}
		if m, server := v.Mechanism(); m != c.mechanism || server != c.server || v.Int(43) != int64(c.mechanism) {
			t.Errorf("step %d, option %d: %v, server %v, want %v, %v", i, c.n, m, server, c.mechanism, c.server)
		}
	}
	if got := string(v.Text(46)); got != "pass" {
		t.Errorf("password %q", got)
	}
}

// A key is read as it may be set: 32 bytes, or 40 characters and a zero byte.
func TestKeysAreReadAsBytesOrText(t *testing.T) {
	v := options.New(pattern.DEALER, false, true)
	// The keys of the CurveZMQ examples.
	const text = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
	key := []byte{0x8e, 0x0b, 0xdd, 0x69, 0x76, 0x28, 0xb9, 0x1d, 0x8f, 0x24, 0x55, 0x87, 0xee, 0x95, 0xc5, 0xb0,
		0x4d, 0x48, 0x96, 0x3f, 0x79, 0x25, 0x98, 0x77, 0xb4, 0x9c, 0xd9, 0x06, 0x3a, 0xea, 0xd3, 0xb7}
	for _, value := range []string{text, text + "\x00", string(key)} {
		if err := v.Set(48, []byte(value)); err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		raw, z := make([]byte, 32), make([]byte, 41)
		n, e1 := v.Get(48, raw, options.State{})
		m, e2 := v.Get(48, z, options.State{})
		if n != 32 || m != 41 || e1 != nil || e2 != nil || !bytes.Equal(raw, key) || string(z) != text+"\x00" {
			t.Errorf("set %q: %d %d %v %v %x %q", value, n, m, e1, e2, raw, z)
		}
	}
}

func TestFiltersAcceptListedPeers(t *testing.T) {
	tcp := func(addr string) *msg.Peer { return &msg.Peer{Remote: net.TCPAddrFromAddrPort(addrPort(t, addr))} }
	ipc := func(pid, uid, gid int) *msg.Peer {
		return &msg.Peer{Remote: &net.UnixAddr{Net: "unix"}, Credentials: &msg.Credentials{PID: pid, UID: uid, GID: gid}}
	}
	v := options.New(pattern.PULL, true, true)
	for n, values := range map[int][][]byte{38: {[]byte("10.0.0.0/8"), []byte("192.0.2.7"), []byte("2001:db8::/32")}, 58: {i32(1)}, 59: {i32(1_000_002), i32(1_000_004)}, 60: {i32(1_000_003)}} {
		for _, value := range values {
			if err := v.Set(n, value); err != nil {
				t.Fatal(n, err)
			}
		}
	}
	var o socket.Options
	v.Apply(&o)
	for _, c := range []struct {
		peer *msg.Peer
		want bool
	}{
		{tcp("10.255.0.1:5"), true}, {tcp("[::ffff:10.0.0.1]:5"), true}, {tcp("192.0.2.7:5"), true}, {tcp("192.0.2.8:5"), false},
		{tcp("[2001:db8::1]:5"), true}, {tcp("[2001:db9::1]:5"), false},
		{ipc(1, 9, 9), true}, {ipc(9, 1_000_002, 9), true}, {ipc(9, 1_000_004, 9), true}, {ipc(9, 9, 1_000_003), true}, {ipc(2, 1_000_003, 1), false},
		{&msg.Peer{Remote: &net.UnixAddr{Net: "unix"}}, false},
	} {
		if got := o.Accept(c.peer); got != c.want {
			t.Errorf("%+v: accepted %v", c.peer.Remote, got)
		}
	}
	v.Set(38, nil)
	v.Apply(&o)
	if !o.Accept(tcp("192.0.2.8:5")) || o.Accept(ipc(2, 1_000_003, 1)) {
		t.Error("an empty ZMQ_TCP_ACCEPT_FILTER does not clear the addresses alone")
	}
	for _, n := range []int{58, 59, 60} {
		v.Set(n, nil)
	}
	if v.Apply(&o); o.Accept != nil {
		t.Error("a filter remains")
	}
}

func addrPort(t *testing.T, s string) netip.AddrPort {
	t.Helper()
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConnectRoutingIDIsConsumed(t *testing.T) {
	v := options.New(pattern.ROUTER, false, true)
	v.Set(61, []byte("peer"))
	if got := string(v.TakeConnectRoutingID()) + " " + string(v.TakeConnectRoutingID()); got != "peer " {
		t.Errorf("taken %q", got)
	}
}
