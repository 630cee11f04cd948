package diff

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/interop/internal/harness"
)

// The roles of a socket, for the options curve and plain of a script.
const (
	roleServer  = "server"
	roleClient  = "client"
	roleUnknown = "unknown" // a client whose key the server does not know
	roleWrong   = "wrong"   // a client of another server, or with a wrong password
)

var serverKey, clientKey, otherKey = newKey(), newKey(), newKey()

func newKey() curve.Key {
	k, err := curve.GenerateKey()
	if err != nil {
		panic(err)
	}
	return k
}

const username, password = "ann", "correct horse"

// set sets one of libzmq's options.
func (so *Socket) set(option string, value any) {
	if so.Options == nil {
		so.Options = map[string]any{}
	}
	so.Options[option] = value
}

// curve sets libzmq's options for a role over CURVE.
func (so *Socket) curve(role string) {
	own := clientKey
	switch role {
	case roleServer:
		own = serverKey
		so.set("curve_server", 1)
	case roleClient:
		so.set("curve_serverkey", serverKey.Public().String())
	case roleUnknown:
		own = otherKey
		so.set("curve_serverkey", serverKey.Public().String())
	case roleWrong:
		so.set("curve_serverkey", otherKey.Public().String())
	default:
		panic("curve=" + role)
	}
	so.set("curve_secretkey", own.SecretZ85())
	so.set("curve_publickey", own.Public().String())
}

// plain sets libzmq's options for a role over PLAIN.
func (so *Socket) plain(role string) {
	switch role {
	case roleServer:
		so.set("plain_server", 1)
		return
	case roleClient:
		so.set("plain_password", password)
	case roleWrong:
		so.set("plain_password", password+"!")
	default:
		panic("plain=" + role)
	}
	so.set("plain_username", username)
}

// policy is the policy of a ZAP handler: a status for all requests, or the users
// and the keys that it accepts.
type policy struct {
	Status string            `json:"status"`
	Users  map[string]string `json:"users"`
	Keys   []string          `json:"keys"` // Z85
}

// newPolicy returns the policy of a word in a script.
func newPolicy(word string) *policy {
	if word == "known" {
		return &policy{Users: map[string]string{username: password}, Keys: []string{clientKey.Public().String()}}
	}
	return &policy{Status: word}
}

// authenticate is the policy for sockets of this library.
func (p *policy) authenticate(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
	known := false
	switch {
	case p.Status == "300":
		return zmq.Identity{}, zmq.ErrAuthUnavailable
	case p.Status == "500":
		return zmq.Identity{}, zmq.ErrAuthFailed
	case p.Status != "":
		known = p.Status == "200"
	case r.Mechanism == "PLAIN":
		known = p.Users[r.Username] == r.Password && r.Password != ""
	case r.Mechanism == "CURVE":
		known = slices.Contains(p.Keys, r.PublicKey.String())
	}
	if !known {
		return zmq.Identity{}, errors.New("unknown client")
	}
	return zmq.Identity{}, nil
}

// authenticate sets the authenticator of a server: the policy of the scenario, or
// ZAP without a handler. libzmq accepts every client of CURVE then.
func (p *plan) authenticate(s *zmq.Security, names *zmq.Namespace) {
	_, isCurve := s.Mechanism.(zmq.Curve)
	switch {
	case s.Authenticator == nil: // a client
	case p.ZAP != nil:
		s.Authenticator = p.ZAP.authenticate
	case !isCurve:
		s.Authenticator = zmq.ZAP(names)
	}
}

// curveOption returns a setter that changes the CURVE mechanism of the options.
func curveOption(set func(c *zmq.Curve, text string) error) setter {
	return func(o *zmq.Options, _ int, text string) error {
		c, _ := o.Security.Mechanism.(zmq.Curve)
		err := set(&c, text)
		o.Security.Mechanism = c
		if c.Server {
			o.Security.Authenticator = zmq.AllowAny
		}
		return err
	}
}

// plainOption is the same for a client of PLAIN.
func plainOption(field func(*zmq.Plain) *string) setter {
	return func(o *zmq.Options, _ int, text string) error {
		p, _ := o.Security.Mechanism.(zmq.Plain)
		*field(&p) = text
		o.Security.Mechanism = p
		return nil
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
		"plain_server": func(o *zmq.Options, _ int, _ string) error {
			o.Security.Mechanism, o.Security.Authenticator = zmq.PlainServer{}, zmq.AllowAny
			return nil
		},
		"plain_username": plainOption(func(p *zmq.Plain) *string { return &p.Username }),
		"plain_password": plainOption(func(p *zmq.Plain) *string { return &p.Password }),
		"zap_domain": func(o *zmq.Options, _ int, text string) error {
			o.Security.Domain, o.Security.Authenticator = text, zmq.AllowAny
			return nil
		},
	})
}

// watchHandshakes returns a channel with the outcomes of a socket's handshakes, by
// the names of scripts. It never blocks the socket.
func watchHandshakes(s harness.Socket) chan string {
	outcomes := make(chan string, 1000)
	events := s.Events(context.Background()) // until the socket is closed
	go func() {
		for e := range events {
			if e.Kind != zmq.EventReady && e.Kind != zmq.EventHandshakeFailed {
				continue
			}
			select {
			case outcomes <- handshakeOutcome(e):
			default:
			}
		}
	}()
	return outcomes
}

func nextHandshake(outcomes chan string) Outcome {
	select {
	case o := <-outcomes:
		return Outcome{Got: [][]string{{o}}}
	case <-time.After(waitLimit):
		return Outcome{Err: "no event"}
	}
}

// handshakeOutcome returns the name of libzmq's event for the same outcome.
func handshakeOutcome(e zmq.Event) string {
	switch e.Reason {
	case zmq.CloseMechanism:
		return "protocol 0x11000002"
	case zmq.CloseCrypto:
		return "protocol 0x11000001"
	case zmq.CloseUnexpected:
		return "protocol 0x10000001"
	case zmq.CloseAuthDenied:
		return "auth 400"
	case zmq.CloseAuthFailed:
		if errors.Is(e.Err, zmq.ErrAuthUnavailable) {
			return "auth 300"
		}
		return "auth 500"
	case zmq.CloseRefused:
		return "auth " + statusCode.FindString(fmt.Sprint(e.Err))
	case zmq.CloseNone, zmq.CloseHandshakeClosed, zmq.CloseHandshakeTimeout:
		if e.Kind == zmq.EventReady {
			return "ready"
		}
		return "failed"
	}
	return fmt.Sprint(e.Reason)
}

// statusCode matches the status code in the ERROR of a server.
var statusCode = regexp.MustCompile(`\b[345]00\b`)

// secure returns the scenario with a mechanism on every socket, the bound sockets
// as servers. It returns nil if a socket binds and connects, or if the scenario
// has a STREAM or endpoints of several transports.
func secure(s *Scenario, set func(so *Socket, role string)) *Scenario {
	roles := map[string]string{}
	for _, st := range s.Steps {
		role := ""
		switch st.Do {
		case doBind:
			role = roleServer
		case doConnect:
			role = roleClient
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
			set(so, role)
		}
	}
	return s
}

// TestScenariosMatchLibzmqOverCurve repeats the scenarios of the stable types
// over CURVE, with the results that they have without it.
func TestScenariosMatchLibzmqOverCurve(t *testing.T) {
	skipOrRequire(t, libzmq434.missing())
	repeatSecurely(t, libzmq434, (*Socket).curve, nil)
}

// TestScenariosMatchLibzmqOverPlain does the same over PLAIN, with a ZAP handler
// that accepts the client.
func TestScenariosMatchLibzmqOverPlain(t *testing.T) {
	skipOrRequire(t, libzmq434.missing())
	repeatSecurely(t, libzmq434, (*Socket).plain, newPolicy("known"))
}

func repeatSecurely(t *testing.T, p *lanePool, set func(so *Socket, role string), zap *policy) {
	for i, e := range slices.Concat(reqrep, routing, pipeline, publishing, subscriptions, disconnects) {
		over := allTransports
		if e.over != "" {
			over = strings.Fields(e.over)
		}
		over = slices.DeleteFunc(slices.Clone(over), func(t string) bool { return t == "inproc" })
		s := secure(script(e.text), set)
		if s == nil || len(over) == 0 || e.skip != "" || p.skipReason(s) != "" {
			continue
		}
		s.ZAP = zap
		transport := over[i%len(over)]
		t.Run(e.name+"/"+transport, func(t *testing.T) {
			t.Parallel()
			l := p.take(t)
			defer p.put(l)
			if wrong := l.play(s, transport); wrong != "" {
				t.Errorf("%s\n%s", e.rule, wrong)
			}
		})
	}
}
