package options_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// handler is a ZAP handler that accepts, denies, or is not bound.
type handler int

const (
	notBound handler = iota
	accepts
	denies
)

// asked has the domains for which a handler was asked.
type asked struct {
	mu      sync.Mutex
	domains []string
}

func (a *asked) list() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.domains)
}

// ask returns the function that asks the handler, which notes the domains.
func (h handler) ask(a *asked) options.Ask {
	return func(_ context.Context, _ *session.AuthRequest, domain string) (mechanism.Verdict, bool, error) {
		a.mu.Lock()
		a.domains = append(a.domains, domain)
		a.mu.Unlock()
		switch h {
		case accepts:
			return mechanism.Verdict{Status: mechanism.StatusAccepted, UserID: "user"}, true, nil
		case denies:
			return mechanism.Verdict{Status: mechanism.StatusDenied}, true, errors.New("denied")
		}
		return mechanism.Verdict{}, false, nil
	}
}

// Each mechanism with and without a handler, a domain and ZMQ_ZAP_ENFORCE_DOMAIN.
func TestMechanismsAskTheHandlerAsLibzmqDoes(t *testing.T) {
	key, err := curve.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	public, secret, serverKey := key.Public(), key.Secret(), key.Public()
	for _, c := range []struct {
		mechanism       string
		h               handler
		domain          string
		enforced        bool
		asked, admitted bool
	}{
		{"NULL", denies, "", false, false, true},
		{"NULL", denies, "d", false, true, false},
		{"NULL", accepts, "d", false, true, true},
		{"NULL", notBound, "d", false, true, true},
		{"NULL", notBound, "d", true, true, false},
		{"NULL", notBound, "", true, false, true},
		{"PLAIN", accepts, "", false, true, true},
		{"PLAIN", denies, "", false, true, false},
		{"PLAIN", notBound, "", false, true, false},
		{"PLAIN", accepts, "d", true, true, true},
		{"CURVE", accepts, "", false, true, true},
		{"CURVE", denies, "", false, true, false},
		{"CURVE", notBound, "", false, true, true},
		{"CURVE", notBound, "d", false, true, true},
		{"CURVE", notBound, "d", true, true, false},
		{"CURVE", denies, "", true, false, true},
	} {
		st.Run(t, func(w *st.World) {
			var a asked
			server, client := newCoreAsking(w, pattern.PULL, c.h.ask(&a)), newCore(w, pattern.PUSH)
			switch c.mechanism {
			case "PLAIN":
				set(t, server, 44, 1)
				set(t, client, 45, "name", 46, "password")
			case "CURVE":
				set(t, server, 47, 1, 49, secret[:])
				set(t, client, 50, serverKey[:], 48, public[:], 49, secret[:])
			}
			if c.domain != "" {
				set(t, server, 55, c.domain)
			}
			if c.enforced {
				set(t, server, 93, 1)
			}
			bind(t, server, "mem://a:1")
			connect(t, client, "mem://a:1")
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			pull := open(w, server)
			got := pull.WaitConnected(ctx, 1) == nil
			domains := a.list()
			if got != c.admitted || (len(domains) > 0) != c.asked || len(domains) > 0 && domains[0] != c.domain {
				t.Errorf("%+v: admitted %v, asked with %q", c, got, domains)
			}
			if got && c.h == accepts && c.asked {
				if p := pull.Peers()[0]; p.UserID != "user" {
					t.Errorf("%+v: user ID %q", c, p.UserID)
				}
			}
		})
	}
}

// The mechanism of later endpoints can be changed.
func TestMechanismAppliesToLaterEndpointsOnly(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var a asked
		server := newCoreAsking(w, pattern.PULL, accepts.ask(&a))
		bind(t, server, "mem://null:1")
		set(t, server, 44, 1)
		wantInt(t, server, 43, 1)
		bind(t, server, "mem://plain:1")
		client := newCore(w, pattern.PUSH)
		connect(t, client, "mem://null:1")
		set(t, client, 45, "name", 46, "password")
		connect(t, client, "mem://plain:1")
		open(w, server).WaitPeers(2)
		if domains := a.list(); len(domains) != 1 {
			t.Errorf("the handler was asked %d times", len(domains))
		}
	})
}

// Keys with which no handshake can succeed are the error of the call that needs them.
func TestUnusableCurveKeysAreEINVAL(t *testing.T) {
	st.Run(t, func(w *st.World) {
		one := bytes.Repeat([]byte{1}, 32)
		for name, pairs := range map[string][]any{
			"server without keys":        {47, 1},
			"client without keys":        {50, one},
			"client without server key":  {49, one},
			"public key of another pair": {47, 1, 49, one, 48, one},
		} {
			c := newCore(w, pattern.PULL)
			set(t, c, pairs...)
			_, bindErr := c.Socket()
			for what, err := range map[string]error{"Bind": c.Bind("mem://a:1"), "Connect": c.Connect("mem://a:1"), "Socket": bindErr} {
				if e, ok := errors.AsType[*options.Error](err); !ok || !errors.Is(err, syscall.EINVAL) || e.Problem != options.Malformed {
					t.Errorf("%s: %s: %v", name, what, err)
				}
			}
		}
	})
}
