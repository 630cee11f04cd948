package interop

import (
	"net"
	"path/filepath"
	"testing"
)

// end is one socket as the tests drive it, ours or a peer's. It sends and
// receives what libzmq's would: to and from a ROUTER the first frame is the
// routing id. Anything unexpected fails the test.
type end interface {
	typ() string
	bind(endpoint string) (bound string)
	connect(endpoint string)
	subscribe(topics ...string)
	send(m message)
	expect(m message)
}

// Routing ids of the two sides. ROUTER addresses its peers by them.
const (
	oursID   = "ours"
	theirsID = "theirs"
)

// hasID reports whether sockets of a type announce a routing id.
func hasID(typ string) bool { return typ == "REQ" || typ == "DEALER" || typ == "ROUTER" }

// anywhere is an endpoint of the transport that is free.
func anywhere(t *testing.T, transport string) string {
	t.Helper()
	if transport == "ipc" {
		return "ipc://" + filepath.Join(t.TempDir(), "s")
	}
	return "tcp://127.0.0.1:" + freePort(t)
}

// freePort is a port that nobody listens on. Ports that the system gives to
// outgoing connections begin above those tried here, so that a dialer that
// waits for its peer to come back cannot connect to itself.
func freePort(t *testing.T) string {
	t.Helper()
	portLock.Lock()
	defer portLock.Unlock()
	for range 10000 {
		nextPort = 12000 + (nextPort-12000+1)%16000
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: nextPort})
		if err != nil {
			continue
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		return port
	}
	t.Fatal("no free port")
	return ""
}
