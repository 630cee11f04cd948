package transport

import (
	"errors"
	"strings"
	"testing"
)

// TestLinkLocalAddressNeedsZone covers every position in which an address may
// occur.
func TestLinkLocalAddressNeedsZone(t *testing.T) {
	for name, check := range map[string]func(string) error{
		"tcp listen": TCP.CheckListen, "tcp dial": TCP.CheckDial,
		"udp listen": UDP.CheckListen, "udp dial": UDP.CheckDial,
	} {
		for _, addr := range []string{"[fe80::1]:5555", "[fe80::1:2:3:4]:1", "[febf::1]:5555"} {
			err := check(addr)
			host := addr[1:strings.IndexByte(addr, ']')]
			if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), "needs a zone, the interface: ["+host+"%eth0]") {
				t.Errorf("%s %s: %v", name, addr, err)
			}
		}
		for _, addr := range []string{"[fe80::1%eth0]:5555", "[fe80::1%2]:5555", "[fec0::1]:5555", "[::1]:5555"} {
			if err := check(addr); err != nil {
				t.Errorf("%s %s: %v", name, addr, err)
			}
		}
	}
	// A TCP source address needs a zone too. The interface of a multicast group
	// may be a link-local address without a zone.
	if err := TCP.CheckDial("[fe80::1]:0;[::1]:5555"); !errors.Is(err, ErrSyntax) {
		t.Error(err)
	}
	for _, check := range []func(string) error{UDP.CheckListen, UDP.CheckDial} {
		if err := check("[fe80::1];[ff02::1]:5555"); err != nil {
			t.Error(err)
		}
	}
}
