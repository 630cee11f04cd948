package socket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// try sends message i, as a call that does not wait if wait is 0.
func (l *life) try(i int, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	m := st.Of(body(i))
	switch {
	case l.typ == pattern.ROUTER && wait == 0:
		return l.TrySendTo("id", m)
	case l.typ == pattern.ROUTER:
		return l.SendTo(ctx, "id", m)
	case (l.typ == pattern.SERVER || l.typ == pattern.PEER) && wait == 0:
		return l.TrySendToNumber(l.number, m)
	case l.typ == pattern.SERVER, l.typ == pattern.PEER:
		return l.SendToNumber(ctx, l.number, m)
	case l.typ == pattern.RADIO && wait == 0:
		return l.TrySendGroup("g", m)
	case l.typ == pattern.RADIO:
		return l.SendGroup(ctx, "g", m)
	case wait == 0 && i%2 == 0:
		return l.TrySendFrames([][]byte{[]byte(body(i))})
	case wait == 0:
		return l.TrySend(m)
	}
	return l.Send(ctx, m)
}

// A peer reads nothing: two messages are written, in whole or in part, and hwm are
// queued. The policy decides which, and what the calls return.
func TestOverflowPolicyDecidesWhichMessagesAreQueued(t *testing.T) {
	const hwm, messages = 10, 50
	for typ := range sendingTypes {
		if typ == pattern.STREAM || typ == pattern.XSUB {
			continue // package zmq refuses the option
		}
		for _, binds := range []bool{false, true} {
			for policy := socket.OverflowDefault; policy <= socket.OverflowError; policy++ {
				for _, wait := range []time.Duration{0, time.Second} {
					t.Run(fmt.Sprintf("%s binds=%v policy=%d wait=%v", pattern.Types[typ].Name, binds, policy, wait), func(t *testing.T) {
						st.Run(t, func(w *st.World) {
							l := newLife(w, typ, binds, st.HWM(hwm, hwm), func(o *socket.Options) {
								o.Pattern.Mandatory = true
								o.Overflow = policy
							})
							effective := policy
							if policy == socket.OverflowDefault {
								effective = socket.OverflowBlock
								if pattern.Types[typ].Publishes {
									effective = socket.OverflowDropNewest
								}
							}
							want := []int{0, 1}
							var wantErr error
							var dropped uint64 = messages - hwm - 2
							var took time.Duration
							for i := range hwm {
								if effective == socket.OverflowDropOldest {
									want = append(want, messages-hwm+i)
								} else {
									want = append(want, 2+i)
								}
							}
							switch effective {
							case socket.OverflowBlock:
								wantErr, dropped = pattern.ErrWouldBlock, 0
								if wait > 0 {
									wantErr, took = context.DeadlineExceeded, wait
								}
							case socket.OverflowError:
								wantErr, dropped = pattern.ErrWouldBlock, 0
							}
							for i := range messages {
								var err error
								d := st.After(func() { err = l.try(i, wait) })
								w.Settle()
								if i < hwm+2 {
									if err != nil || d != 0 {
										t.Fatalf("message %d: %v after %v", i, err, d)
									}
								} else if err != wantErr || d != took {
									t.Fatalf("message %d: %v after %v, want %v after %v", i, err, d, wantErr, took)
								}
							}
							stats := l.Stats()
							if stats.MsgsSent != stats.MsgsWritten+uint64(stats.QueuedSend)+stats.Drops[pipe.DropHWM] {
								t.Errorf("%d messages sent, %d written, %d queued, %d dropped", stats.MsgsSent, stats.MsgsWritten, stats.QueuedSend, stats.Drops[pipe.DropHWM])
							}
							for _, i := range want {
								l.wantRead(i, i+1)
							}
							w.Settle()
							l.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: dropped})
							if n := l.Stats().QueuedSend; n != 0 {
								t.Errorf("%d messages queued", n)
							}
						})
					})
				}
			}
		}
	}
}

// Without a peer no queue is full, and Send waits for one with every policy.
func TestOverflowPolicyDoesNotApplyWithoutPeer(t *testing.T) {
	for policy := socket.OverflowDefault; policy <= socket.OverflowError; policy++ {
		st.Run(t, func(w *st.World) {
			push := w.Socket(pattern.PUSH, st.HWM(1, 1), func(o *socket.Options) { o.Overflow = policy })
			if err := push.TrySend(st.Of("m")); err != pattern.ErrWouldBlock {
				t.Errorf("policy %d: %v", policy, err)
			}
			time.AfterFunc(time.Second, func() { push.MustBind("inproc://a") })
			pull := w.Socket(pattern.PULL)
			time.AfterFunc(time.Minute, func() { pull.MustConnect("inproc://a") })
			if d := st.After(func() { push.MustSend("m") }); d != time.Minute {
				t.Errorf("policy %d: sent after %v", policy, d)
			}
			pull.WantRecv("m")
			push.WantDrops(nil)
		})
	}
}

// Over inproc the queue belongs to both sockets; the policy is that of the sender.
func TestOverflowPolicyOverInproc(t *testing.T) {
	st.Run(t, func(w *st.World) {
		for i, binds := range []bool{false, true} {
			push := w.Socket(pattern.PUSH, st.HWM(5, 5), func(o *socket.Options) { o.Overflow = socket.OverflowDropOldest })
			pull := w.Socket(pattern.PULL, st.HWM(5, 5))
			a, b := push, pull
			if binds {
				a, b = pull, push
			}
			ep := fmt.Sprint("inproc://", i)
			b.MustBind(ep)
			a.MustConnect(ep)
			for i := range 30 {
				push.MustSend(fmt.Sprint(i))
			}
			for i := 20; i < 30; i++ {
				pull.WantRecv(fmt.Sprint(i))
			}
			pull.WantNone()
			push.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 20})
		}
	})
}
