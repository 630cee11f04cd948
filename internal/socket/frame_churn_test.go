package socket_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestFramesStayWholeWhilePeersReconnect: one goroutine sends frame by frame,
// another sends whole messages, and a third calls Readable and Writable, while
// peers connect, receive and disconnect. Finally the socket is closed. Every
// message received is whole.
func TestFramesStayWholeWhilePeersReconnect(t *testing.T) {
	for _, c := range []struct{ typ, peer pattern.Type }{
		{pattern.PUSH, pattern.PULL}, {pattern.DEALER, pattern.DEALER}, {pattern.PAIR, pattern.PAIR},
		{pattern.ROUTER, pattern.DEALER}, {pattern.XPUB, pattern.SUB},
	} {
		for _, scheme := range []string{"mem", "inproc"} {
			st.Run(t, func(w *st.World) {
				s := w.Socket(c.typ, st.HWM(5, 5))
				ep := s.MustBind(scheme + "://a")
				ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
				defer cancel()
				var all sync.WaitGroup
				all.Go(func() { sendFrames(ctx, s) })
				all.Go(func() {
					for i := 0; ctx.Err() == nil; i++ {
						tag := fmt.Sprint("whole", i)
						m := st.Of(tag, tag, tag)
						if c.typ == pattern.ROUTER {
							m = st.Of("id", tag, tag, tag)
						}
						s.Send(ctx, m)
						time.Sleep(time.Millisecond)
					}
				})
				all.Go(func() {
					for ctx.Err() == nil {
						s.Readable()
						s.Writable()
						for s.TryRecvFrame(new(msg.Frame)) == nil {
						}
						time.Sleep(time.Millisecond)
					}
				})
				rnd := rand.New(rand.NewPCG(1, uint64(c.typ)))
				received := 0
				for ctx.Err() == nil {
					r := w.Socket(c.peer, st.ID("id"))
					if c.peer == pattern.SUB {
						r.Subscribe("", true)
					}
					r.MustConnect(ep)
					lifetime, stop := context.WithTimeout(ctx, time.Duration(rnd.IntN(100))*time.Millisecond)
					received += receiveAlike(t, lifetime, r)
					stop()
					r.CloseIn(0)
				}
				s.CloseIn(time.Second)
				all.Wait()
				if received < 100 {
					t.Errorf("%v, %s: only %d messages received", c.typ, scheme, received)
				}
			})
		}
	}
}

// sendFrames sends messages of three equal frames until ctx ends.
func sendFrames(ctx context.Context, s *st.Socket) {
	for i := 0; ctx.Err() == nil; i++ {
		tag := fmt.Sprint("frames", i)
		frames := []string{tag + "+", tag + "+", tag}
		if s.Type() == pattern.ROUTER {
			frames = append([]string{"id+"}, frames...)
		}
		for _, f := range frames {
			err := s.TrySendFrame(frame(f))
			if err != nil && f == frames[0] {
				// An error in the middle of a message concerns one frame. The
				// next frame continues the message.
				err = s.SendFrame(ctx, frame(f))
			}
			if err == socket.ErrClosed || err != nil && f == frames[0] {
				return
			}
			time.Sleep(time.Duration(i%3) * time.Millisecond)
		}
	}
}

// receiveAlike receives messages of three equal frames until ctx ends.
func receiveAlike(t *testing.T, ctx context.Context, r *st.Socket) (n int) {
	for ; ; n++ {
		var m msg.Msg
		if r.Recv(ctx, &m) != nil {
			return n
		}
		got := st.Frames(&m)
		if len(got) != 3 || got[1] != got[0] || got[2] != got[0] {
			t.Fatalf("received %q", got)
		}
	}
}
