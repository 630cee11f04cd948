package socket_test

import (
	"context"
	"errors"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// sizeLimit sets small limits.
func sizeLimit(o *socket.Options) {
	o.Limits.Frame, o.Limits.Message, o.Limits.Frames = 100, 150, 4
}

// bytesOf converts frames to byte slices.
func bytesOf(frames []string) (b [][]byte) {
	for _, f := range frames {
		b = append(b, []byte(f))
	}
	return b
}

// sends returns every method that sends on a socket type.
func sends(s *st.Socket, typ pattern.Type) map[string]func(frames ...string) error {
	ended := st.Ended()
	switch typ {
	case pattern.ROUTER:
		return map[string]func(...string) error{
			"SendTo":    func(f ...string) error { return s.SendTo(ended, "a", st.Of(f...)) },
			"TrySendTo": func(f ...string) error { return s.TrySendTo("a", st.Of(f...)) },
			"TrySend":   func(f ...string) error { return s.TrySend(st.Of(append([]string{"a"}, f...)...)) },
			"TrySendFrames": func(f ...string) error {
				return s.TrySendFrames(bytesOf(append([]string{"a"}, f...)))
			},
		}
	case pattern.SERVER, pattern.PEER:
		return map[string]func(...string) error{
			"SendToNumber":    func(f ...string) error { return s.SendToNumber(ended, 7, st.Of(f...)) },
			"TrySendToNumber": func(f ...string) error { return s.TrySendToNumber(7, st.Of(f...)) },
		}
	case pattern.RADIO:
		return map[string]func(...string) error{
			"SendGroup":    func(f ...string) error { return s.SendGroup(ended, "g", st.Of(f...)) },
			"TrySendGroup": func(f ...string) error { return s.TrySendGroup("g", st.Of(f...)) },
		}
	}
	return map[string]func(...string) error{
		"Send":          func(f ...string) error { return s.Send(ended, st.Of(f...)) },
		"TrySend":       func(f ...string) error { return s.TrySend(st.Of(f...)) },
		"TrySendFrames": func(f ...string) error { return s.TrySendFrames(bytesOf(f)) },
	}
}

// TestSendReturnsErrMessageTooLarge tries every socket type and every method
// that sends, with and without a peer, over a connection and inproc.
func TestSendReturnsErrMessageTooLarge(t *testing.T) {
	tests := []struct {
		name   string
		frames []string
		fits   bool
	}{
		{"frame at the limit", []string{st.Large(100)}, true},
		{"frame above the limit", []string{st.Large(101)}, false},
		{"second frame above the limit", []string{"", st.Large(101)}, false},
		{"message above the limit", []string{st.Large(76), st.Large(75)}, false},
		{"too many frames", []string{"a", "b", "c", "d", "e"}, false},
	}
	for typ, info := range pattern.Types {
		if !info.Sends || info.Raw {
			continue
		}
		for _, ep := range []string{"", "mem://a", "inproc://a"} {
			t.Run(info.Name+" "+ep, func(t *testing.T) {
				for _, tt := range tests {
					st.Run(t, func(w *st.World) {
						s := w.Socket(typ, sizeLimit)
						if ep != "" {
							for other, o := range pattern.Types {
								if o.Name == info.Peers[0] {
									w.Socket(other, sizeLimit).MustBind(ep)
								}
							}
							s.MustConnect(ep)
							w.Settle()
						}
						for way, send := range sends(s, typ) {
							err := send(tt.frames...)
							if errors.Is(err, pattern.ErrMessageTooLarge) == tt.fits {
								t.Errorf("%s of a %s: %v", way, tt.name, err)
							}
							if st := s.Stats(); !tt.fits && (st.MsgsSent != 0 || st.QueuedSend != 0) {
								t.Errorf("%s of a %s: %d sent, %d queued", way, tt.name, st.MsgsSent, st.QueuedSend)
							}
						}
						s.CloseIn(0)
						for way, send := range sends(s, typ) {
							if err := send(tt.frames...); !errors.Is(err, socket.ErrClosed) {
								t.Errorf("%s on a closed socket: %v", way, err)
							}
						}
					})
				}
			})
		}
	}
}

// TestSendFrameReturnsErrMessageTooLarge: the frame that exceeds a limit is
// refused. The message can be continued, and can always be completed with an
// empty frame.
func TestSendFrameReturnsErrMessageTooLarge(t *testing.T) {
	for _, ep := range []string{"mem://a", "inproc://a"} {
		st.Run(t, func(w *st.World) {
			pull, push := w.Socket(pattern.PULL, sizeLimit), w.Socket(pattern.PUSH, sizeLimit)
			push.MustConnect(pull.MustBind(ep))
			frame := func(body string, more bool, want error) {
				t.Helper()
				f := &msg.Frame{Body: []byte(body), More: more}
				if err := push.SendFrame(context.Background(), f); !errors.Is(err, want) {
					t.Errorf("frame of %d bytes: %v, want %v", len(body), err, want)
				}
			}
			frame(st.Large(101), true, pattern.ErrMessageTooLarge)
			frame(st.Large(101), false, pattern.ErrMessageTooLarge)
			frame(st.Large(90), true, nil)
			frame(st.Large(61), true, pattern.ErrMessageTooLarge)
			frame(st.Large(60), true, nil)
			frame("", true, nil)
			frame("", true, pattern.ErrMessageTooLarge) // no frame could follow
			frame("x", false, pattern.ErrMessageTooLarge)
			frame("", false, nil)
			frame(st.Large(100), false, nil) // a new message
			pull.WantRecv(st.Large(90), st.Large(60), "", "")
			pull.WantRecv(st.Large(100))
			if n := push.Stats().MsgsSent; n != 2 {
				t.Errorf("%d messages sent, want 2", n)
			}
		})
	}
}

// TestReqCountsItsEnvelopeAgainstFrameLimit: the frames that a REQ adds to a
// request count. So a REP with the same limits receives every request that the
// REQ accepts.
func TestReqCountsItsEnvelopeAgainstFrameLimit(t *testing.T) {
	st.Run(t, func(w *st.World) {
		rep, req := w.Socket(pattern.REP, sizeLimit), w.Socket(pattern.REQ, sizeLimit)
		req.MustConnect(rep.MustBind("mem://a"))
		if err := req.TrySend(st.Of("a", "b", "c")); !errors.Is(err, pattern.ErrMessageTooLarge) {
			t.Errorf("three frames: %v", err)
		}
		if _, err := req.Call(context.Background(), st.Of("a", "b", "c")); !errors.Is(err, pattern.ErrMessageTooLarge) {
			t.Errorf("Call with three frames: %v", err)
		}
		req.MustSend("a", "b")
		rep.WantRecv("a", "b")
		rep.WantCloseReasons(map[engine.CloseReason]uint64{})
	})
}
