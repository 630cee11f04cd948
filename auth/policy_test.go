package auth_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
)

func networks(list ...string) (p []netip.Prefix) {
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

func tcp(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 50000} }

// Deny precedes Allow, and Allow admits its networks only.
func TestPolicyAdmitsByNetwork(t *testing.T) {
	ipc := &net.UnixAddr{Name: "/run/x", Net: "unix"}
	for _, tt := range []struct {
		allow, deny []string
		peer        net.Addr
		want        bool
	}{
		{nil, nil, tcp("192.0.2.7"), true},
		{nil, nil, ipc, true},
		{nil, nil, nil, true},
		{nil, []string{"192.0.2.0/24"}, tcp("192.0.2.7"), false},
		{nil, []string{"192.0.2.0/24"}, tcp("192.0.3.7"), true},
		{nil, []string{"192.0.2.0/24"}, ipc, true},
		{[]string{"192.0.2.0/24"}, nil, tcp("192.0.2.7"), true},
		{[]string{"192.0.2.0/24"}, nil, tcp("192.0.3.7"), false},
		{[]string{"192.0.2.0/24"}, nil, tcp("2001:db8::7"), false},
		{[]string{"192.0.2.0/24"}, nil, ipc, false},
		{[]string{"192.0.2.0/24"}, nil, nil, false},
		{[]string{"192.0.2.0/24"}, []string{"192.0.2.7/32"}, tcp("192.0.2.7"), false},
		{[]string{"192.0.2.7/32"}, []string{"192.0.2.0/24"}, tcp("192.0.2.7"), false},
		{[]string{"192.0.2.0/24", "2001:db8::/32"}, nil, tcp("2001:db8::7"), true},
		// IPv4 mapped to IPv6, in the address and in the network.
		{nil, []string{"192.0.2.0/24"}, tcp("::ffff:192.0.2.7"), false},
		{nil, []string{"::ffff:192.0.2.0/120"}, tcp("192.0.2.7"), false},
		{[]string{"::/0"}, nil, tcp("192.0.2.7"), false},
		{nil, []string{"fe80::/10"}, &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}, false},
	} {
		p := auth.Policy{Allow: networks(tt.allow...), Deny: networks(tt.deny...), Any: true}
		_, err := p.Authenticate(t.Context(), &zmq.AuthRequest{Mechanism: "NULL", RemoteAddr: tt.peer})
		if (err == nil) != tt.want {
			t.Errorf("allow %v, deny %v: %v: %v, want accepted %v", tt.allow, tt.deny, tt.peer, err, tt.want)
		}
	}
}

// A network that is the zero value matches no address. In Deny it would silently
// have no effect.
func TestPolicyFailsWithInvalidNetwork(t *testing.T) {
	for _, p := range []auth.Policy{
		{Any: true, Deny: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), {}}},
		{Any: true, Allow: []netip.Prefix{netip.MustParsePrefix("192.0.0.0/8"), {}}},
	} {
		_, err := p.Authenticate(t.Context(), &zmq.AuthRequest{Mechanism: "NULL", RemoteAddr: tcp("192.0.2.7")})
		if !errors.Is(err, zmq.ErrAuthFailed) {
			t.Errorf("%+v: error %v", p, err)
		}
	}
}

func TestPolicyChecksCredentialsOfEachMechanism(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	writeFile(t, path, "alice=secret\n", 0o600)
	users := must(auth.ReadUsers(path))
	known, unknown := newKey(), newKey()
	keys := &auth.Keys{}
	keys.Allow(known)

	null := zmq.AuthRequest{Mechanism: "NULL"}
	right := zmq.AuthRequest{Mechanism: "PLAIN", Username: "alice", Password: "secret"}
	wrong := zmq.AuthRequest{Mechanism: "PLAIN", Username: "alice", Password: "guess"}
	client := zmq.AuthRequest{Mechanism: "CURVE", PublicKey: known}
	stranger := zmq.AuthRequest{Mechanism: "CURVE", PublicKey: unknown}
	other := zmq.AuthRequest{Mechanism: "GSSAPI"}
	const refused = "\x00"
	for _, tt := range []struct {
		name   string
		policy auth.Policy
		want   map[*zmq.AuthRequest]string // user ID
	}{
		{"zero", auth.Policy{}, map[*zmq.AuthRequest]string{
			&null: refused, &right: refused, &wrong: refused, &client: refused, &stranger: refused, &other: refused}},
		{"users", auth.Policy{Users: users}, map[*zmq.AuthRequest]string{
			&null: refused, &right: "alice", &wrong: refused, &client: refused, &stranger: refused, &other: refused}},
		{"keys", auth.Policy{Keys: keys}, map[*zmq.AuthRequest]string{
			&null: refused, &right: refused, &wrong: refused, &client: known.String(), &stranger: refused, &other: refused}},
		{"any", auth.Policy{Any: true}, map[*zmq.AuthRequest]string{
			&null: "", &right: "", &wrong: "", &client: known.String(), &stranger: unknown.String()}},
		{"all", auth.Policy{Any: true, Users: users, Keys: keys}, map[*zmq.AuthRequest]string{
			&null: "", &right: "alice", &wrong: refused, &client: known.String(), &stranger: refused}},
		{"denied network", auth.Policy{Any: true, Users: users, Keys: keys, Allow: networks("10.0.0.0/8")}, map[*zmq.AuthRequest]string{
			&null: refused, &right: refused, &client: refused}},
	} {
		for r, want := range tt.want {
			id, err := tt.policy.Authenticate(context.Background(), r)
			if (err != nil) != (want == refused) || err == nil && id.UserID != want || err != nil && id.UserID != "" {
				t.Errorf("%s: %v: user %q, error %v, want %q", tt.name, r, id.UserID, err, want)
			}
		}
	}
}
