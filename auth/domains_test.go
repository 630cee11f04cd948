package auth_test

import (
	"errors"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
	"github.com/zerobroker/zmq/curve"
)

// A key of one domain is not accepted in another one.
func TestDomainSelectsAuthenticator(t *testing.T) {
	reader, admin := newKey(), newKey()
	only := func(key curve.PublicKey) zmq.Authenticator {
		keys := &auth.Keys{}
		keys.Allow(key)
		return auth.Policy{Keys: keys}.Authenticate
	}
	d := auth.Domains{"feed": only(reader), "admin": only(admin), "none": nil}
	for _, tt := range []struct {
		domain string
		key    curve.PublicKey
		want   error
	}{
		{"feed", reader, nil},
		{"feed", admin, auth.ErrUnknownKey},
		{"admin", admin, nil},
		{"admin", reader, auth.ErrUnknownKey},
		{"", reader, zmq.ErrAuthFailed},
		{"other", admin, zmq.ErrAuthFailed},
		{"none", admin, zmq.ErrAuthFailed},
	} {
		request := &zmq.AuthRequest{Mechanism: "CURVE", Domain: tt.domain, PublicKey: tt.key}
		id, err := d.Authenticate(t.Context(), request)
		if !errors.Is(err, tt.want) || err == nil && id.UserID != tt.key.String() {
			t.Errorf("domain %q: user %q, error %v, want %v", tt.domain, id.UserID, err, tt.want)
		}
	}
	d["*"] = only(reader)
	for domain, want := range map[string]error{"other": nil, "": nil, "none": nil, "admin": auth.ErrUnknownKey} {
		if _, err := d.Authenticate(t.Context(), &zmq.AuthRequest{Mechanism: "CURVE", Domain: domain, PublicKey: reader}); !errors.Is(err, want) {
			t.Errorf("domain %q: error %v, want %v", domain, err, want)
		}
	}
}
