package zmq_test

import (
	"crypto/tls"
	"errors"
	"maps"
	"math"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
)

// extremes returns values of a field: all that its Go type has at its limits, and all
// that have no meaning in some option.
func extremes(path string, typ reflect.Type) (list []any) {
	switch path {
	case "Metadata":
		for _, name := range []string{"", "a", "X-", "X-a b", "X-\x00", "X-\xff", "X-é", "X-On-Error", "X-" + strings.Repeat("a", 254)} {
			list = append(list, map[string]string{name: "v"})
		}
		return append(list, map[string]string{"X-a": strings.Repeat("v", 5000)}, map[string]string{"X-a": "1", "X-A": "2"})
	case "Network.Resolvers":
		for _, name := range []string{"", "srv", "tls", "UP", "a+b", "a b", "\xff", "a\x00"} {
			list = append(list, map[string]zmq.Resolver{name: &listResolver{}})
		}
		return append(list, map[string]zmq.Resolver{"list": nil})
	case "Network.Transports":
		for _, name := range []string{"", "tcp", "ipc", "inproc", "udp", "tls+tcp", "UP", "a b", "a:", "\xff", "a\x00"} {
			list = append(list, map[string]zmq.Transport{name: newMemory()})
		}
		return append(list, map[string]zmq.Transport{"mem": nil})
	case "Network.SOCKS5":
		for _, address := range badProxies {
			list = append(list, &zmq.SOCKS5{Address: address})
		}
		return append(list, &zmq.SOCKS5{Address: "a:1", Password: "x"}, &zmq.SOCKS5{Address: "a:1", Username: strings.Repeat("x", 256)},
			&zmq.SOCKS5{Address: "a:1", Username: "x", Password: strings.Repeat("x", 256)})
	case "Security":
		for _, s := range badSecurity() {
			list = append(list, s)
		}
		return list
	}
	switch typ.Kind() {
	case reflect.Int, reflect.Int64:
		for _, n := range []int64{math.MinInt64, math.MinInt32, -2, -1, 0, 1, 2, math.MaxInt32, math.MaxInt32 + 1, math.MaxInt64 - 1, math.MaxInt64} {
			list = append(list, n)
		}
	case reflect.Uint8, reflect.Uint32:
		for _, n := range []uint64{0, 1, 2, 3, 4, 5, 8, 127, 255, math.MaxUint32} {
			if !reflect.Zero(typ).OverflowUint(n) {
				list = append(list, n)
			}
		}
	case reflect.String:
		for _, s := range []string{"", "\x00", "\x00a", "a\x00b", "\xff\xfe", strings.Repeat("x", 16), strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("x", 70_000)} {
			list = append(list, s)
		}
	case reflect.Slice:
		list = append(list, []byte{}, []byte{0}, []byte("\xff"), make([]byte, 70_000))
	case reflect.Bool:
		list = append(list, false, true)
	}
	return list
}

// badProxies are addresses of SOCKS5 proxies that are not "host:port".
var badProxies = []string{"", "a", ":1", "a:", "a:0", "a:65536", "a:x", "[::1", "::1:1", "a b:1", "a\x00:1", "0.0.0.0:1", "[::]:1"}

// badSecurity returns securities that no socket accepts.
func badSecurity() map[string]zmq.Security {
	return map[string]zmq.Security{
		"negative limit":                {MaxAuthentications: -1},
		"nil pointer":                   {Mechanism: (*zmq.Curve)(nil)},
		"PLAIN without a user name":     {Mechanism: zmq.Plain{Password: "x"}},
		"PLAIN without a password":      {Mechanism: zmq.Plain{Username: "x"}},
		"PLAIN with a long user name":   {Mechanism: zmq.Plain{Username: strings.Repeat("x", 256), Password: "x"}},
		"PLAIN with a long password":    {Mechanism: zmq.Plain{Username: "x", Password: strings.Repeat("x", 256)}},
		"server without authenticator":  {Mechanism: zmq.PlainServer{}},
		"CURVE client without key":      {Mechanism: zmq.Curve{}},
		"CURVE server without key":      {Mechanism: zmq.Curve{Server: true}, Authenticator: zmq.AllowAny},
		"client with an authenticator":  {Mechanism: zmq.Plain{Username: "x", Password: "x"}, Authenticator: zmq.AllowAny},
		"domain without authenticator":  {Domain: "x"},
		"TLS of a version that is old":  {TLS: &tls.Config{MaxVersion: tls.VersionTLS11}},
		"TLS of no version":             {TLS: &tls.Config{MinVersion: tls.VersionTLS13 + 1}},
		"TLS with contradicting limits": {TLS: &tls.Config{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS12}},
	}
}

// refused reports whether every socket type refuses a value of a field: a negative
// number, a number that is no constant of its type, and what extremes lists for one
// field because it is wrong there.
func refused(path string, typ reflect.Type, value any) bool {
	switch v := value.(type) {
	case int64:
		return v < 0
	case uint64:
		return v == 255 && path != "IPC.Mode"
	case string:
		return path == "RoutingID" && (len(v) > 255 || strings.HasPrefix(v, "\x00")) || path == "TCP.Device" && (len(v) > 15 || strings.Contains(v, "\x00"))
	}
	return slices.Contains([]string{"Metadata", "Network.Resolvers", "Network.Transports", "Network.SOCKS5", "Security"}, path)
}

// Every field of Options with every value: the constructor returns a socket, or no
// socket and an error that names the field. The options stay as they were, and no
// goroutine runs, or the bubble of synctest would not end.
func TestNewWithAnyValueReturnsASocketOrAnErrorThatNamesTheField(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusals, accepted := 0, 0
		for path, typ := range zmq.OptionPaths() {
			types, tested := zmq.OptionTypes()[path], 0
			for i, value := range extremes(path, typ) {
				for j := range socketTypes {
					st := socketTypes[(i+j)%len(socketTypes)]
					if types != nil && !types[st.typ] {
						continue
					}
					if tested++; tested%4 != 0 && (types == nil || len(types) > 4) { // each value with several types
						continue
					}
					o := optionsWith(t, path, value)
					before := *o
					s, err := zmq.New(st.typ, o)
					switch {
					case err == nil:
						accepted++
						if refused(path, typ, value) {
							t.Errorf("%s: Options.%s %.40v is accepted", st.name, path, value)
						}
						s.Close()
					case s != (zmq.Socket{}) || !errors.Is(err, zmq.ErrInvalidOption) || !strings.Contains(err.Error(), path):
						t.Errorf("%s: Options.%s %.40v: error %.200v, socket %v", st.name, path, value, err, s)
					default:
						refusals++
					}
					if !reflect.DeepEqual(withoutFunctions(before), withoutFunctions(*o)) {
						t.Errorf("%s: Options.%s %.40v: the options have changed", st.name, path, value)
					}
				}
			}
		}
		if refusals < 1000 || accepted < 900 {
			t.Errorf("%d values refused, %d accepted", refusals, accepted)
		}
	})
}

// withoutFunctions returns options without the fields that cannot be compared.
func withoutFunctions(o zmq.Options) zmq.Options {
	o.Security.Authenticator, o.Accept = nil, nil
	o.Network.Control, o.Network.DialContext = nil, nil
	return o
}

// endpointOptions returns wrong options of an endpoint of a ROUTER, by the field of
// EndpointOptions that the error names.
func wrongEndpointOptions() map[string][]zmq.EndpointOptions {
	m := map[string][]zmq.EndpointOptions{
		"PeerID": {{PeerID: "\x00"}, {PeerID: "\x00x"}, {PeerID: strings.Repeat("x", 256)}, {PeerID: strings.Repeat("x", 70_000)}},
		"Network": {
			{Network: &zmq.NetworkOptions{Transports: map[string]zmq.Transport{"mem": newMemory()}}},
			{Network: &zmq.NetworkOptions{Resolvers: map[string]zmq.Resolver{"list": &listResolver{}}}},
			{Network: &zmq.NetworkOptions{RefreshInterval: -1}}, {Network: &zmq.NetworkOptions{RefreshInterval: time.Second}},
			{Network: &zmq.NetworkOptions{MaxAddresses: -1}}, {Network: &zmq.NetworkOptions{MaxAddresses: 1}},
		},
	}
	for _, address := range badProxies {
		m["Network"] = append(m["Network"], zmq.EndpointOptions{Network: &zmq.NetworkOptions{SOCKS5: &zmq.SOCKS5{Address: address}}})
	}
	for _, s := range badSecurity() {
		m["Security"] = append(m["Security"], zmq.EndpointOptions{Security: &s})
	}
	return m
}

// Wrong options of an endpoint: no endpoint is made, and the socket works.
func TestWrongEndpointOptionsMakeNoEndpoint(t *testing.T) {
	var fields []string
	for i := range reflect.TypeFor[zmq.EndpointOptions]().NumField() {
		fields = append(fields, reflect.TypeFor[zmq.EndpointOptions]().Field(i).Name)
	}
	if have := slices.Sorted(maps.Keys(wrongEndpointOptions())); !slices.Equal(have, slices.Sorted(slices.Values(fields))) {
		t.Errorf("wrong values of the fields %v, EndpointOptions has %v", have, fields)
	}
	synctest.Test(t, func(t *testing.T) {
		router, dealer := must(zmq.NewRouter(inprocOptions())), must(zmq.NewDealer(nil))
		defer router.Close()
		defer dealer.Close()
		const ep = "tcp://127.0.0.1:1"
		for field, list := range wrongEndpointOptions() {
			for _, o := range list {
				_, bindErr := router.BindWith(ep, o)
				near, far := net.Pipe()
				_, attachErr := router.AttachConn(near, o)
				for what, err := range map[string]error{
					"BindWith": bindErr, "ConnectWith": router.ConnectWith(ep, o), "ConnectWith of a DEALER": dealer.ConnectWith(ep, o), "AttachConn": attachErr,
				} {
					if names := strings.Contains(err.Error(), field) || field == "PeerID" && strings.Contains(err.Error(), "routing ID"); !errors.Is(err, zmq.ErrInvalidOption) || !names {
						t.Errorf("%s with %s: %.200v", what, field, err)
					}
				}
				near.Close()
				far.Close()
				if n := len(router.Endpoints()) + len(dealer.Endpoints()); n != 0 {
					t.Fatalf("%s: %d endpoints", field, n)
				}
				if o.Security == nil {
					continue
				}
				for what, err := range map[string]error{"SetSecurity": router.SetSecurity(*o.Security), "SetEndpointSecurity": router.SetEndpointSecurity(ep, *o.Security)} {
					if !errors.Is(err, zmq.ErrInvalidOption) {
						t.Errorf("%s: %.200v", what, err)
					}
				}
			}
		}
		if _, err := router.Bind("inproc://x"); err != nil {
			t.Error(err)
		}
		if err := router.DisconnectPeers(func(zmq.PeerInfo) bool { return true }); err != 0 {
			t.Error(err)
		}
	})
}

// A descriptor that listens, and one that is connected, as systemd and inetd pass them.
func TestDescriptorsServeASocket(t *testing.T) {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	file := must(l.(*net.TCPListener).File())
	l.Close()
	listening := must(net.FileListener(file))
	file.Close()
	pull, push := must(zmq.NewPull(quickOptions())), must(zmq.NewPush(quickOptions()))
	closeAtEnd(t, pull, push)
	ep := must(pull.BindListener(listening, zmq.EndpointOptions{}))

	conn := must(net.Dial("tcp", strings.TrimPrefix(ep, "tcp://")))
	file = must(conn.(*net.TCPConn).File())
	conn.Close()
	connected := must(net.FileConn(file))
	file.Close()
	if _, err := push.AttachConn(connected, zmq.EndpointOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx := testContext(t)
	check(push.Send(ctx, []byte("x")))
	m, err := pull.Recv(ctx)
	if err != nil || string(m.Frame(0)) != "x" {
		t.Errorf("received %v, %v", m, err)
	}
}
