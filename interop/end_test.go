package interop

import (
	"net"
	"os"
	"path/filepath"
	"sync"
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
	return "tcp://" + freePort(t)
}

var (
	// host is a loopback address of this process alone: others that run the
	// same tests cannot take a port while its owner is away.
	host = net.IPv4(127, byte(1+os.Getpid()>>16&0x7f), byte(os.Getpid()>>8), byte(os.Getpid()))

	portLock sync.Mutex
	port     = firstPort
)

// Ports that the system gives to outgoing connections begin above these, so
// that a dialer that waits for its peer to come back cannot connect to itself.
const firstPort, lastPort = 12000, 28000

// freePort is an address that nobody listens on, another one each time.
func freePort(t *testing.T) string {
	t.Helper()
	portLock.Lock()
	defer portLock.Unlock()
	for ; port < lastPort; port++ {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: host, Port: port})
		if err != nil {
			continue
		}
		defer l.Close()
		port++
		return l.Addr().String()
	}
	t.Fatal("no free port")
	return ""
}
