package socket_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// settledHeap returns the result of heap after pooled receive buffers are
// freed.
func settledHeap() int64 {
	for range 4 { // finalizers return buffers to a pool, which later collections empty
		heap()
	}
	return heap()
}

// traffic is a piece of data that a peer sends repeatedly.
type traffic struct {
	name    string
	piece   []byte
	counted int  // bytes of its messages, as a queue counts them
	single  bool // each piece is read before the next one is sent
}

// TestUnreadMessagesUseBoundedMemory: unread messages use at most a few times
// the memory that counts against the limits of their queue, plus a constant.
// This holds for any commands and partial frames between them, while the peer
// is connected and after it has disconnected.
func TestUnreadMessagesUseBoundedMemory(t *testing.T) {
	const (
		sent  = 2 << 20 // maximum bytes from the peer
		most  = 5_000   // maximum number of pieces
		times = 4       // maximum memory per counted byte
	)
	// The memory of a connection itself: buffers in both directions, which are
	// larger when there is much to read.
	const (
		fixed      = 1 << 20
		fixedAlone = 128 << 10
	)
	many := func(b []byte, n int) []byte { return bytes.Repeat(b, n/len(b)) }
	ping, unknown := st.Ping(0, ""), st.Command("WHAT", nil)
	zmtp := []traffic{
		{"after PINGs", append(many(ping, 250<<10), st.Message("")...), 2, false},
		{"after unknown commands", append(many(unknown, 250<<10), st.Message("")...), 2, false},
		{"before PINGs", append(st.Message("x"), many(ping, 100<<10)...), 3, false},
		{"large after PINGs", append(many(ping, 250<<10), st.Message(st.Large(9000))...), 9009, false},
		{"between PINGs", append(st.Message(""), ping...), 2, false},
		{"frames between PINGs", append(append([]byte{wire.FlagMore, 0}, many(ping, 60<<10)...), 0, 0), 4, false},
		{"single", st.Message(""), 2, true},
		{"single of several frames", st.Message("", "a", ""), 7, true},
		{"single of 300 bytes", st.Message(st.Large(300)), 309, true},
		{"many frames", append(bytes.Repeat([]byte{wire.FlagMore, 0}, 60_000), 0, 0), 120_002, false},
		{"messages only", st.Message(st.Large(100)), 102, false},
		{"read into its own memory", append(many(ping, 50<<10), st.Message(st.Large(40<<10))...), 40<<10 + 9, false},
	}
	subscriptions := []traffic{
		{"after PINGs", append(many(ping, 250<<10), 0, 2, 1, 'a', 0, 2, 0, 'a'), 8, false},
		{"message after subscriptions", append(many([]byte("\x00\x02\x01a"), 200<<10), st.Message(st.Large(9000))...), 9009, false},
		{"single", []byte("\x00\x02\x01a\x00\x02\x00a"), 8, true},
		{"commands", append(st.Command("SUBSCRIBE", []byte("a")), st.Command("CANCEL", []byte("a"))...), 8, false},
	}
	stream := []traffic{
		{"single byte", []byte("x"), 3, true},
		{"single 200 bytes", []byte(st.Large(200)), 202, true},
		{"large reads", []byte(st.Large(100_000)), 100_000, false},
	}
	for _, tt := range []struct {
		typ  pattern.Type
		peer string
		all  []traffic
	}{
		{pattern.PULL, "PUSH", zmtp},
		{pattern.ROUTER, "DEALER", zmtp},
		{pattern.SUB, "PUB", zmtp[:3]},
		{pattern.REP, "REQ", zmtp[:2]},
		{pattern.XPUB, "SUB", subscriptions},
		{pattern.STREAM, "", stream},
	} {
		for _, tr := range tt.all {
			t.Run(fmt.Sprint(tt.peer, " ", tr.name), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					s := w.Socket(tt.typ, st.HWM(0, 0), func(o *socket.Options) { o.MaxQueuedBytes = 0 })
					s.MustBind("mem://a")
					before := settledHeap()
					n := min(sent/len(tr.piece), most)
					check := func(when string) {
						counted, limit := n*tr.counted, fixed
						if tt.typ == pattern.XPUB {
							counted += pipe.OrderEntrySize * s.Stats().QueuedRecv
						}
						if tr.single {
							limit = fixedAlone
						}
						if grown := int(settledHeap() - before); grown > times*counted+limit {
							t.Errorf("%s: %d counted bytes use %d bytes of memory", when, counted, grown)
						}
					}
					p := w.Dial("a")
					if tt.peer != "" {
						p.Handshake(tt.peer)
					}
					if tr.single {
						for range n {
							p.MustWrite(tr.piece)
							w.Settle()
						}
					} else {
						p.MustWrite(bytes.Repeat(tr.piece, n))
					}
					time.Sleep(time.Hour)
					check("connected")
					p.Close()
					w.Settle()
					check("disconnected")
					if got := s.Stats().QueuedRecv; got == 0 && tt.typ != pattern.SUB {
						t.Error("nothing is queued")
					}
					runtime.KeepAlive(s)
				})
			})
		}
	}
}

// TestUnreadRandomTrafficUsesBoundedMemory is the same for random sequences of
// messages and commands of any size, read in pieces of any size.
func TestUnreadRandomTrafficUsesBoundedMemory(t *testing.T) {
	for seed := range uint64(6) {
		st.Run(t, func(w *st.World) {
			rng := rand.New(rand.NewPCG(seed, 0))
			s := w.Socket(pattern.DEALER, st.HWM(0, 0), func(o *socket.Options) { o.MaxQueuedBytes = 0 })
			s.MustBind("mem://a")
			before := settledHeap()
			p := w.Dial("a")
			p.Handshake("DEALER")
			counted, messages := 0, 0
			for sent := 0; sent < 2<<20; {
				// Runs of one kind fill whole buffers.
				var b []byte
				kind, size := rng.IntN(4), rng.IntN(1<<rng.IntN(16))
				for n := 1 + rng.IntN(1<<rng.IntN(12)); n > 0 && len(b) < 512<<10; n-- {
					var m []byte
					switch kind {
					case 0:
						b = append(b, st.Ping(0, "")...)
					case 1:
						b = append(b, st.Command("WHAT", make([]byte, size%1000))...)
					case 2:
						m = st.Message(st.Large(size))
					case 3:
						m = st.Message("", st.Large(size%100), "")
					}
					if m != nil {
						counted += len(m)
						messages++
						b = append(b, m...)
					}
				}
				sent += len(b)
				p.MustWrite(b)
				if rng.IntN(2) == 0 {
					w.Settle()
				}
			}
			time.Sleep(time.Hour)
			for _, when := range []string{"connected", "disconnected"} {
				if grown := int(settledHeap() - before); grown > 4*counted+1<<20 {
					t.Errorf("seed %d, %s: %d counted bytes use %d bytes of memory", seed, when, counted, grown)
				}
				p.Close()
				w.Settle()
			}
			for range messages {
				if err := s.TryRecv(new(msg.Msg)); err != nil {
					t.Fatal(err)
				}
			}
			s.WantNone()
		})
	}
}
