package transport

import (
	"errors"
	"strings"
	"testing"
)

// TestLinkLocalAddressNeedsZone: the error says what is missing, in every place
// where such an address may stand.
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
	// As a source of TCP it needs one too, as the interface of a group it names
	// that without one.
	if err := TCP.CheckDial("[fe80::1]:0;[::1]:5555"); !errors.Is(err, ErrSyntax) {
		t.Error(err)
	}
	for _, check := range []func(string) error{UDP.CheckListen, UDP.CheckDial} {
		if err := check("[fe80::1];[ff02::1]:5555"); err != nil {
			t.Error(err)
		}
	}
}
