package capi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pattern"
)

// listen returns a listener on an address of its own.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// accept accepts a connection, which ends with the test.
func accept(t *testing.T, l net.Listener) *raw {
	t.Helper()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(waitLimit))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(waitLimit))
	return &raw{c}
}

// read reads n bytes.
func (c *raw) read(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatalf("%d bytes: %v", n, err)
	}
	return b
}

// frame reads a frame of up to 255 bytes with its header.
func (c *raw) frame(t *testing.T) []byte {
	t.Helper()
	head := c.read(t, 2)
	return append(head, c.read(t, int(head[1]))...)
}

// effect is what options do, as a peer that is not a socket sees it.
type effect struct {
	name   string
	drafts bool
	root   bool
	typ    pattern.Type
	set    map[int]any
	source string // address from which the socket connects
	see    func(t *testing.T, c *raw) string
}

// Numbers of options with effects.
const (
	routingID    = 5
	bindToDevice = 92
	heartbeatTTL = 76
	metadata     = 95
)

var effects = []effect{
	{"source address", false, false, pattern.PUSH, nil, "127.0.0.2:0;", func(t *testing.T, c *raw) string {
		host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
		return host
	}},
	{"device", false, true, pattern.PUSH, map[int]any{bindToDevice: "lo"}, "", func(t *testing.T, c *raw) string {
		return fmt.Sprintf("%q", c.read(t, 10))
	}},
	{"READY", false, false, pattern.DEALER, map[int]any{routingID: "id"}, "", readyProperties},
	{"READY without routing ID", false, false, pattern.DEALER, nil, "", readyProperties},
	{"READY of a type without routing ID", false, false, pattern.PUSH, map[int]any{routingID: "id"}, "", readyProperties},
	{"READY with metadata", true, false, pattern.PUSH, map[int]any{metadata: "X-app:text:more"}, "", readyProperties},
	{"PING", false, false, pattern.PUSH, map[int]any{heartbeatIvl: 20, heartbeatTimeout: 60_000}, "", firstPing},
	{"PING with TTL", false, false, pattern.PUSH, map[int]any{heartbeatIvl: 20, heartbeatTTL: 1999, heartbeatTimeout: 60_000}, "", firstPing},
	{"PONG", false, false, pattern.PUSH, nil, "", func(t *testing.T, c *raw) string {
		handshake(t, c)
		c.command("\x04PING\x00\x64context")
		return fmt.Sprintf("%q", c.frame(t))
	}},
	{"TTL of the peer", false, false, pattern.PUSH, nil, "", func(t *testing.T, c *raw) string {
		handshake(t, c)
		c.command("\x04PING\x00\x01") // a tenth of a second, in which nothing follows
		pong := c.frame(t)
		rest, err := io.ReadAll(c)
		return fmt.Sprintf("%q %q %v", pong, rest, err)
	}},
}

// handshake completes a handshake of ZMTP 3.1 as a PULL or ROUTER, and returns the
// READY of the socket.
func handshake(t *testing.T, c *raw) []byte {
	t.Helper()
	c.Write(slices.Concat([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01NULL"), make([]byte, 48)))
	c.read(t, 64)
	ready := c.frame(t)
	typ := "PULL"
	if bytes.Contains(ready, []byte("DEALER")) {
		typ = "ROUTER"
	}
	c.command("\x05READY\x0bSocket-Type" + string([]byte{0, 0, 0, byte(len(typ))}) + typ)
	return ready
}

// readyProperties returns the properties of READY. Sockets of this library announce
// one more, with which receivers report rejected messages.
func readyProperties(t *testing.T, c *raw) string {
	b := handshake(t, c)[2+len("\x05READY"):]
	properties := map[string]string{}
	for len(b) > 0 {
		name := string(b[1 : 1+b[0]])
		b = b[1+len(name):]
		n := binary.BigEndian.Uint32(b)
		properties[name] = string(b[4 : 4+n])
		b = b[4+n:]
	}
	delete(properties, "X-On-Error")
	var text []string
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		text = append(text, fmt.Sprintf("%s=%q", name, properties[name]))
	}
	return strings.Join(text, " ")
}

// firstPing returns the first PING. Its context may have any value.
func firstPing(t *testing.T, c *raw) string {
	handshake(t, c)
	b := c.frame(t)
	if len(b) < 9 {
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("%d %q", b[0], b[2:9])
}

// TestOptionsHaveTheEffectsOfLibzmq compares what a peer sees of a socket of libzmq
// and of one of this library with the same options.
func TestOptionsHaveTheEffectsOfLibzmq(t *testing.T) { testEffects(t, libzmq434) }

// TestOptionsHaveTheEffectsOfDraftLibzmq does the same with the draft options.
func TestOptionsHaveTheEffectsOfDraftLibzmq(t *testing.T) { testEffects(t, libzmq435) }

func testEffects(t *testing.T, l *library) {
	t.Parallel()
	for _, e := range effects {
		t.Run(e.name, func(t *testing.T) {
			switch {
			case e.drafts && !l.drafts:
				t.Skip("an option is a draft")
			case e.root && os.Getuid() != 0:
				t.Skip("the system allows it only to root")
			case e.root && l.drafts:
				t.Skip("npm's libzmq is built without SO_BINDTODEVICE")
			}
			core := &own{version: 1, space: inproc.NewNamespace(), sockets: map[string]*ownSocket{}}
			defer core.end()
			var seen []string
			for _, im := range []implementation{&theirs{l.borrow(t), 1}, core} {
				if err := im.open("s", e.typ, e.set); err != nil {
					t.Fatal(err)
				}
				at := listen(t)
				if err := im.connect("s", "tcp://"+e.source+at.Addr().String()); err != nil {
					t.Fatal(err)
				}
				seen = append(seen, e.see(t, accept(t, at)))
			}
			if seen[0] != seen[1] {
				t.Errorf("libzmq: %s\nours:   %s", seen[0], seen[1])
			}
		})
	}
}

// serveSOCKS5 is a proxy that connects to nothing. It returns what a client sends,
// up to the first bytes of its ZMTP greeting.
func serveSOCKS5(t *testing.T, c *raw, method byte) string {
	t.Helper()
	head := c.read(t, 2)
	sent := append(head, c.read(t, int(head[1]))...)
	c.Write([]byte{5, method})
	if method == 2 {
		user := c.read(t, 2)
		user = append(user, c.read(t, int(user[1])+1)...)
		sent = slices.Concat(sent, user, c.read(t, int(user[len(user)-1])))
		c.Write([]byte{1, 0})
	}
	request := c.read(t, 5)
	n := map[byte]int{1: 3, 3: int(request[4]), 4: 15}[request[3]]
	sent = slices.Concat(sent, request, c.read(t, n+2))
	c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	return fmt.Sprintf("%q then %q", sent, c.read(t, 10))
}

// TestSOCKS5ClientSendsTheBytesOfLibzmq compares what a SOCKS5 proxy receives.
func TestSOCKS5ClientSendsTheBytesOfLibzmq(t *testing.T) { testSOCKS5(t, libzmq434) }

// TestSOCKS5ClientSendsTheBytesOfDraftLibzmq does the same, with the user name that
// is a draft option.
func TestSOCKS5ClientSendsTheBytesOfDraftLibzmq(t *testing.T) { testSOCKS5(t, libzmq435) }

func testSOCKS5(t *testing.T, l *library) {
	t.Parallel()
	const socksProxy, ipv6, socksUsername, socksPassword = 68, 42, 99, 100
	for _, c := range []struct {
		name, target, username, password string
		method                           byte // that the proxy selects
	}{
		{"IPv4", "tcp://192.0.2.1:5555", "", "", 0},
		{"IPv6", "tcp://[2001:db8::1]:5555", "", "", 0},
		{"name", "tcp://example.invalid:5555", "", "", 0},
		{"password", "tcp://192.0.2.1:5555", "ann", "secret", 2},
		{"empty password", "tcp://192.0.2.1:5555", "ann", "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.username != "" && !l.drafts {
				t.Skip("the user name is a draft option")
			}
			at := listen(t)
			lib := &theirs{l.borrow(t), 1}
			set := map[int]any{socksProxy: at.Addr().String(), ipv6: 1}
			if c.username != "" {
				set[socksUsername] = c.username
			}
			if c.password != "" {
				set[socksPassword] = c.password
			}
			if err := lib.open("s", pattern.PUSH, set); err != nil {
				t.Fatal(err)
			}
			if err := lib.connect("s", c.target); err != nil {
				t.Fatal(err)
			}
			libzmq := serveSOCKS5(t, accept(t, at), c.method)

			at = listen(t)
			o := new(zmq.Options)
			o.Network.SOCKS5 = &zmq.SOCKS5{Address: at.Addr().String(), Username: c.username, Password: c.password}
			push, err := zmq.NewPush(o)
			if err != nil {
				t.Fatal(err)
			}
			defer push.Close()
			if err := push.Connect(c.target); err != nil {
				t.Fatal(err)
			}
			if c.method == 2 {
				// The intended difference socks5-methods: ours also offers no
				// authentication.
				libzmq = strings.Replace(libzmq, `"\x05\x01\x02`, `"\x05\x02\x00\x02`, 1)
			}
			if ours := serveSOCKS5(t, accept(t, at), c.method); ours != libzmq {
				t.Errorf("libzmq: %s\nours:   %s", libzmq, ours)
			}
		})
	}
}
