package auth

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// FuzzUsers parses any text as a users file. Each password without a hash that is
// accepted is that of its line, and no error has a password.
func FuzzUsers(f *testing.F) {
	const hash = "$2a$04$sszMUeCxrBQTbwCEIZfAq.8MEsNRUYFmTJHq5f/G3TWjtNfEKmUzy"
	for _, text := range []string{
		"alice=secret\r\n# comment\n\nbob=a b=c:$d \n", "carol:" + hash + "\n", "carol:$2y$31$" + hash[7:], "=x", " a=b", "a=b\na=c",
		"a:$1$x", "a=", "name", "\x00=\xff", strings.Repeat("n", 256) + "=x", "dave:" + hash + "=\nerin=x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u := &Users{byName: make(map[string]user)}
		line, err := u.parse(text)
		lines := strings.Split(text, "\n")
		if err != nil {
			if line < 1 || line > len(lines) {
				t.Fatalf("%q: error in line %d: %v", text, line, err)
			}
			_, password, ok := strings.Cut(strings.TrimSuffix(lines[line-1], "\r"), "=")
			if ok && len(password) > 80 && strings.Contains(err.Error(), password) {
				t.Fatalf("%q: error with the password: %v", text, err)
			}
			return
		}
		users := 0
		for _, s := range lines {
			s = strings.TrimSuffix(s, "\r")
			if strings.TrimSpace(s) == "" || s[0] == '#' {
				continue
			}
			users++
			name, password, ok := strings.Cut(s, "=")
			if e, known := u.byName[name]; !ok || !known || e.sum == nil {
				if i := strings.Index(s, ":$"); i < 0 || u.byName[s[:i]].hash == nil {
					t.Fatalf("%q: no user of line %q", text, s)
				}
				continue
			}
			if len(name) > maxString || len(password) > maxString || password == "" {
				t.Fatalf("%q: user of line %q", text, s)
			}
			u.slow = nil // a comparison takes too long for a fuzzer
			for _, tried := range []string{password, password + "x", ""} {
				if right, err := u.Check(context.Background(), name, tried); err != nil || right != (tried == password) {
					t.Fatalf("%q: password %q of %q: %v, %v", text, tried, name, right, err)
				}
			}
		}
		if users != u.Len() {
			t.Fatalf("%q: %d users, want %d", text, u.Len(), users)
		}
	})
}

// fuzzAddr is the address of a peer.
type fuzzAddr string

func (fuzzAddr) Network() string  { return "tcp" }
func (a fuzzAddr) String() string { return string(a) }

// bits returns an address, IPv4 or IPv6, bit by bit.
func bits(a netip.Addr) (list []byte) {
	for _, b := range a.Unmap().AsSlice() {
		for i := 7; i >= 0; i-- {
			list = append(list, b>>i&1)
		}
	}
	return list
}

// inNetwork reports whether an address has the bits of a network.
func inNetwork(network string, addr netip.Addr) bool {
	p := netip.MustParsePrefix(network)
	a, n, length := bits(addr), bits(p.Addr()), p.Bits()
	switch {
	case p.Addr().Is4In6() && length < 96:
		return len(a) == 128 && string(a[:length]) == string(bits16(p.Addr())[:length])
	case p.Addr().Is4In6():
		length -= 96
	}
	return len(a) == len(n) && string(a[:length]) == string(n[:length])
}

// bits16 returns an address of IPv6 bit by bit, also a mapped one.
func bits16(a netip.Addr) (list []byte) {
	for _, b := range a.As16() {
		for i := 7; i >= 0; i-- {
			list = append(list, b>>i&1)
		}
	}
	return list
}

// FuzzNetworks decides about any address by any two networks. Deny precedes Allow,
// and each is compared bit by bit.
func FuzzNetworks(f *testing.F) {
	for _, s := range []struct{ allow, deny, addr string }{
		{"192.0.2.0/24", "192.0.2.7/32", "192.0.2.7:5"}, {"::/0", "", "192.0.2.7:1"}, {"0.0.0.0/0", "::/0", "[::ffff:192.0.2.7]:80"},
		{"::ffff:192.0.2.0/120", "::ffff:0.0.0.0/95", "192.0.2.7:5"}, {"fe80::/10", "", "[fe80::1%eth0]:80"}, {"", "10.0.0.0/8", "pipe"},
		{"2001:db8::/32", "2001:db8:8000::/33", "[2001:db8:8000::1]:0"}, {"10.1.2.3/8", "", "10.0.0.1:2"},
	} {
		f.Add(s.allow, s.deny, s.addr)
	}
	f.Fuzz(func(t *testing.T, allow, deny, text string) {
		var p Policy
		for _, n := range []struct {
			text string
			list *[]netip.Prefix
		}{{allow, &p.Allow}, {deny, &p.Deny}} {
			if n.text == "" {
				continue
			}
			prefix, err := netip.ParsePrefix(n.text)
			if err != nil {
				return
			}
			*n.list = append(*n.list, prefix)
		}
		var remote net.Addr = fuzzAddr(text)
		err := p.checkNetwork(remote)
		ap, aerr := netip.ParseAddrPort(text)
		want := allow == ""
		if aerr == nil {
			addr := ap.Addr().WithZone("")
			want = (allow == "" || inNetwork(allow, addr)) && (deny == "" || !inNetwork(deny, addr))
		}
		if (err == nil) != want {
			t.Fatalf("allow %q, deny %q: %q: %v, want accepted %v", allow, deny, text, err, want)
		}
	})
}
