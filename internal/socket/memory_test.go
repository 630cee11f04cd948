package socket_test

import (
	"encoding/binary"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// heap returns the number of bytes in live objects on the heap.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // for objects of finalizers and pools
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// wantGoroutines checks that at most that many goroutines exist. A goroutine
// that has returned may count until the scheduler has run once more.
func wantGoroutines(t *testing.T, most int) {
	t.Helper()
	n := runtime.NumGoroutine()
	for range 1_000_000 {
		if n <= most {
			return
		}
		runtime.Gosched()
		n = runtime.NumGoroutine()
	}
	t.Errorf("%d goroutines, want at most %d", n, most)
}

// TestMemoryFollowsReceivedBytesNotFrameLength: many peers announce a frame of
// 1 GiB each and send 100 bytes of it.
func TestMemoryFollowsReceivedBytesNotFrameLength(t *testing.T) {
	const peers = 300
	// Per peer: a connection, both its ends on the memory network, and the
	// first 4 KiB of memory for the frame.
	const most = 32 << 10
	st.Run(t, func(w *st.World) {
		pull, push := w.Socket(pattern.PULL, func(o *socket.Options) {
			o.Limits.Frame, o.Limits.Message = 0, 0
		}), w.Socket(pattern.PUSH)
		push.MustConnect(pull.MustBind("mem://a"))
		push.WaitPeers(1)
		before := heap()
		var bad []*st.Peer
		header := binary.BigEndian.AppendUint64([]byte{wire.FlagLarge}, 1<<30)
		for range peers {
			p := w.Dial("a")
			p.Handshake("PUSH")
			p.MustWrite(header, make([]byte, 100))
			bad = append(bad, p)
		}
		w.Settle()
		grown := heap() - before
		t.Logf("%d bytes for each of %d peers", grown/peers, peers)
		if grown > peers*most {
			t.Errorf("the heap grew by %d bytes for %d peers", grown, peers)
		}
		push.MustSend("during")
		pull.WantRecv("during")

		for _, p := range bad {
			p.Close()
		}
		w.Settle()
		if n := pull.Stats().Drops[pipe.DropPartial]; n != peers {
			t.Errorf("%d partial messages counted, want %d", n, peers)
		}
		pull.WantNone()
		if left := heap() - before; left > peers*16<<10 {
			t.Errorf("the heap keeps %d bytes after the peers disconnected", left)
		}
		push.MustSend("after")
		pull.WantRecv("after")
	})
}

// TestSendOnlySocketFreesDisconnectedPeers: peers connect and disconnect while
// the application never calls Recv. Their memory is freed all the same.
func TestSendOnlySocketFreesDisconnectedPeers(t *testing.T) {
	const peers = 300
	st.Run(t, func(w *st.World) {
		dealer := w.Socket(pattern.DEALER)
		dealer.MustBind("mem://a")
		header := binary.BigEndian.AppendUint64([]byte{wire.FlagLarge}, 1<<20)
		before := heap()
		for range peers {
			p := w.Dial("a")
			p.Handshake("DEALER")
			p.MustWrite(header, make([]byte, 100))
			w.Settle()
			p.Close()
			w.Settle()
		}
		dealer.WantDrops(map[pipe.Drop]uint64{pipe.DropPartial: peers})
		if left := heap() - before; left > peers*16<<10 {
			t.Errorf("the heap keeps %d bytes after %d peers disconnected", left, peers)
		}
		runtime.KeepAlive(dealer)
	})
}

// TestUnreadMessagesOfDisconnectedPeersLimitNewPeers: every message of a
// disconnected peer is received. While these messages exceed MaxQueuedBytes, no
// further peer is accepted.
func TestUnreadMessagesOfDisconnectedPeersLimitNewPeers(t *testing.T) {
	const peers, size, limit = 20, 10_000, 50_000
	const pipeSize = 2 << 10 // bytes that the pipe itself counts
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL, func(o *socket.Options) { o.MaxQueuedBytes = limit })
		pull.MustBind("mem://a")
		for range peers {
			push := w.Socket(pattern.PUSH)
			push.MustConnect("mem://a")
			push.MustSend(st.Large(size))
			w.Settle()
			go push.CloseIn(time.Hour)
		}
		time.Sleep(time.Minute)
		if n := pull.Stats().QueuedRecv; n < limit/(size+pipeSize) || n > limit/size+2 {
			t.Errorf("%d unread messages of %d bytes with a limit of %d bytes", n, size, limit)
		}
		if n := len(pull.EventsOf(session.AcceptFailed)); n != 1 {
			t.Errorf("%d AcceptFailed events, want 1", n)
		}
		for range peers {
			pull.WantRecv(st.Large(size))
		}
		pull.WantDrops(nil)
	})
}

// TestPartialMessagesKeepNoMemory: thousands of TCP connections send half a
// message of several frames. Memory and goroutines are freed, and each half
// message is counted.
func TestPartialMessagesKeepNoMemory(t *testing.T) {
	const warmUp, rounds = 1000, 2500
	pull := overTCP(t, pattern.PULL)
	watcher := pull.Watch()
	ep, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	part := append(st.Greeting(), st.Ready("Socket-Type", "PUSH")...)
	part = append(part, st.RawFrame(wire.FlagMore, []byte(st.Large(1000)))...)
	part = append(part, st.RawFrame(0, []byte(st.Large(1000)))[:500]...)
	churn := func(n int) {
		for range n {
			c, err := net.Dial("tcp", strings.TrimPrefix(ep, "tcp://"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(part); err != nil {
				t.Fatal(err)
			}
			await(t, watcher, session.Ready)
			c.(*net.TCPConn).SetLinger(0) // avoids TIME_WAIT, which would use up the ports
			c.Close()
			await(t, watcher, session.Disconnected)
		}
	}
	sweep := func() { // lets the pattern remove pipes that have ended
		if err := pull.TryRecv(new(msg.Msg)); err != pattern.ErrWouldBlock {
			t.Fatal(err)
		}
	}
	churn(warmUp)
	sweep()
	bytes, goroutines := heap(), runtime.NumGoroutine()
	churn(rounds)
	wantGoroutines(t, goroutines)
	sweep()
	if grown := heap() - bytes; grown > 256<<10 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	stats := pull.Stats()
	if n := stats.Drops[pipe.DropPartial]; n > warmUp+rounds {
		t.Errorf("%d partial messages counted, want at most %d", n, warmUp+rounds)
	}
	if stats.Peers != 0 || stats.QueuedRecv != 0 || stats.MsgsReceived != 0 {
		t.Errorf("statistics %+v, want no peers and no messages", stats)
	}
}

// TestPartialMessagesAreCountedExactly is like TestPartialMessagesKeepNoMemory,
// over the memory network, where each half message arrives before its peer
// disconnects. So the count is exact.
func TestPartialMessagesAreCountedExactly(t *testing.T) {
	const rounds = 2000
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		goroutines := runtime.NumGoroutine()
		for i := range rounds {
			p := w.Dial("a")
			p.Handshake("PUSH")
			p.MustWrite(st.RawFrame(wire.FlagMore, []byte(st.Large(1000))), st.RawFrame(0, []byte("half"))[:4])
			w.Settle()
			p.Close()
			if i%100 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		w.Settle()
		wantGoroutines(t, goroutines)
		pull.WantNone()
		pull.WantDrops(map[pipe.Drop]uint64{pipe.DropPartial: rounds})
		if n := pull.Stats().Peers; n != 0 {
			t.Errorf("%d peers, want 0", n)
		}
	})
}
