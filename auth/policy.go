package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/slots"
)

// Policy decides by the network of a peer and by its credentials. Both have to
// admit it. The zero value denies every peer. A Policy must not be changed while
// a socket uses it. It ignores the domain of the socket; see [Domains].
type Policy struct {
	// Deny denies the peers in these networks, also if Allow has them. The
	// addresses of IPv4 are in no network of IPv6: ::/0 does not contain them.
	Deny []netip.Prefix

	// Allow, if it is not empty, denies the peers that are in none of these
	// networks, which includes those without an IP address, such as peers of
	// ipc.
	Allow []netip.Prefix

	// Users has the users of PLAIN. The user ID is the username.
	Users *Users

	// Keys has the public keys of clients of CURVE.
	Keys *Keys

	// Any accepts the peers whose credentials the policy cannot check: those of
	// NULL, those of PLAIN if Users is nil, and those of CURVE if Keys is nil,
	// whose user ID is the public key. Without it these are denied. With NULL a
	// network is all that is checked, and addresses can be forged by anyone who
	// controls the network.
	Any bool
}

var (
	errNetwork     = errors.New("address is not in an allowed network")
	errDenied      = errors.New("address is in a denied network")
	errNoAddress   = errors.New("peer has no IP address, and only networks are allowed")
	errCredentials = errors.New("wrong username or password")
)

// Authenticate is a [zmq.Authenticator]. An error says why the peer is denied; it
// contains no password. It matches [zmq.ErrAuthUnavailable] if the directory of
// Keys cannot be read, and [zmq.ErrAuthFailed] if a network is the zero
// [netip.Prefix].
func (p Policy) Authenticate(ctx context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
	if err := p.checkNetwork(r.RemoteAddr); err != nil {
		return zmq.Identity{}, err
	}
	switch {
	case r.Mechanism == "PLAIN" && p.Users != nil:
		ok, err := p.Users.check(ctx, slots.Source(r.RemoteAddr), r.Username, r.Password)
		switch {
		case err != nil:
			return zmq.Identity{}, fmt.Errorf("%w: %w", zmq.ErrAuthUnavailable, err)
		case !ok:
			return zmq.Identity{}, fmt.Errorf("%w: user %.64q", errCredentials, r.Username)
		}
		return zmq.Identity{UserID: r.Username}, nil
	case r.Mechanism == "CURVE" && p.Keys != nil:
		return p.Keys.Lookup(r.PublicKey)
	case !p.Any:
		return zmq.Identity{}, fmt.Errorf("policy accepts no peers of mechanism %.20q: %s is not set", r.Mechanism, needs(r.Mechanism))
	case r.Mechanism == "CURVE":
		return zmq.Identity{UserID: r.PublicKey.String()}, nil
	}
	return zmq.Identity{}, nil
}

// needs returns the field of a Policy that accepts peers of a mechanism.
func needs(mechanism string) string {
	switch mechanism {
	case "PLAIN":
		return "Policy.Users"
	case "CURVE":
		return "Policy.Keys"
	}
	return "Policy.Any"
}

// checkNetwork returns an error if the address of a peer is not admitted.
func (p Policy) checkNetwork(remote net.Addr) error {
	addr, ok := address(remote)
	denied, err := contains(p.Deny, addr)
	if err != nil {
		return fmt.Errorf("%w: Policy.Deny: %w", zmq.ErrAuthFailed, err)
	}
	allowed, err := contains(p.Allow, addr)
	switch {
	case err != nil:
		return fmt.Errorf("%w: Policy.Allow: %w", zmq.ErrAuthFailed, err)
	case denied:
		return fmt.Errorf("%w: %v", errDenied, addr)
	case len(p.Allow) == 0 || allowed:
		return nil
	case !ok:
		return errNoAddress
	}
	return fmt.Errorf("%w: %v", errNetwork, addr)
}

// address returns the IP address of a peer, if it has one, without a zone. It
// returns an IPv4 address that is mapped to IPv6 as the IPv4 address.
func address(remote net.Addr) (addr netip.Addr, ok bool) {
	if remote == nil {
		return addr, false
	}
	ap, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return addr, false
	}
	return ap.Addr().Unmap().WithZone(""), true
}

// contains reports whether one of the networks has the address. A network that is
// the zero value is an error, because it would have no effect.
func contains(networks []netip.Prefix, addr netip.Addr) (found bool, err error) {
	for i, n := range networks {
		if !n.IsValid() {
			return false, fmt.Errorf("network %d is not valid", i)
		}
		if a := n.Addr(); a.Is4In6() && n.Bits() >= 96 {
			n = netip.PrefixFrom(a.Unmap(), n.Bits()-96)
		}
		found = found || n.Contains(addr)
	}
	return found, nil
}
