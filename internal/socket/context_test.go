package socket_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestErrOfContextMayCallSocket: an Err method of the application may call the
// socket, because no call reads it with a lock held. A failure is a deadlock.
func TestErrOfContextMayCallSocket(t *testing.T) {
	var (
		recv      = func(s *st.Socket, ctx context.Context) error { var m msg.Msg; return s.Recv(ctx, &m) }
		recvFrame = func(s *st.Socket, ctx context.Context) error { var f msg.Frame; return s.RecvFrame(ctx, &f) }
		send      = func(s *st.Socket, ctx context.Context) error { return s.Send(ctx, st.Of("x")) }
		sendFrame = func(s *st.Socket, ctx context.Context) error { return s.SendFrame(ctx, &msg.Frame{Body: []byte("x")}) }
		call      = func(s *st.Socket, ctx context.Context) error {
			_, err := s.Call(ctx, st.Of("x"))
			return err
		}
	)
	for _, tt := range []struct {
		name      string
		typ       pattern.Type
		connected bool // to a REP
		call      func(*st.Socket, context.Context) error
	}{
		{"Recv", pattern.PULL, false, recv},
		{"Recv without fast path", pattern.SUB, false, recv},
		{"Recv of a REQ with an unanswered request", pattern.REQ, true, func(s *st.Socket, ctx context.Context) error {
			s.MustSend("request")
			return recv(s, ctx)
		}},
		{"RecvFrame", pattern.PULL, false, recvFrame},
		{"Send", pattern.PUSH, false, send},
		{"Send of a REQ", pattern.REQ, false, send},
		{"SendFrame", pattern.PUSH, false, sendFrame},
		{"Call without peer", pattern.REQ, false, call},
		{"Call without reply", pattern.REQ, true, call},
		{"SendTo", pattern.ROUTER, false, func(s *st.Socket, ctx context.Context) error {
			err := s.ConnectAs("mem://full", "peer")
			for err == nil {
				err = s.TrySendTo("peer", st.Of("x"))
			}
			return s.SendTo(ctx, "peer", st.Of("x"))
		}},
		{"SendToNumber", pattern.PEER, false, func(s *st.Socket, ctx context.Context) error {
			number, err := s.ConnectPeer("mem://full")
			for err == nil {
				err = s.TrySendToNumber(number, st.Of("x"))
			}
			return s.SendToNumber(ctx, number, st.Of("x"))
		}},
		{"WaitConnected", pattern.PUSH, false, func(s *st.Socket, ctx context.Context) error { return s.WaitConnected(ctx, 100) }},
		{"WaitSubscribers", pattern.PUB, false, func(s *st.Socket, ctx context.Context) error { return s.WaitSubscribers(ctx, 1, nil) }},
		{"Flush", pattern.PUSH, false, func(s *st.Socket, ctx context.Context) error {
			s.MustConnect("mem://nowhere")
			s.MustSend("m")
			_, _, err := s.Flush(ctx)
			return err
		}},
		{"WaitSubscribed", pattern.SUB, false, func(s *st.Socket, ctx context.Context) error {
			s.MustConnect("mem://full")
			return s.WaitSubscribed(ctx)
		}},
		{"Close", pattern.DEALER, false, func(s *st.Socket, ctx context.Context) error {
			s.MustConnect("mem://full")
			s.MustSend("x")
			return s.Close(ctx).Ended
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s := w.Socket(tt.typ, func(o *socket.Options) { o.Pattern.Mandatory = tt.typ == pattern.ROUTER })
				if tt.connected {
					s.MustBind("mem://a")
					w.Dial("a").Handshake("REP")
					w.Settle()
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				var calls atomic.Int32
				err := tt.call(s, checked{ctx, func() error {
					if calls.Add(1) <= 10 { // some of the methods wake the call, which reads Err again
						callEveryMethod(s)
					}
					return ctx.Err()
				}})
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("returned %v", err)
				}
				if calls.Load() == 0 {
					t.Error("Err was not called")
				}
			})
		})
	}
}
