package socket_test

import (
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestLeaversCost: what is unread of peers that have gone keeps no connection
// alive, takes no more than it is counted for, and when it is read nothing is
// left, though nobody else comes or goes. threats.md 2.1
func TestLeaversCost(t *testing.T) {
	t.Run("PULL", func(t *testing.T) { leaversCost(t, pattern.PULL, "PUSH") })
	t.Run("DEALER", func(t *testing.T) { leaversCost(t, pattern.DEALER, "DEALER") })
}

func leaversCost(t *testing.T, typ pattern.Type, peer string) {
	const peers = 2000
	const counted = 2 << 10 // leftCost
	pull := overTCP(t, typ)
	heard := pull.Listen()
	ep, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	said := append(st.Greeting(), st.Ready("Socket-Type", peer)...)
	said = append(said, st.Message("x")...)
	leave := func(n int) {
		for range n {
			c, err := net.Dial("tcp", strings.TrimPrefix(ep, "tcp://"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(said); err != nil {
				t.Fatal(err)
			}
			await(t, heard, session.Ready)
			c.Close()
			await(t, heard, session.Disconnected)
		}
	}
	read := func(n int) {
		for k := 0; ; k++ {
			switch err := pull.TryRecv(new(msg.Msg)); {
			case err == nil:
			case err == pattern.ErrWouldBlock && k == n:
				return
			default:
				t.Fatalf("message %d of %d: %v", k, n, err)
			}
		}
	}
	leave(100)
	read(100)
	before := heap()
	leave(peers)
	each := (heap() - before) / peers
	t.Logf("%d bytes for each peer that is gone", each)
	if each > counted || each < counted/3 {
		t.Errorf("%d bytes for each peer that is gone, counted as %d", each, counted)
	}
	read(peers)
	each = (heap() - before) / peers
	t.Logf("%d bytes for each when all is read", each)
	if each > counted/8 {
		t.Errorf("%d bytes for each peer that is gone when all is read", each)
	}
	runtime.KeepAlive(pull)
}
