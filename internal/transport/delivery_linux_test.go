package transport_test

import (
	"io"
	"net"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/zerobroker/zmq/internal/transport"
)

// TestPeerDisconnectedSeesCloseBehindUnreadData: the end of the peer shows while what it
// sent is unread, and that can still be read.
func TestPeerDisconnectedSeesCloseBehindUnreadData(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, half := range []bool{false, true} {
			addr := "127.0.0.1:0"
			if network == "unix" {
				addr = filepath.Join(t.TempDir(), "socket")
			}
			l, err := net.Listen(network, addr)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			peer, err := net.Dial(network, l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := peer.Write([]byte("unread")); err != nil {
				t.Fatal(err)
			}
			if transport.PeerDisconnected(c) {
				t.Errorf("%s: peer is gone while it is connected", network)
			}
			if half {
				peer.(interface{ CloseWrite() error }).CloseWrite()
			} else {
				peer.Close()
			}
			for range 1000 { // the end may take a moment to arrive
				if transport.PeerDisconnected(c) {
					break
				}
				runtime.Gosched()
			}
			if !transport.PeerDisconnected(c) {
				t.Errorf("%s: peer that has closed is not gone", network)
			}
			transport.CloseRead(c)
			if b, err := io.ReadAll(c); string(b) != "unread" || err != nil {
				t.Errorf("%s: read %q, %v behind the end of the peer", network, b, err)
			}
			c.Close()
			if !transport.PeerDisconnected(c) {
				t.Errorf("%s: peer of a closed connection is not gone", network)
			}
		}
	}
}

// TestCloseReadKeepsWhatHasArrived: reading ends after it, although the peer is
// still there.
func TestCloseReadKeepsWhatHasArrived(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := peer.Write([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	var first [1]byte
	if _, err := io.ReadFull(c, first[:]); err != nil { // all of it has arrived
		t.Fatal(err)
	}
	transport.CloseRead(c)
	if b, err := io.ReadAll(c); string(b) != "nread" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
}
