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

// TestDetachedPipesCountTheirMemory: the unread messages of disconnected peers keep no connection
// in memory. They use no more memory than counts against MaxQueuedBytes. All of
// it is freed once they are read, even if no further peer connects or
// disconnects.
func TestDetachedPipesCountTheirMemory(t *testing.T) {
	t.Run("PULL", func(t *testing.T) { testDetachedMemory(t, pattern.PULL, "PUSH") })
	t.Run("DEALER", func(t *testing.T) { testDetachedMemory(t, pattern.DEALER, "DEALER") })
}

func testDetachedMemory(t *testing.T, typ pattern.Type, peer string) {
	const peers = 1000
	const counted = 2 << 10 // unreadPipeCost in peers.go
	pull := overTCP(t, typ)
	watcher := pull.Watch()
	ep, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	sent := append(st.Greeting(), st.Ready("Socket-Type", peer)...)
	sent = append(sent, st.Message("x")...)
	connectAndClose := func(n int) {
		for range n {
			c, err := net.Dial("tcp", strings.TrimPrefix(ep, "tcp://"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(sent); err != nil {
				t.Fatal(err)
			}
			await(t, watcher, session.Ready)
			c.Close()
			await(t, watcher, session.Disconnected)
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
	connectAndClose(100)
	read(100)
	before := heap()
	connectAndClose(peers)
	each := (heap() - before) / peers
	t.Logf("%d bytes for each disconnected peer", each)
	if each > counted || each < counted/3 {
		t.Errorf("%d bytes for each disconnected peer, counted as %d", each, counted)
	}
	read(peers)
	each = (heap() - before) / peers
	t.Logf("%d bytes for each disconnected peer after reading its message", each)
	if each > counted/8 {
		t.Errorf("%d bytes for each disconnected peer after reading its message", each)
	}
	runtime.KeepAlive(pull)
}
