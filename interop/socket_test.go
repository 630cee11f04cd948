package interop

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// socket is a socket under test, of this library or of a peer. Messages have
// the form that libzmq uses: at a ROUTER the first frame is the routing ID. An
// error or an unexpected message fails the test.
type socket interface {
	typ() string
	bind(endpoint string) (bound string)
	connect(endpoint string)
	subscribe(topics ...string)
	send(m message)
	expect(m message)
}

// Routing IDs of our sockets and of their peers.
const (
	oursID   = "ours"
	theirsID = "theirs"
)

// hasID reports whether the tests set a routing ID for sockets of a type.
func hasID(typ string) bool { return typ == "REQ" || typ == "DEALER" || typ == "ROUTER" }

// freeEndpoint returns an unused endpoint of the transport.
func freeEndpoint(t *testing.T, transport string) string {
	t.Helper()
	if transport == "ipc" {
		return "ipc://" + filepath.Join(t.TempDir(), "s")
	}
	return "tcp://" + freePort(t)
}

var (
	// host is a loopback address that is derived from the process ID. Another
	// process that runs the same tests therefore cannot bind a port between the
	// close and the restart of its owner.
	host = net.IPv4(127, byte(1+os.Getpid()>>16&0x7f), byte(os.Getpid()>>8), byte(os.Getpid()))

	portLock sync.Mutex
	port     = firstPort
)

// The ephemeral ports of the system begin above these ports. A dialer that
// waits for its peer to restart therefore cannot connect to itself.
const firstPort, lastPort = 12000, 28000

// freePort returns a TCP address without a listener, a different one each time.
// It dials and does not listen: a listener of this process also exists, for some
// milliseconds, in each program that a parallel test is about to start (between
// fork and exec), and a bind of the peer would fail although it is closed here.
func freePort(t *testing.T) string {
	t.Helper()
	portLock.Lock()
	defer portLock.Unlock()
	for ; port < lastPort; port++ {
		addr := net.JoinHostPort(host.String(), strconv.Itoa(port))
		conn, err := net.Dial("tcp4", addr)
		if errors.Is(err, syscall.ECONNREFUSED) {
			port++
			return addr
		}
		if err == nil {
			conn.Close()
		}
	}
	t.Fatal("no free port")
	return ""
}
