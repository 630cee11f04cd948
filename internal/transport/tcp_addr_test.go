package transport

import (
	"errors"
	"strings"
	"testing"
)

// long is a label that is one byte longer than DNS allows.
var long = strings.Repeat("a", 64)

func TestParseListenAcceptsOnlyTCPAddresses(t *testing.T) {
	tests := []struct {
		text string
		want string // the canonical form; "" means malformed
	}{
		// Wildcards and ephemeral ports.
		{"*:5555", "*:5555"},
		{"*:*", "*:0"},
		{"*:0", "*:0"},
		{"0.0.0.0:*", "0.0.0.0:0"},
		{"[::]:65535", "[::]:65535"},
		// Literals.
		{"127.0.0.1:80", "127.0.0.1:80"},
		{"[::1]:80", "[::1]:80"},
		{"[2001:DB8:0:0::1]:1", "[2001:db8::1]:1"},
		{"[::ffff:10.0.0.1]:80", "10.0.0.1:80"},
		{"[fe80::1%eth0]:80", "[fe80::1%eth0]:80"},
		{"[fe80::1%eth0.100]:80", "[fe80::1%eth0.100]:80"},
		{"[fe80::1%3]:80", "[fe80::1%3]:80"},
		// Names of hosts or interfaces.
		{"localhost:80", "localhost:80"},
		{"example.com.:80", "example.com.:80"},
		{"xn--bcher-kva.example:80", "xn--bcher-kva.example:80"},
		{"my_service:80", "my_service:80"},
		{"eth0:*", "eth0:0"},
		{"eth0.100:5555", "eth0.100:5555"},
		{"1password:80", "1password:80"},

		// Missing or malformed port.
		{"", ""},
		{"127.0.0.1", ""},
		{"[::1]", ""},
		{"localhost", ""},
		{"*", ""},
		{"*:", ""},
		{"127.0.0.1:", ""},
		{"*:80xyz", ""},
		{"*:http", ""},
		{"*:65536", ""},
		{"*:65617", ""},
		{"*:8989100000000", ""},
		{"*:99999999999999999999999", ""},
		{"*:-1", ""},
		{"*:+80", ""},
		{"*: 80", ""},
		{"*:80 ", ""},
		{"*:0x50", ""},
		{"*:080", ""},
		{"*:00", ""},
		{"*:8 0", ""},
		{"*:**", ""},
		{"*:٣", ""}, // a digit, but not an ASCII one
		// Missing or malformed host.
		{":5555", ""},
		{" :5555", ""},
		{"**:5555", ""},
		{"*.example.com:80", ""},
		{"[*]:80", ""},
		{"0.0.0.1000000:80", ""},
		{"256.0.0.1:80", ""},
		{"1.2.3:80", ""},
		{"1.2.3.4.5:80", ""},
		{"127.0.0.01:80", ""},
		{"2130706433:80", ""},
		{".:80", ""},
		{"::1:80", ""},
		{"fe80::1%eth0:80", ""},
		{"[]:80", ""},
		{"[:80", ""},
		{"[::1:80", ""},
		{"::1]:80", ""},
		{"[[::1]]:80", ""},
		{"[127.0.0.1]:80", ""},
		{"[localhost]:80", ""},
		{"[::g]:80", ""},
		{"[1:2:3:4:5:6:7:8:9]:80", ""},
		{"[fe80::1%]:80", ""},
		{"[fe80::1%0]:80", ""},
		{"[fe80::1%000]:80", ""},
		{"[fe80::1%e th]:80", ""},
		{"[::1]x:80", ""},
		{"x[::1]:80", ""},
		{"[::1]80", ""},
		{"a b:80", ""},
		{"a..b:80", ""},
		{".a:80", ""},
		{"-a:80", ""},
		{"a-:80", ""},
		{"a/b:80", ""},
		{"user@host:80", ""},
		{"bücher.example:80", ""},
		{"a\x00b:80", ""},
		{"host:80\n", ""},
		{long + ":80", ""},
		{strings.Repeat("abcdefg.", 32) + "x:80", ""},
		{"tcp://host:80", ""},
		{"host:80/path", ""},
		// Forms that are valid only for Connect.
		{"*:0;host:80", ""},
		{"127.0.0.1:0;127.0.0.1:80", ""},
	}
	for _, test := range tests {
		h, err := parseListen(test.text)
		check(t, test.text, test.want, h.String(), err)
		if cerr := TCP.CheckListen(test.text); (cerr == nil) != (err == nil) {
			t.Errorf("%q: CheckListen returns %v, parseListen %v", test.text, cerr, err)
		}
	}
}

func TestParseDialAcceptsOnlyTCPAddresses(t *testing.T) {
	tests := []struct {
		text string
		want string // the canonical form; "" means malformed
	}{
		{"127.0.0.1:80", "127.0.0.1:80"},
		{"0.0.0.0:80", "0.0.0.0:80"},
		{"[::]:80", "[::]:80"},
		{"[::1]:80", "[::1]:80"},
		{"[fe80::1%lo]:80", "[fe80::1%lo]:80"},
		{"localhost:65535", "localhost:65535"},
		{"*:0;localhost:80", "*:0;localhost:80"},
		{"*:*;localhost:80", "*:0;localhost:80"},
		{"*:9000;localhost:80", "*:9000;localhost:80"},
		{"eth0:0;localhost:80", "eth0:0;localhost:80"},
		{"192.168.1.17:5555;192.168.1.1:5555", "192.168.1.17:5555;192.168.1.1:5555"},
		{"[::1]:0;[::1]:80", "[::1]:0;[::1]:80"},
		{"[fe80::1%eth0]:0;host:80", "[fe80::1%eth0]:0;host:80"},

		{"", ""},
		{"host", ""},
		{"host:", ""},
		{"host:*", ""},
		{"host:0", ""},
		{"host:http", ""},
		{"host:80xyz", ""},
		{"host:65617", ""},
		{"*:80", ""},
		{"ho st:80", ""},
		{" host:80", ""},
		{"host:80 ", ""},
		{"0.0.0.1000000:80", ""},
		{"::1:80", ""},
		{";host:80", ""},
		{"host:80;", ""},
		{"eth0;host:80", ""},
		{"*;host:80", ""},
		{"*:0;*:80", ""},
		{"*:0;host:0", ""},
		{"*:0;host:*", ""},
		{"*:x;host:80", ""},
		{"*:0;*:0;host:80", ""},
		{"*:0; host:80", ""},
		{"127.0.0.1000:0;host:80", ""},
	}
	for _, test := range tests {
		d, err := parseDial(test.text)
		check(t, test.text, test.want, d.String(), err)
		if cerr := TCP.CheckDial(test.text); (cerr == nil) != (err == nil) {
			t.Errorf("%q: CheckDial returns %v, parseDial %v", test.text, cerr, err)
		}
	}
}

func check(t *testing.T, text, want, got string, err error) {
	t.Helper()
	if want != "" {
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
		return
	}
	ae, ok := errors.AsType[*AddrError](err)
	if !ok || !errors.Is(err, ErrSyntax) {
		t.Errorf("%q: got %q, %v, want an AddrError", text, got, err)
		return
	}
	if ae.Addr != text || ae.Reason == "" {
		t.Errorf("%q: got %+v", text, ae)
	}
}

// FuzzAddr checks that the parsers do not panic, and that the String of an
// accepted address is parsed to the same address.
func FuzzAddr(f *testing.F) {
	for _, s := range []string{
		"*:5555", "127.0.0.1:0", "[::1]:80", "[fe80::1%eth0]:80", "localhost:*", "eth0.100:1",
		"*:0;localhost:80", "[::ffff:1.2.3.4]:1", "a..b:80", "[::1", "1.2.3.4000:7", "@name", "*", "/tmp/x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if h, err := parseListen(s); err == nil {
			again, err := parseListen(h.String())
			if err != nil || again != h {
				t.Errorf("listen %q: %v, %v", s, again, err)
			}
		} else if !errors.Is(err, ErrSyntax) {
			t.Errorf("listen %q: %v", s, err)
		}
		if d, err := parseDial(s); err == nil {
			again, err := parseDial(d.String())
			if err != nil || again.String() != d.String() || d.dst.port == 0 {
				t.Errorf("dial %q: %v, %v", s, again, err)
			}
			if strings.ContainsAny(s, " \t\n/\x00") {
				t.Errorf("dial %q accepted", s)
			}
		}
		if err := IPC.CheckListen(s); err == nil && (s == "" || len(s) > maxPath()) {
			t.Errorf("ipc %q accepted", s)
		}
	})
}
