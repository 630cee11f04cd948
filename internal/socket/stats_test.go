package socket_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// sendDrops are the reasons for which a sender drops a message before it is
// written. A rejected message was written, so DropRejected is not among them.
var sendDrops = []pipe.Drop{
	pipe.DropHWM, pipe.DropNoRoute, pipe.DropInFlight, pipe.DropConnLost, pipe.DropLinger,
	pipe.DropTooLarge, pipe.DropUnreachable, pipe.DropConflated, pipe.DropMalformed,
}

// accountingError returns an error text unless every accepted message is
// written, queued or dropped, or "". The socket only sends, each message to one
// peer.
func accountingError(s *st.Socket) string {
	stats := s.Stats()
	dropped := uint64(0)
	for _, why := range sendDrops {
		dropped += stats.Drops[why]
	}
	if sum := stats.MsgsWritten + uint64(stats.QueuedSend) + dropped; sum != stats.MsgsSent {
		return fmt.Sprintf("%d accepted, but %d written, %d queued and %d dropped",
			stats.MsgsSent, stats.MsgsWritten, stats.QueuedSend, dropped)
	}
	return ""
}

// TestStatsAccountForEachMessageWhileSending reads the counters of a sender
// while it sends, while its peer does not read, and while its connection is
// lost and made again. Each accepted message is written, queued or dropped.
func TestStatsAccountForEachMessageWhileSending(t *testing.T) {
	for _, c := range []struct {
		sender, receiver pattern.Type
		binds            bool // the sender binds; its connection is never lost
		conflate         bool
		rejects          bool // the receiver rejects the largest messages
	}{
		{pattern.PUSH, pattern.PULL, false, false, false},
		{pattern.PUSH, pattern.PULL, true, false, false},
		{pattern.PUSH, pattern.PULL, false, true, false},
		{pattern.PUSH, pattern.PULL, false, false, true},
		{pattern.PUSH, pattern.PULL, true, false, true},
		{pattern.DEALER, pattern.DEALER, false, false, false},
		{pattern.DEALER, pattern.DEALER, false, false, true},
		{pattern.PAIR, pattern.PAIR, false, false, false},
		{pattern.SCATTER, pattern.GATHER, false, false, false},
	} {
		for seed := range uint64(3) {
			st.Run(t, func(w *st.World) {
				rng := rand.New(rand.NewPCG(seed, 0))
				w.Net.OnLink(func(l *memnet.Link) {
					f := l.Up()
					if c.binds {
						f = l.Down()
					}
					f.SetBuffer(1 + l.Rand().IntN(100_000))
					f.SetBandwidth(100_000 + l.Rand().IntN(10_000_000))
					if !c.binds && l.Index() < 3 { // the last connection is not cut
						f.CutAfterWrite(int64(l.Rand().IntN(300_000)), memnet.RST)
					}
				})
				limits := st.HWM(1+rng.IntN(200), 0)
				sender := w.Socket(c.sender, limits, st.Reconnect(time.Millisecond, time.Millisecond), func(o *socket.Options) { o.Conflate = c.conflate })
				receiver := w.Socket(c.receiver, st.Reconnect(time.Millisecond, time.Millisecond), func(o *socket.Options) {
					if c.rejects {
						o.Limits.Frame = 1000
					}
				})
				if c.binds {
					sender.MustBind("mem://a")
					receiver.MustConnect("mem://a")
				} else {
					receiver.MustBind("mem://a")
					sender.MustConnect("mem://a")
				}
				var busy sync.WaitGroup
				var over atomic.Bool
				busy.Go(func() { // reads the counters as often as it can
					for !over.Load() {
						for range 3 {
							if wrong := accountingError(sender); wrong != "" {
								t.Errorf("%+v, seed %d: %s", c, seed, wrong)
								return
							}
						}
						time.Sleep(300 * time.Microsecond)
					}
				})
				busy.Go(func() {
					for !over.Load() {
						var m msg.Msg
						for receiver.TryRecv(&m) == nil {
						}
						time.Sleep(time.Millisecond)
					}
				})
				for range 300 {
					size := []int{1, 100, 10_000}[rng.IntN(3)]
					switch err := sender.TrySend(st.Of(st.Large(size))); err {
					case nil:
					case pattern.ErrWouldBlock:
						time.Sleep(10 * time.Millisecond)
					default:
						t.Fatal(err)
					}
				}
				// The slowest link needs ten seconds. The loops above read until then,
				// so they stop soon after the last message is written.
				for end := time.Now().Add(10 * time.Second); sender.Stats().QueuedSend > 0 && time.Now().Before(end); {
					time.Sleep(10 * time.Millisecond)
				}
				time.Sleep(500 * time.Millisecond) // for the ERROR of the receiver
				over.Store(true)
				busy.Wait()
				stats := sender.Stats()
				if wrong := accountingError(sender); wrong != "" || stats.QueuedSend != 0 || stats.MsgsWritten == 0 {
					t.Errorf("%+v, seed %d: at the end %d written, %d queued %s", c, seed, stats.MsgsWritten, stats.QueuedSend, wrong)
				}
				if rejected := stats.Drops[pipe.DropRejected]; rejected > 0 != c.rejects || rejected > stats.MsgsWritten {
					t.Errorf("%+v, seed %d: %d of %d written messages rejected", c, seed, rejected, stats.MsgsWritten)
				}
			})
		}
	}
}

// TestStatsAccountForMessagesToArrivingPeers reads the counters of a sender while
// peers connect to it and read nothing.
func TestStatsAccountForMessagesToArrivingPeers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(1000) })
		sender := w.Socket(pattern.PUSH, st.HWM(20, 0))
		sender.MustBind("mem://a")
		var running sync.WaitGroup
		var done atomic.Bool
		repeat := func(f func()) {
			running.Go(func() {
				for !done.Load() {
					for range 20 {
						f()
					}
					time.Sleep(10 * time.Microsecond)
				}
			})
		}
		wrong := ""
		repeat(func() {
			if wrong == "" {
				wrong = accountingError(sender)
			}
		})
		repeat(func() { sender.TrySend(st.Of(st.Large(100))) })
		for range 150 {
			w.Socket(pattern.PULL, st.HWM(0, 1)).MustConnect("mem://a")
			time.Sleep(100 * time.Microsecond)
		}
		done.Store(true)
		running.Wait()
		if wrong != "" {
			t.Error(wrong)
		}
	})
}

// TestStatsQueuedSendIncludesMessagesInFlight: the peer does not read, so the
// flusher holds a batch. Its messages count as queued, not as written.
func TestStatsQueuedSendIncludesMessagesInFlight(t *testing.T) {
	for _, size := range []int{20, 20_000} { // below and above the size that counts against the limits of the queue
		st.Run(t, func(w *st.World) {
			push := w.Socket(pattern.PUSH)
			push.MustBind("mem://a")
			p := w.Dial("a")
			p.Handshake("PULL")
			push.WaitPeers(1)
			w.Net.Links()[0].Down().SetBuffer(10)
			for range 5 {
				push.MustSend(st.Large(size))
			}
			w.Settle()
			if stats := push.Stats(); stats.QueuedSend != 5 || stats.MsgsWritten != 0 {
				t.Errorf("%d bytes: %d queued, %d written, want 5 and 0", size, stats.QueuedSend, stats.MsgsWritten)
			}
			for range 5 {
				p.Message()
			}
			w.Settle()
			if stats := push.Stats(); stats.QueuedSend != 0 || stats.MsgsWritten != 5 {
				t.Errorf("%d bytes: %d queued, %d written, want 0 and 5", size, stats.QueuedSend, stats.MsgsWritten)
			}
			w.Net.Links()[0].Down().Stall()
			for range 3 {
				push.MustSend(st.Large(size))
			}
			w.Settle()
			w.Net.Links()[0].Cut(memnet.RST)
			w.Settle()
			if wrong := accountingError(push); wrong != "" {
				t.Errorf("%d bytes, after the cut: %s", size, wrong)
			}
		})
	}
}

// TestStatsMsgsWrittenCountsEachCopy: a published message counts once for each
// subscriber.
func TestStatsMsgsWrittenCountsEachCopy(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pub := w.Socket(pattern.PUB)
		pub.MustBind("mem://a")
		for range 3 {
			p := w.Dial("a")
			p.Handshake("SUB")
			p.MustWrite(st.Message("\x01"))
		}
		w.Settle()
		pub.MustSend("x")
		pub.MustSend("y")
		w.Settle()
		if stats := pub.Stats(); stats.MsgsSent != 2 || stats.MsgsWritten != 6 || stats.QueuedSend != 0 {
			t.Errorf("%d sent, %d written, %d queued, want 2, 6 and 0", stats.MsgsSent, stats.MsgsWritten, stats.QueuedSend)
		}
	})
}

// TestStatsAccountForEachDatagram: a datagram counts as dropped, not as
// written, if the system returns an error for it or reports later that its
// destination refused it.
func TestStatsAccountForEachDatagram(t *testing.T) {
	for _, size := range []int{1, 7000} {
		for seed := range uint64(3) {
			st.Run(t, func(w *st.World) {
				rng := rand.New(rand.NewPCG(seed, 0))
				radio := w.Socket(pattern.RADIO, st.HWM(1000, 0))
				delivered, refused, reported := uint64(0), uint64(0), false
				w.Air.OnWrite(func([]byte, netip.AddrPort) error {
					time.Sleep(time.Millisecond)
					switch n := rng.IntN(10); {
					case n == 0:
						return syscall.ENOBUFS
					case n == 1 && delivered > refused && !reported:
						refused++
						reported = true             // one datagram is not refused twice
						return syscall.ECONNREFUSED // reports an earlier datagram
					}
					delivered++
					reported = false
					return nil
				})
				radio.MustConnect(airAt)
				for range 300 {
					if err := radio.TrySend(st.Of("group", st.Large(size))); err != nil && !errors.Is(err, pattern.ErrWouldBlock) {
						t.Fatal(err)
					}
				}
				for range 400 {
					if wrong := accountingError(radio); wrong != "" {
						t.Fatalf("seed %d: %s", seed, wrong)
					}
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Minute)
				w.Settle()
				stats := radio.Stats()
				if wrong := accountingError(radio); wrong != "" || stats.QueuedSend != 0 || stats.MsgsWritten != delivered-refused {
					t.Errorf("seed %d: %d written, want %d less %d; %s", seed, stats.MsgsWritten, delivered, refused, wrong)
				}
			})
		}
	}
}
