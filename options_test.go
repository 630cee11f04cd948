package zmq_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// optionsWith returns options in which the field at a path is set.
func optionsWith(t *testing.T, path string, value any) *zmq.Options {
	t.Helper()
	o := new(zmq.Options)
	v := reflect.ValueOf(o).Elem()
	for name := range strings.SplitSeq(path, ".") {
		if v = v.FieldByName(name); !v.IsValid() {
			t.Fatalf("Options.%s does not exist", path)
		}
	}
	v.Set(reflect.ValueOf(value).Convert(v.Type()))
	return o
}

// wantInvalid checks the error of a constructor that was given an invalid
// option.
func wantInvalid(t *testing.T, err error, text string) {
	t.Helper()
	if !errors.Is(err, zmq.ErrInvalidOption) || err.Error() != text {
		t.Errorf("error %v, want %s", err, text)
	}
}

func TestNewRefusesInvalidValues(t *testing.T) {
	for _, c := range []struct {
		typ, path string
		value     any
		want      string // after the path
	}{
		{"PUSH", "SendHWM", -1, "-1: use Unlimited for no limit"},
		{"PULL", "RecvHWM", -5, "-5: use Unlimited for no limit"},
		{"PUSH", "MaxQueuedBytes", -1, "-1: use Unlimited for no limit"},
		{"PUSH", "Linger", -1, "-1ns: use NoLinger to discard at once or Forever to wait without limit"},
		{"PUSH", "Reconnect.Interval", -time.Second, "-1s: use Forever not to connect again"},
		{"PUSH", "Reconnect.Interval", 9000 * time.Hour, "9000h0m0s: at most 8760h0m0s, or Forever not to connect again"},
		{"PUSH", "Reconnect.MaxInterval", -1, "-1ns: use 0 for the default"},
		{"PUSH", "Reconnect.MaxInterval", zmq.Forever, "2562047h47m16.854775807s: at most 8760h0m0s"},
		{"PUSH", "Reconnect.Interval", time.Minute, "1m0s: at most Options.Reconnect.MaxInterval, 5s; set that too"},
		{"PUSH", "Reconnect.ConnectTimeout", -1, "-1ns: use Forever for the timeout of the system"},
		{"PUSH", "Reconnect.Stop", 8, "8: use the ReconnectStop constants"},
		{"PUSH", "Heartbeat.Interval", -1, "-1ns: use Forever to send no PING"},
		{"PUSH", "Heartbeat.Timeout", -1, "-1ns: use Forever to keep silent peers"},
		{"PUSH", "Heartbeat.TTL", -1, "-1ns: use 0 for none"},
		{"PUSH", "Limits.MaxFrameSize", -1, "-1: use Unlimited for no limit"},
		{"PUSH", "Limits.MaxMessageSize", -1, "-1: use Unlimited for no limit"},
		{"PUSH", "Limits.MaxMessageFrames", -1, "-1: use Unlimited for no limit"},
		{"PUSH", "Limits.MaxConnections", -1, "-1: use Unlimited for no limit"},
		{"PUSH", "Limits.MaxPendingHandshakes", -1, "-1: use Unlimited for no limit"},
		{"PUSH", "Limits.MaxPendingPerSource", -1, "-1: use Unlimited for no limit"},
		{"PUB", "Limits.MaxSubscriptions", -1, "-1: use Unlimited for no limit"},
		{"PUB", "Limits.MaxSubscriptionBytes", -1, "-1: use Unlimited for no limit"},
		{"PUSH", "Limits.HandshakeTimeout", -1, "-1ns: use Forever for no limit"},
		{"PUSH", "Limits.MinVersion", zmq.ZMTP31 + 1, "5: use ZMTP10 to ZMTP31"},
		{"PUSH", "TCP.SendBuffer", -1, "-1: use 0 for the default"},
		{"PUSH", "TCP.RecvBuffer", 1<<30 + 1, "1073741825: at most 1073741824"},
		{"PUSH", "TCP.KeepAlive", 3, "3: use On or Off"},
		{"PUSH", "TCP.KeepAliveIdle", -1, "-1ns: use 0 for the default"},
		{"PUSH", "TCP.KeepAliveInterval", 40000 * time.Second, "11h6m40s: at most 9h6m7s"},
		{"PUSH", "TCP.KeepAliveCount", 128, "128: at most 127"},
		{"PUSH", "TCP.MaxRetransmit", -1, "-1ns: use 0 for the default"},
		{"PUSH", "TCP.TOS", 256, "256: at most 255"},
		{"PUSH", "TCP.IPv6", 7, "7: use On or Off"},
		{"PUSH", "TCP.Device", "a234567890123456", `"a234567890123456": at most 15 bytes`},
		{"PUSH", "TCP.Device", "a\x00b", `"a\x00b": contains a NUL byte`},
		{"PUSH", "TCP.Priority", -1, "-1: use 0 for the default"},
		{"PUSH", "TCP.Priority", int64(1) << 31, "2147483648: at most 2147483647"},
		{"PUSH", "TCP.BusyPoll", -1, "-1ns: use 0 for the default"},
		{"PUSH", "TCP.BusyPoll", time.Hour, "1h0m0s: at most 35m47.483647s"},
		{"PUSH", "TCP.Backlog", -1, "-1: use 0 for the default"},
		{"PUSH", "TCP.Backlog", int64(1) << 31, "2147483648: at most 2147483647"},
		{"PUSH", "IPC.Mode", fs.FileMode(1 << 20), "t---------: permission bits only"},
		{"RADIO", "Multicast.Hops", -1, "-1: use 0 for the default"},
		{"RADIO", "Multicast.Hops", 256, "256: at most 255"},
		{"DGRAM", "Multicast.Loopback", 3, "3: use On or Off"},
		{"ROUTER", "Router.Notify", 4, "4: use RouterNotifyConnect, RouterNotifyDisconnect or both"},
		{"ROUTER", "Router.Handover", 3, "3: use RouterHandoverNone, RouterHandoverSameUser or RouterHandoverAny"},
		{"XPUB", "XPub.Notify", 3, "3: use XPubNotifyFirstAndLast, XPubNotifyEverySubscribe or XPubNotifyEveryChange"},
		{"STREAM", "Stream.Notify", 3, "3: use On or Off"},
		{"STREAM", "Stream.HalfCloseTimeout", -1, "-1ns: use 0 for the default"},
	} {
		_, err := zmq.New(typeOf[c.typ].typ, optionsWith(t, c.path, c.value))
		wantInvalid(t, err, "zmq: new "+c.typ+": invalid option: Options."+c.path+" "+c.want)
	}
	for value, want := range map[string]string{
		strings.Repeat("x", 256): "Options.RoutingID of 256 bytes: at most 255",
		"\x00x":                  "Options.RoutingID begins with a zero byte, which is for IDs that a ROUTER assigns",
	} {
		s, err := zmq.NewReq(&zmq.Options{RoutingID: value})
		wantInvalid(t, err, "zmq: new REQ: invalid option: "+want)
		if s != nil {
			t.Error("NewReq returned a socket")
		}
	}
	for value, want := range map[time.Duration]string{
		time.Millisecond: "Options.Heartbeat.TTL 1ms: at least 100ms, or 0 for none", 2 * time.Hour: "Options.Heartbeat.TTL 2h0m0s: at most 1h49m13.5s",
	} {
		_, err := zmq.NewPush(optionsWith(t, "Heartbeat.TTL", value))
		wantInvalid(t, err, "zmq: new PUSH: invalid option: "+want)
	}
}

// The default of Interval is not an obstacle to a short MaxInterval.
func TestMaxIntervalMayBeBelowTheDefaultInterval(t *testing.T) {
	for _, o := range []zmq.ReconnectOptions{
		{MaxInterval: time.Millisecond},
		{Interval: time.Minute, MaxInterval: time.Minute},
		{Interval: zmq.Forever, MaxInterval: time.Millisecond},
	} {
		s, err := zmq.NewPush(&zmq.Options{Reconnect: o})
		if err != nil {
			t.Errorf("%+v: %v", o, err)
			continue
		}
		s.Close()
	}
}

func TestConnectAsRefusesInvalidRoutingIDs(t *testing.T) {
	router := must(zmq.NewRouter(nil))
	defer router.Close()
	for id, want := range map[string]string{
		"":                       "an empty routing ID cannot be assigned",
		"\x00":                   "routing ID begins with a zero byte, which is for IDs that a ROUTER assigns",
		strings.Repeat("x", 256): "routing ID of 256 bytes: at most 255",
	} {
		wantInvalid(t, router.ConnectAs("tcp://127.0.0.1:1", id), "zmq: connect tcp://127.0.0.1:1: invalid option: "+want)
	}
	wantInvalid(t, router.ConnectWith("tcp://127.0.0.1:1", zmq.EndpointOptions{PeerID: "\x00"}),
		"zmq: connect tcp://127.0.0.1:1: invalid option: routing ID begins with a zero byte, which is for IDs that a ROUTER assigns")
	if n := len(router.Endpoints()); n != 0 {
		t.Errorf("%d endpoints, want none", n)
	}
}

func TestSetHWMRefusesNegativeValues(t *testing.T) {
	push, pull := must(zmq.NewPush(nil)), must(zmq.NewPull(nil))
	defer push.Close()
	defer pull.Close()
	wantInvalid(t, push.SetSendHWM(-1), "zmq: set send hwm: invalid option: Options.SendHWM -1: use Unlimited for no limit")
	wantInvalid(t, pull.SetRecvHWM(-1), "zmq: set recv hwm: invalid option: Options.RecvHWM -1: use Unlimited for no limit")
	if err := errors.Join(push.SetSendHWM(zmq.Unlimited), pull.SetRecvHWM(0)); err != nil {
		t.Error(err)
	}
}

// someValue returns a valid value of an option that is not zero.
func someValue(t *testing.T, path string, typ reflect.Type) any {
	switch path {
	case "Namespace":
		return zmq.NewNamespace()
	case "Logger":
		return slog.New(slog.DiscardHandler)
	case "Metadata":
		return map[string]string{"X-a": "b"}
	case "Accept":
		return func(zmq.PeerInfo) bool { return true }
	case "Heartbeat.TTL":
		return time.Second
	case "Network.Resolver":
		return new(net.Resolver)
	case "Network.Resolvers":
		return map[string]zmq.Resolver{"list": &listResolver{}}
	case "Network.SOCKS5":
		return &zmq.SOCKS5{Address: "127.0.0.1:1080"}
	case "Network.DialContext":
		return func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }
	case "Network.Control":
		return func(string, string, syscall.RawConn) error { return nil }
	case "Network.Transports":
		return map[string]zmq.Transport{"mem": newMemory()}
	case "Security":
		return zmq.Security{MaxAuthentications: 1}
	}
	switch typ.Kind() {
	case reflect.Bool:
		return true
	case reflect.String, reflect.Slice:
		return "x"
	case reflect.Int, reflect.Int64, reflect.Uint8, reflect.Uint32:
		return 1
	}
	t.Fatalf("Options.%s is a %v", path, typ)
	return nil
}

// Types that have an option accept it; the others refuse it with an error that
// names it.
func TestNewRefusesOptionsOfOtherTypes(t *testing.T) {
	paths, listed := zmq.OptionPaths(), zmq.OptionTypes()
	for path := range listed {
		if _, ok := paths[path]; !ok {
			t.Errorf("the table lists Options.%s, which does not exist", path)
		}
	}
	for path, typ := range paths {
		types, ok := listed[path]
		if !ok {
			t.Errorf("the table does not list Options.%s", path)
			continue
		}
		o := optionsWith(t, path, someValue(t, path, typ))
		for _, st := range socketTypes {
			s, err := zmq.New(st.typ, o)
			if err == nil {
				s.Close()
			}
			if applies := types == nil || types[st.typ]; applies && err != nil {
				t.Errorf("Options.%s of %s: %v", path, st.name, err)
			} else if !applies {
				wantInvalid(t, err, "zmq: new "+st.name+": invalid option: Options."+path+" does not apply to "+st.name)
			}
		}
	}
}

func TestOptionTypesAgreeWithTheCore(t *testing.T) {
	for path, has := range zmq.CoreOptionTypes() {
		for _, st := range socketTypes {
			if got := zmq.OptionTypes()[path][st.typ]; got != has[st.typ] {
				t.Errorf("Options.%s of %s: the table says %v, the core %v", path, st.name, got, has[st.typ])
			}
		}
	}
}

func TestUnlimitedAndForeverAreAccepted(t *testing.T) {
	o := &zmq.Options{
		SendHWM: zmq.Unlimited, RecvHWM: zmq.Unlimited, MaxQueuedBytes: zmq.Unlimited, Linger: zmq.Forever,
		Reconnect: zmq.ReconnectOptions{Interval: zmq.Forever, ConnectTimeout: zmq.Forever},
		Heartbeat: zmq.HeartbeatOptions{Interval: zmq.Forever, Timeout: zmq.Forever},
		Limits: zmq.Limits{
			MaxFrameSize: zmq.Unlimited, MaxMessageSize: math.MaxInt64, MaxMessageFrames: zmq.Unlimited,
			MaxConnections: zmq.Unlimited, MaxPendingHandshakes: zmq.Unlimited, MaxPendingPerSource: zmq.Unlimited,
			MaxSubscriptions: zmq.Unlimited, MaxSubscriptionBytes: zmq.Unlimited, HandshakeTimeout: zmq.Forever,
		},
	}
	s, err := zmq.NewXPub(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestSocketTypeHasItsName(t *testing.T) {
	for _, st := range socketTypes {
		s := must(zmq.New(st.typ, nil))
		if s.Type() != st.typ || st.typ.String() != st.name {
			t.Errorf("%s has type %v", st.name, s.Type())
		}
		s.Close()
	}
	if got := zmq.SocketType(0).String() + " " + zmq.SocketType(255).String(); got != "unknown unknown" {
		t.Errorf("no type is %s", got)
	}
}

// Overflow is refused where it would have no meaning.
func TestOverflowIsRefusedWhereItDoesNotApply(t *testing.T) {
	_, err := zmq.NewReq(&zmq.Options{Overflow: zmq.OverflowBlock})
	wantInvalid(t, err, "zmq: new REQ: invalid option: Options.Overflow does not apply to REQ")
	_, err = zmq.NewPush(&zmq.Options{Overflow: zmq.OverflowError + 1})
	wantInvalid(t, err, "zmq: new PUSH: invalid option: Options.Overflow 5: use OverflowBlock, OverflowDropNewest, OverflowDropOldest or OverflowError")
	_, err = zmq.NewPub(&zmq.Options{Overflow: zmq.OverflowDropOldest, Conflate: true})
	wantInvalid(t, err, "zmq: new PUB: invalid option: Options.Overflow does not apply with Conflate, with which no queue is full")
}

// The policy decides about the call that waits otherwise.
func TestOverflowErrorEndsSendAtOnce(t *testing.T) {
	o := quickOptions()
	o.Overflow, o.SendHWM = zmq.OverflowError, 1
	push := must(zmq.NewPush(o))
	defer push.Close()
	check(push.Connect("inproc://nothing"))
	check(push.Send(testContext(t), []byte("m")))
	wantError(t, "Send", push.Send(testContext(t), []byte("m")), zmq.ErrWouldBlock)
}
