package interop

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zap"
)

// party is the security of one socket, of this library or of libzmq.
type party struct {
	mechanism      string // NULL, PLAIN or CURVE
	server         bool   // the socket authenticates its peers
	user, password string
	key            curve.Key // zero for a client without one
	serverKey      curve.PublicKey
}

var serverKey, clientKey, otherKey = newKey(), newKey(), newKey()

func newKey() curve.Key {
	k, err := curve.GenerateKey()
	if err != nil {
		panic(err)
	}
	return k
}

var (
	nullParty   = party{mechanism: "NULL"}
	nullServer  = party{mechanism: "NULL", server: true}
	plainServer = party{mechanism: "PLAIN", server: true}
	plainClient = party{mechanism: "PLAIN", user: "ann", password: "correct horse"}
	curveServer = party{mechanism: "CURVE", server: true, key: serverKey}
	curveClient = party{mechanism: "CURVE", key: clientKey, serverKey: serverKey.Public()}
)

// domain is the ZAP domain of all servers.
const domain = "interop"

// options returns libzmq's options.
func (p party) options() options {
	o := options{}
	if p.server {
		o["ZAP_DOMAIN"] = domain
	}
	switch p.mechanism {
	case "PLAIN":
		if p.server {
			o["PLAIN_SERVER"] = 1
			break
		}
		o["PLAIN_USERNAME"], o["PLAIN_PASSWORD"] = p.user, p.password
	case "CURVE":
		if !p.key.IsZero() {
			o["CURVE_SECRETKEY"], o["CURVE_PUBLICKEY"] = p.key.SecretZ85(), p.key.Public().String()
		}
		if p.server {
			o["CURVE_SERVER"] = 1
			break
		}
		o["CURVE_SERVERKEY"] = p.serverKey.String()
	}
	return o
}

// security returns the same for a socket of this library. A server asks the
// authenticator.
func (p party) security(a zmq.Authenticator) zmq.Security {
	var s zmq.Security
	if p.server {
		s.Authenticator, s.Domain = a, domain
	}
	switch {
	case p.mechanism == "PLAIN" && p.server:
		s.Mechanism = zmq.PlainServer{}
	case p.mechanism == "PLAIN":
		s.Mechanism = zmq.Plain{Username: p.user, Password: p.password}
	case p.mechanism == "CURVE":
		s.Mechanism = zmq.Curve{Key: p.key, Server: p.server, ServerKey: p.serverKey}
	}
	return s
}

// policy decides which clients a server accepts: a status of ZAP for all
// clients, or the users and the keys that it knows. It is the policy of our
// authenticator and of the ZAP handler in peer.py.
type policy struct {
	Status string
	Users  map[string]string
	Keys   []string // Z85
}

var (
	acceptAny = policy{Status: "200"}
	knownOnly = policy{
		Users: map[string]string{"ann": "correct horse", "bob": "battery staple"},
		Keys:  []string{clientKey.Public().String()},
	}
)

var errUnknown = errors.New("unknown")

func (p policy) authenticate(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
	known := zmq.Identity{UserID: "our user"}
	switch p.Status {
	case "200":
		return known, nil
	case "300":
		return known, zmq.ErrAuthUnavailable
	case "400":
		return known, errUnknown
	case "500":
		panic("the authenticator fails")
	}
	password, ok := p.Users[r.Username]
	switch {
	case r.Mechanism == "PLAIN" && ok && password == r.Password:
		return known, nil
	case r.Mechanism == "CURVE" && slices.Contains(p.Keys, r.PublicKey.String()):
		return known, nil
	}
	return known, errUnknown
}

// authenticator returns an authenticator with the policy: a function, or ZAP with
// a handler of this library.
func (p policy) authenticator(t *testing.T, handler bool) zmq.Authenticator {
	t.Helper()
	if !handler {
		return p.authenticate
	}
	ns := zmq.NewNamespace()
	if p.Status != noHandler {
		rep, err := zmq.NewRep(&zmq.Options{Namespace: ns, Linger: zmq.NoLinger})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rep.Close() })
		if _, err := rep.Bind(zap.Endpoint); err != nil {
			t.Fatal(err)
		}
		if p.Status != "silent" {
			go p.answer(testContext(t), rep)
		}
	}
	return zmq.ZAP(ns)
}

// answer answers ZAP requests until the context ends.
func (p policy) answer(ctx context.Context, rep *zmq.Rep) {
	for m, err := range rep.Messages(ctx) {
		if err != nil {
			return
		}
		reply := zap.Reply{Status: zap.Status(p.Status)}
		request, err := zap.ParseRequest(m.Frames())
		switch {
		case err != nil:
			reply.Status = zap.StatusInternalError
		case p.Status == "":
			key, _ := request.PublicKey()
			_, err = p.authenticate(ctx, &zmq.AuthRequest{
				Mechanism: request.Mechanism, Username: request.Username(), Password: request.Password(), PublicKey: key,
			})
			if reply.Status = zap.StatusDenied; err == nil {
				reply.Status = zap.StatusAccepted
			}
		}
		frames := request.Reply(reply)
		if p.Status != "" {
			frames[2] = []byte(p.Status) // also an invalid one
		}
		rep.SendMessage(ctx, zmq.NewMessage(frames...))
	}
}

// zap starts a ZAP handler in the peer, or changes its policy.
func (p *python) zap(answers policy) {
	p.t.Helper()
	p.call(command{"do": "zap", "policy": answers})
}

// alliance is a mechanism with the roles of our socket and of the peer.
type alliance struct{ ours, theirs party }

func (a alliance) String() string {
	if a.ours.server {
		return a.ours.mechanism + " server"
	}
	return a.ours.mechanism + " client"
}

var (
	curveAlliances = []alliance{{curveServer, curveClient}, {curveClient, curveServer}}
	plainAlliances = []alliance{{plainServer, plainClient}, {plainClient, plainServer}}
)

// newOurs creates a socket, with testOptions if o is nil. A server accepts the
// known clients only.
func (a alliance) newOurs(t *testing.T, typ string, o *zmq.Options) *ours {
	t.Helper()
	if o == nil {
		o = testOptions()
	}
	o.Security = a.ours.security(knownOnly.authenticate)
	return newOurs(t, typ, o)
}

// newTheirs starts a peer with one socket, whose ZAP handler accepts the known
// clients only.
func (a alliance) newTheirs(t *testing.T, typ string, o options) *theirs {
	t.Helper()
	p := startPython(t)
	p.zap(knownOnly)
	return a.socket(p, typ, o)
}

// socket creates a further socket in the peer.
func (a alliance) socket(p *python, typ string, o options) *theirs {
	p.t.Helper()
	all := a.theirs.options()
	for k, v := range o {
		all[k] = v
	}
	return p.socket(typ, all)
}
