package transport_test

import (
	"io"
	"net"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/zerobroker/zmq/internal/transport"
)

// TestPeerDisconnectedReportsCloseBeforeUnreadBytesAreRead also checks that the
// bytes can still be read, for a full close and for a half-close of the peer.
func TestPeerDisconnectedReportsCloseBeforeUnreadBytesAreRead(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, half := range []bool{false, true} {
			addr := "127.0.0.1:0"
			if network == "unix" {
				addr = filepath.Join(t.TempDir(), "socket")
			}
			c, peer := unreadConn(t, network, addr)
			if transport.PeerDisconnected(c) {
				t.Errorf("%s: PeerDisconnected returns true for a connected peer", network)
			}
			if half {
				peer.(interface{ CloseWrite() error }).CloseWrite()
			} else {
				peer.Close()
			}
			for range 1000 { // the FIN may arrive with a delay
				if transport.PeerDisconnected(c) {
					break
				}
				runtime.Gosched()
			}
			if !transport.PeerDisconnected(c) {
				t.Errorf("%s: PeerDisconnected returns false after the peer has closed", network)
			}
			transport.CloseRead(c)
			if b, err := io.ReadAll(c); string(b) != "unread" || err != nil {
				t.Errorf("%s: after the peer has closed, read %q, %v", network, b, err)
			}
			c.Close()
			if !transport.PeerDisconnected(c) {
				t.Errorf("%s: PeerDisconnected returns false for a closed connection", network)
			}
		}
	}
}

// unreadConn returns the two ends of a connection. "unread" is written to c. They
// are closed at the end of the test.
func unreadConn(t *testing.T, network, addr string) (c, peer net.Conn) {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if peer, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	if c, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := peer.Write([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	return c, peer
}

// TestCloseReadKeepsArrivedBytes checks that Read returns these bytes and then
// io.EOF, although the peer is still connected.
func TestCloseReadKeepsArrivedBytes(t *testing.T) {
	c, _ := unreadConn(t, "tcp", "127.0.0.1:0")
	var first [1]byte
	if _, err := io.ReadFull(c, first[:]); err != nil { // then all bytes have arrived
		t.Fatal(err)
	}
	transport.CloseRead(c)
	if b, err := io.ReadAll(c); string(b) != "nread" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
}
