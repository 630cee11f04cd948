package zyre_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/patterns/zbeacon"
	"github.com/zerobroker/zmq/patterns/zyre"
)

// onLoopback starts a node with beacons on the loopback interface.
func onLoopback(t *testing.T, port int, o zyre.Options) *zyre.Node {
	t.Helper()
	d, err := zyre.NewBeaconDiscovery(&zyre.BeaconOptions{
		Interval: 100 * time.Millisecond,
		Beacon:   zbeacon.Options{Port: port, Interface: "127.0.0.1"},
	})
	if err != nil {
		t.Skipf("no beacons on the loopback interface: %v", err)
	}
	o.Discovery = d
	n, err := zyre.New(&o)
	must(t, err)
	t.Cleanup(func() { n.Close() })
	return n
}

// Two nodes over the real UDP and TCP of this machine.
func TestNodesOverLoopback(t *testing.T) {
	a, b := onLoopback(t, 45692, zyre.Options{Name: "a"}), onLoopback(t, 45692, zyre.Options{Name: "b"})
	want(t, a, "enter b")
	want(t, b, "enter a")
	must(t, a.Whisper(b.UUID(), []byte("x")))
	want(t, b, "whisper a x")
	must(t, a.Close())
	want(t, b, "exit a left")
}

// 43/ZRE: discovery over multicast of IPv6, here with link-local addresses. A node does not
// send the name of its own interface to others.
func TestNodesOverLinkLocalIPv6(t *testing.T) {
	t.Parallel()
	addrs, err := net.InterfaceAddrs()
	must(t, err)
	address := ""
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() == nil && n.IP.IsLinkLocalUnicast() {
			address = n.IP.String()
		}
	}
	if address == "" {
		t.Skip("no link-local address")
	}
	var nodes [2]*zyre.Node
	for i := range nodes {
		d, err := zyre.NewBeaconDiscovery(&zyre.BeaconOptions{Beacon: zbeacon.Options{
			Port: 45698, Interface: address, Multicast: netip.MustParseAddr("ff02::1"),
		}})
		if err != nil {
			t.Skip(err)
		}
		nodes[i], err = zyre.New(&zyre.Options{Name: fmt.Sprint("n", i), Discovery: d})
		must(t, err)
		defer nodes[i].Close()
		if strings.Contains(nodes[i].Endpoint(), "%") {
			t.Error(nodes[i].Endpoint())
		}
	}
	want(t, nodes[0], "enter n1")
	want(t, nodes[1], "enter n0")
	must(t, nodes[0].Whisper(nodes[1].UUID(), []byte("x")))
	want(t, nodes[1], "whisper n0 x")
}

// A node written from the RFC with pyzmq.
func TestExchangeWithAForeignNode(t *testing.T) {
	t.Parallel()
	requirePython(t, "import zmq")
	n := onLoopback(t, 45693, zyre.Options{Name: "ours", Headers: map[string]string{"X-K": "v"}, EvasiveTimeout: 50 * time.Millisecond, SilentTimeout: 10 * time.Second})
	must(t, n.Join("own"))
	p := run(t, exec.Command(interpreter, "-I", "testdata/node.py", strconv.Itoa(45693), "foreign"))
	p.want("hello ours own {'X-K': 'v'} 1")
	want(t, n, "enter foreign", "join foreign foreign", "join foreign later")
	peer := n.Peers()[0]
	if peer.Headers["X-FROM"] != "python" {
		t.Errorf("%+v", peer)
	}
	must(t, n.Whisper(peer.UUID, []byte("one"), []byte("two")))
	must(t, n.Join("foreign"))
	_, err := n.Shout("foreign", []byte("all"))
	must(t, err)
	must(t, n.Leave("own"))
	for _, w := range []string{"whisper one|two", "join foreign", "shout foreign all", "leave own"} {
		line := p.next()
		for line == "ping" || line == "ping-ok" {
			line = p.next()
		}
		if line != w {
			t.Fatalf("the foreign node received %q, want %q", line, w)
		}
	}
	for _, w := range []string{"whisper foreign one,two", "shout foreign foreign all"} {
		until(t, n, w)
	}
	// It sends a beacon each 200 ms, so it is evasive after 50 ms and answers a PING.
	until(t, n, "evasive foreign")
	until(t, n, "evasive foreign")
	s := n.Stats() // before it leaves: then its last answers may come after its last beacon
	p.end()
	until(t, n, "exit foreign left")
	if s.Lost+s.StatusErrors+s.Drops.Malformed+s.Drops.BeforeHello != 0 {
		t.Errorf("%+v", s)
	}
}

// The foreign node verifies the sequence numbers past 65535. This takes seconds, so it runs
// with ZMQ_INTEROP_REQUIRED=1 only.
func TestForeignNodeReceivesACyclicSequence(t *testing.T) {
	t.Parallel()
	if os.Getenv("ZMQ_INTEROP_REQUIRED") != "1" {
		t.Skip("ZMQ_INTEROP_REQUIRED is not 1")
	}
	requirePython(t, "import zmq")
	n := onLoopback(t, 45694, zyre.Options{Name: "ours"})
	p := run(t, exec.Command(interpreter, "-I", "testdata/node.py", strconv.Itoa(45694), "quiet"))
	until(t, n, "join quiet later")
	peer := n.Peers()[0].UUID
	const count, window = 66_000, 1000
	for i := range count + window {
		if i >= window {
			until(t, n, "whisper quiet "+strconv.Itoa(i-window))
		}
		if i < count {
			must(t, n.Whisper(peer, []byte(strconv.Itoa(i))))
		}
	}
	p.end()
	until(t, n, "exit quiet left")
}
