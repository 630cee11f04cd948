package diff

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// The roles of a socket over CURVE, for the option curve of a script.
const (
	curveServer = "server"
	curveClient = "client"
	curveWrong  = "wrong" // a client that expects another server
)

var serverKey, clientKey, otherKey = newKey(), newKey(), newKey()

func newKey() curve.Key {
	k, err := curve.GenerateKey()
	if err != nil {
		panic(err)
	}
	return k
}

// secure sets libzmq's options for a role over CURVE.
func (so *Socket) secure(role string) {
	if so.Options == nil {
		so.Options = map[string]any{}
	}
	own := clientKey
	switch role {
	case curveServer:
		own = serverKey
		so.Options["curve_server"] = 1
	case curveClient:
		so.Options["curve_serverkey"] = serverKey.Public().String()
	case curveWrong:
		so.Options["curve_serverkey"] = otherKey.Public().String()
	default:
		panic("curve=" + role)
	}
	so.Options["curve_secretkey"] = own.SecretZ85()
	so.Options["curve_publickey"] = own.Public().String()
}

// curveOption returns a setter that changes the CURVE mechanism of the options.
func curveOption(set func(c *zmq.Curve, text string) error) setter {
	return func(o *zmq.Options, _ int, text string) error {
		c, _ := o.Security.Mechanism.(zmq.Curve)
		err := set(&c, text)
		o.Security.Mechanism = c
		if c.Server {
			o.Security.Authenticator = zmq.AllowAny // as libzmq without a ZAP handler
		}
		return err
	}
}

func init() {
	maps.Copy(setters, map[string]setter{
		"curve_server": curveOption(func(c *zmq.Curve, _ string) error { c.Server = true; return nil }),
		"curve_secretkey": curveOption(func(c *zmq.Curve, text string) (err error) {
			c.Key, err = curve.ParseKey(text)
			return err
		}),
		"curve_serverkey": curveOption(func(c *zmq.Curve, text string) (err error) {
			c.ServerKey, err = curve.ParsePublicKey(text)
			return err
		}),
		"curve_publickey": curveOption(func(*zmq.Curve, string) error { return nil }), // follows from the secret key
	})
}

// secured are scenarios over CURVE, in addition to those of
// TestScenariosMatchLibzmqOverCurve.
var secured = []entry{
	{"curve-pull-connects-as-server", "the roles of CURVE do not depend on which socket binds", wires, "", `
		p PUSH curve=client
		a PULL curve=server
		b PULL curve=server
		p bind x
		a connect x
		b connect x
		p send 1
		p send 2 | "" | *70000
		p send 3
		a recv 1 ; 3
		b recv 2 | "" | *70000
		a none`},
	{"curve-router-routes-to-dealers", "a routing ID is announced inside CURVE", wires, "", `
		r ROUTER curve=server router_mandatory=1
		d DEALER curve=client routing_id=me
		e DEALER curve=client
		r bind x
		d connect x
		e connect x
		d send one | ""
		r recv me | one | ""
		e send two
		r recv $e | two
		r send $e | to e
		r send me | to d
		r send unknown | x -> EHOSTUNREACH
		d recv to d
		e recv to e
		d close
		r none
		r send me | x -> EHOSTUNREACH`},
	{"curve-client-with-wrong-server-key-is-refused", "a client connects to no server with another key", wires, "", `
		r PULL curve=server
		w PUSH curve=wrong
		g PUSH curve=client
		r bind x
		w connect x refused
		w send secret
		g connect x
		g send ok
		r recv ok
		r none`},
	{"curve-client-and-null-server-are-refused", "sockets of different mechanisms exchange nothing", wires, "", `
		r PULL
		c PUSH curve=client
		g PUSH
		r bind x
		c connect x refused
		g connect x
		g send ok
		r recv ok
		r none`},
	{"curve-subscriptions", "subscriptions are effective inside CURVE, also after a reconnect", wires, "", `
		p XPUB curve=server
		s SUB curve=client
		s sub a
		s sub b
		p bind x
		s connect x
		p any "\x01a" ; "\x01b"
		s unsub a
		p recv "\x00a"
		p send a
		p send bc
		s recv bc
		s disconnect x
		p recv "\x00b"
		s connect x
		p recv "\x01b"
		p send b
		s recv b
		s none`},
}

// overCurve returns the scenario with CURVE on every socket, the bound sockets
// as servers. It returns nil if a socket binds and connects, or if the scenario
// has a STREAM or endpoints of several transports.
func overCurve(s *Scenario) *Scenario {
	roles := map[string]string{}
	for _, st := range s.Steps {
		role := ""
		switch st.Do {
		case doBind:
			role = curveServer
		case doConnect:
			role = curveClient
		default:
			continue
		}
		if before := roles[st.Socket]; before != "" && before != role || strings.ContainsAny(st.At, "@:") {
			return nil
		}
		roles[st.Socket] = role
	}
	for i := range s.Sockets {
		so := &s.Sockets[i]
		switch role := roles[so.Name]; {
		case so.Type == "STREAM", so.Type == byteStream:
			return nil
		case role != "":
			so.secure(role)
		}
	}
	return s
}

// TestScenariosMatchLibzmqOverCurve repeats the scenarios of the stable types
// over CURVE, with the results that they have without it.
func TestScenariosMatchLibzmqOverCurve(t *testing.T) {
	skipOrRequire(t, libzmq434.missing())
	for i, e := range slices.Concat(reqrep, routing, pipeline, publishing, subscriptions, disconnects) {
		over := allTransports
		if e.over != "" {
			over = strings.Fields(e.over)
		}
		over = slices.DeleteFunc(slices.Clone(over), func(t string) bool { return t == "inproc" })
		s := overCurve(script(e.text))
		if s == nil || len(over) == 0 || e.skip != "" || libzmq434.skipReason(s) != "" {
			continue
		}
		transport := over[i%len(over)]
		t.Run(e.name+"/"+transport, func(t *testing.T) {
			t.Parallel()
			l := libzmq434.take(t)
			defer libzmq434.put(l)
			if wrong := l.play(s, transport); wrong != "" {
				t.Errorf("%s\n%s", e.rule, wrong)
			}
		})
	}
}
