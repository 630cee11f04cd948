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

// heap is what is alive on the heap.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // for what finalizers and pools kept
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// wantGoroutines checks that no more goroutines are left. One that has done all
// it had to is still counted until it has been scheduled once more.
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
	t.Errorf("%d goroutines are left, %d were there before", n, most)
}

// TestMemoryFollowsBytesNotClaims has many peers claim a frame of 1 GiB each
// and send 100 bytes of it. threats.md 0, rule 2
func TestMemoryFollowsBytesNotClaims(t *testing.T) {
	const peers = 300
	// A connection, its two ends on the memory network, and the first piece of
	// the frame, which is 4 KiB.
	const most = 32 << 10
	st.Run(t, func(w *st.World) {
		pull, push := w.Socket(pattern.PULL, func(o *socket.Options) {
			o.Limits.Frame, o.Limits.Message = 0, 0
		}), w.Socket(pattern.PUSH)
		push.MustConnect(pull.MustBind("mem://a"))
		push.MustMeet(1)
		before := heap()
		var bad []*st.Peer
		claim := binary.BigEndian.AppendUint64([]byte{wire.FlagLarge}, 1<<30)
		for range peers {
			p := w.Dial("a")
			p.Shake("PUSH")
			p.Must(claim, make([]byte, 100))
			bad = append(bad, p)
		}
		w.Settle()
		grown := heap() - before
		t.Logf("%d bytes for each of %d peers", grown/peers, peers)
		if grown > peers*most {
			t.Errorf("the heap has grown by %d bytes for %d peers", grown, peers)
		}
		push.MustSend("still here")
		pull.WantRecv("still here")

		for _, p := range bad {
			p.Close()
		}
		w.Settle()
		if n := pull.Stats().Drops[pipe.DropPartial]; n != peers {
			t.Errorf("%d partial messages counted, want %d", n, peers)
		}
		pull.WantNone()
		if left := heap() - before; left > peers*16<<10 {
			t.Errorf("%d bytes are left when they are gone", left)
		}
		push.MustSend("still here")
		pull.WantRecv("still here")
	})
}

// TestWhoNeverReceivesForgetsPeers has peers come and go at a socket whose
// application only sends: nothing of them may wait for a Recv that does not
// come.
func TestWhoNeverReceivesForgetsPeers(t *testing.T) {
	const peers = 300
	st.Run(t, func(w *st.World) {
		dealer := w.Socket(pattern.DEALER)
		dealer.MustBind("mem://a")
		claim := binary.BigEndian.AppendUint64([]byte{wire.FlagLarge}, 1<<20)
		before := heap()
		for range peers {
			p := w.Dial("a")
			p.Shake("DEALER")
			p.Must(claim, make([]byte, 100))
			w.Settle()
			p.Close()
			w.Settle()
		}
		dealer.WantDrops(map[pipe.Drop]uint64{pipe.DropPartial: peers})
		if left := heap() - before; left > peers*16<<10 {
			t.Errorf("%d bytes are left of %d peers that are gone", left, peers)
		}
		runtime.KeepAlive(dealer)
	})
}

// TestLeaversPushBack: what peers that have gone have sent is still received, all
// of it. While there is too much of it nobody else is let in.
func TestLeaversPushBack(t *testing.T) {
	const peers, size, limit = 20, 10_000, 50_000
	const pipeSize = 2 << 10 // what a pipe itself counts for
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
			t.Errorf("%d messages of %d bytes wait to be received, with a bound of %d", n, size, limit)
		}
		if n := len(pull.Heard(session.AcceptFailed)); n != 1 {
			t.Errorf("told %d times", n)
		}
		for range peers {
			pull.WantRecv(st.Large(size))
		}
		pull.WantDrops(nil)
	})
}

// TestHalfMessagesLeaveNothing connects thousands of times over tcp, each time
// for half a message of several frames. Neither memory nor goroutines are left,
// and each half is counted. threats.md 2.1
func TestHalfMessagesLeaveNothing(t *testing.T) {
	const warmUp, rounds = 1000, 2500
	pull := overTCP(t, pattern.PULL)
	heard := pull.Listen()
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
			await(t, heard, session.Ready)
			c.(*net.TCPConn).SetLinger(0) // so that no ports are used up
			c.Close()
			await(t, heard, session.Disconnected)
		}
	}
	forget := func() { // what the pattern knows of pipes that have ended
		if err := pull.TryRecv(new(msg.Msg)); err != pattern.ErrWouldBlock {
			t.Fatal(err)
		}
	}
	churn(warmUp)
	forget()
	bytes, goroutines := heap(), runtime.NumGoroutine()
	churn(rounds)
	wantGoroutines(t, goroutines)
	forget()
	if grown := heap() - bytes; grown > 256<<10 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	stats := pull.Stats()
	if n := stats.Drops[pipe.DropPartial]; n > warmUp+rounds {
		t.Errorf("%d partial messages counted of %d", n, warmUp+rounds)
	}
	if stats.Peers != 0 || stats.QueuedRecv != 0 || stats.MsgsReceived != 0 {
		t.Errorf("left behind: %+v", stats)
	}
}

// TestHalfMessagesInVirtualTime is the same over the memory network, where each
// half has arrived before its peer leaves.
func TestHalfMessagesInVirtualTime(t *testing.T) {
	const rounds = 2000
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		goroutines := runtime.NumGoroutine()
		for i := range rounds {
			p := w.Dial("a")
			p.Shake("PUSH")
			p.Must(st.RawFrame(wire.FlagMore, []byte(st.Large(1000))), st.RawFrame(0, []byte("half"))[:4])
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
			t.Errorf("%d peers left", n)
		}
	})
}
