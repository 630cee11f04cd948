package socket_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// wantFlush calls Flush with a context that ends after d, and checks the results.
func wantFlush(t *testing.T, s *st.Socket, d time.Duration, unsent, lost int, want error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	u, l, err := s.Flush(ctx)
	if u != unsent || l != lost || err != want {
		t.Errorf("flush: %d unsent, %d lost, %v, want %d, %d, %v", u, l, err, unsent, lost, want)
	}
}

// Flush waits for the connection, and returns when what was sent before it is
// written. What is sent during the call delays it by one write at most.
func TestFlushReturnsWhenEarlierMessagesAreWritten(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const buffer = 1000
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(buffer) })
		push := w.Socket(pattern.PUSH, st.HWM(0, 0))
		push.MustConnect("mem://a")
		wantFlush(t, push, 0, 0, 0, nil) // nothing was sent
		for range 100 {
			push.MustSend(st.Large(98))
		}
		wantFlush(t, push, time.Second, 100, 0, context.DeadlineExceeded)
		done := make(chan struct{})
		go func() {
			defer close(done)
			wantFlush(t, push, time.Hour, 0, 0, nil)
		}()
		w.Settle()
		for range 20 {
			push.MustSend(st.Large(100_000))
		}
		p := w.Listen("a").Accept()
		p.Handshake("PULL")
		for i := range 120 {
			w.Settle()
			select {
			case <-done:
				// The buffer of the system has up to 10 messages. The write had up
				// to three more than the 100.
				if i < 100-buffer/100 || i > 103 {
					t.Errorf("returned when %d messages were read", i)
				}
				return
			default:
			}
			p.Message()
		}
		t.Error("not returned when all messages were read")
	})
}

// Large batches are acknowledged while they are written, encrypted and encoded ones
// in pieces of their own: Flush returns with the last byte of the last message.
func TestFlushIsExact(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.PUB, pattern.DEALER} {
		for _, size := range []int{1, 5000, 70_000} {
			t.Run(fmt.Sprint(pattern.Types[typ].Name, " ", size), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(min(size, 1000)) })
					s := w.Socket(typ, st.HWM(0, 0))
					s.MustConnect("mem://a")
					p := w.Listen("a").Accept()
					peer := map[pattern.Type]string{pattern.PUSH: "PULL", pattern.PUB: "SUB", pattern.DEALER: "DEALER"}[typ]
					p.Handshake(peer)
					if typ == pattern.PUB {
						p.MustWrite(st.Message("\x01"))
						w.Settle()
					}
					for range 20 {
						s.MustSend(st.Large(size))
					}
					var wg sync.WaitGroup
					var read atomic.Int32
					wg.Go(func() {
						wantFlush(t, s, time.Hour, 0, 0, nil)
						if n := read.Load(); n < 19 {
							t.Errorf("returned when %d of 20 messages were read", n)
						}
					})
					for range 20 {
						w.Settle()
						p.Message()
						read.Add(1)
					}
					wg.Wait()
				})
			})
		}
	}
}

// Messages that are dropped are reported, and do not delay Flush.
func TestFlushReportsDroppedMessages(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(100) })
		push := w.Socket(pattern.PUSH, immediate, st.HWM(0, 0))
		push.MustConnect("mem://a")
		p := w.Listen("a").Accept()
		p.Handshake("PULL")
		push.WaitPeers(1)
		for range 50 {
			push.MustSend(st.Large(98))
		}
		go func() {
			w.Settle()
			p.Close()
		}()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		unsent, lost, err := push.Flush(ctx)
		drops := push.Stats().Drops
		if n := drops[pipe.DropConnLost] + drops[pipe.DropInFlight]; unsent != 0 || err != nil || uint64(lost) != n || n == 0 {
			t.Errorf("%d unsent, %d lost, %v, want %d lost", unsent, lost, err, n)
		}
	})
}

// A lost connection returns unsent messages to the queue; Flush waits for the next
// one.
func TestFlushWaitsForTheNextConnection(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(1) })
		push := w.Socket(pattern.PUSH, st.HWM(0, 0))
		push.MustConnect("mem://a")
		l := w.Listen("a")
		p := l.Accept()
		p.Handshake("PULL")
		push.WaitPeers(1)
		for range 50 {
			push.MustSend(st.Large(98))
		}
		var wg sync.WaitGroup
		wg.Go(func() { wantFlush(t, push, time.Hour, 0, 1, nil) }) // the one that was partly written
		w.Settle()
		p.Close()
		p = l.Accept()
		p.Handshake("PULL")
		for range 49 {
			p.Message()
		}
		wg.Wait()
	})
}

// What an endpoint still writes after Disconnect and Unbind counts.
func TestFlushWaitsForLingeringEndpoints(t *testing.T) {
	for _, bind := range []bool{false, true} {
		t.Run(fmt.Sprint(bind), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				w.Net.OnLink(func(l *memnet.Link) {
					if bind {
						l.Down().SetBuffer(1)
					} else {
						l.Up().SetBuffer(1)
					}
				})
				push := w.Socket(pattern.PUSH, st.HWM(0, 0), func(o *socket.Options) { o.Linger = time.Minute })
				var p *st.Peer
				if bind {
					push.MustBind("mem://a")
					p = w.Dial("a")
				} else {
					push.MustConnect("mem://a")
					p = w.Listen("a").Accept()
				}
				p.Handshake("PULL")
				push.WaitPeers(1)
				for range 10 {
					push.MustSend("message")
				}
				w.Settle()
				var err error
				if bind {
					err = push.Unbind("mem://a")
				} else {
					err = push.Disconnect("mem://a")
				}
				if err != nil {
					t.Fatal(err)
				}
				wantFlush(t, push, time.Second, 10, 0, context.DeadlineExceeded)
				for range 5 {
					p.Message()
				}
				if d := st.After(func() { wantFlush(t, push, time.Hour, 0, 5, nil) }); d != 59*time.Second {
					t.Errorf("lingering ended after %v", d)
				}
			})
		})
	}
}

// Over inproc a message is passed on as soon as a socket is bound.
func TestFlushOverInproc(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		push.MustConnect("inproc://a")
		push.MustSend("m")
		wantFlush(t, push, time.Second, 1, 0, context.DeadlineExceeded)
		go func() {
			time.Sleep(time.Second)
			pull.MustBind("inproc://a")
		}()
		if d := st.After(func() { wantFlush(t, push, time.Hour, 0, 0, nil) }); d != time.Second {
			t.Errorf("after %v", d)
		}
		push.MustSend("m")
		wantFlush(t, push, 0, 0, 0, nil)
		pull.WantRecv("m")
	})
}

// A call of Flush ends with the socket.
func TestFlushReturnsErrClosed(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		push.MustSend("m")
		go func() {
			w.Settle()
			push.CloseIn(0)
		}()
		if unsent, lost, err := push.Flush(context.Background()); unsent+lost != 1 || err != socket.ErrClosed {
			t.Errorf("flush: %d unsent, %d lost, %v", unsent, lost, err)
		}
		wantFlush(t, push, time.Hour, 0, 0, socket.ErrClosed)
	})
}
