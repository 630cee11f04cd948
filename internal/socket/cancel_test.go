package socket_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// ways are two types that talk and how, for tests of waiting calls.
var ways = []struct {
	ep       string
	from, to pattern.Type
}{
	{"mem://a", pattern.PUSH, pattern.PULL},
	{"inproc://a", pattern.PUSH, pattern.PULL},
	{"mem://a", pattern.DEALER, pattern.DEALER},
	{"inproc://a", pattern.DEALER, pattern.DEALER},
	{"mem://a", pattern.DEALER, pattern.ROUTER},
	{"inproc://a", pattern.PAIR, pattern.PAIR},
	{"mem://a", pattern.PAIR, pattern.PAIR},
	{"mem://a", pattern.XSUB, pattern.XPUB},
}

// TestEveryWaiterIsWoken: so many messages, in bursts of any size, have so many
// of those return who wait in Recv, without time passing.
func TestEveryWaiterIsWoken(t *testing.T) {
	const n = 60
	for _, way := range ways {
		for seed := range uint64(8) {
			st.Run(t, func(w *st.World) {
				r := rand.New(rand.NewPCG(seed, 1))
				from, to := w.Socket(way.from), w.Socket(way.to)
				to.MustBind(way.ep)
				from.MustConnect(way.ep)
				from.MustMeet(1)
				took := make(chan error, n)
				for range n {
					go func() { took <- to.Recv(context.Background(), new(msg.Msg)) }()
				}
				if r.IntN(2) == 0 {
					w.Settle()
				}
				for left := n; left > 0; {
					burst := min(left, 1+r.IntN(20))
					for range burst {
						from.MustSend("x")
					}
					left -= burst
					if r.IntN(2) == 0 {
						w.Settle()
					}
				}
				w.Settle()
				if len(took) != n {
					t.Fatalf("%v, seed %d: %d of %d waiters returned", way, seed, len(took), n)
				}
				for range n {
					if err := <-took; err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

// TestCancelledWaitersPassOn has some of those who wait in Recv give up just
// when messages arrive: as long as enough others wait, no message is left.
func TestCancelledWaitersPassOn(t *testing.T) {
	for _, way := range ways {
		for seed := range uint64(30) {
			st.Run(t, func(w *st.World) {
				r := rand.New(rand.NewPCG(seed, 2))
				from, to := w.Socket(way.from), w.Socket(way.to)
				to.MustBind(way.ep)
				from.MustConnect(way.ep)
				from.MustMeet(1)
				stay, leave := 1+r.IntN(10), r.IntN(20)
				n := 1 + r.IntN(stay)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				took := make(chan error, stay+leave)
				wait := func(ctx context.Context) {
					go func() { took <- to.Recv(ctx, new(msg.Msg)) }()
				}
				long, end := context.WithCancel(context.Background())
				defer end()
				for _, i := range r.Perm(stay + leave) {
					if i < stay {
						wait(long)
					} else {
						wait(ctx)
					}
				}
				w.Settle()
				before := r.IntN(n + 1)
				for i := range n {
					if i == before {
						go cancel()
					}
					from.MustSend("x")
				}
				cancel()
				w.Settle()
				got := 0
				for range len(took) {
					switch err := <-took; {
					case err == nil:
						got++
					case !errors.Is(err, context.Canceled):
						t.Error(err)
					}
				}
				if got != n {
					t.Errorf("%v, seed %d: %d of %d messages received, %d stayed and %d left", way, seed, got, n, stay, leave)
				}
				if s := to.Stats(); s.MsgsReceived != uint64(n) || s.QueuedRecv != 0 {
					t.Errorf("%v, seed %d: statistics %+v", way, seed, s)
				}
				end()
				w.Settle()
			})
		}
	}
}

// impatient calls f with a context that ends, as often as not, before or while
// f waits.
func impatient(r *rand.Rand, f func(ctx context.Context) error) error {
	switch r.IntN(4) {
	case 0:
		return f(context.Background())
	case 1:
		return f(st.Ended())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(20))*time.Millisecond)
	defer cancel()
	return f(ctx)
}

// TestCancelledCallsDoNothing: of many senders and receivers with little
// patience, what Send took is received once, in order, and what it refused is
// not; and what a receiver gave up on is there for the next.
func TestCancelledCallsDoNothing(t *testing.T) {
	const senders, receivers, each = 6, 6, 60
	for _, way := range ways {
		if way.from == pattern.XSUB {
			continue // never waits
		}
		for seed := range uint64(6) {
			st.Run(t, func(w *st.World) {
				w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(64) })
				from, to := w.Socket(way.from, st.HWM(2, 2)), w.Socket(way.to, st.HWM(2, 2))
				to.MustBind(way.ep)
				from.MustConnect(way.ep)
				from.MustMeet(1)

				var mu sync.Mutex
				sent, got := make(map[string]bool), make(map[string]int)
				var sending, receiving sync.WaitGroup
				for s := range senders {
					r := rand.New(rand.NewPCG(seed, uint64(s)))
					sending.Go(func() {
						for i := range each {
							label := fmt.Sprint(s, " ", i)
							err := impatient(r, func(ctx context.Context) error {
								return from.Send(ctx, st.Of(label, "body"))
							})
							mu.Lock()
							sent[label] = err == nil
							mu.Unlock()
							if err != nil && ctxError(err) == nil {
								t.Error(err)
							}
							time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
						}
					})
				}
				for k := range receivers {
					r := rand.New(rand.NewPCG(seed, uint64(100+k)))
					receiving.Go(func() {
						for {
							var m msg.Msg
							err := impatient(r, func(ctx context.Context) error { return to.Recv(ctx, &m) })
							switch {
							case err == nil:
								f := st.Frames(&m)
								if len(f) != 2 || f[1] != "body" {
									t.Errorf("received %q", f)
								}
								mu.Lock()
								got[f[0]]++
								mu.Unlock()
							case err == socket.ErrClosed:
								return
							case ctxError(err) == nil:
								t.Error(err)
							}
							time.Sleep(time.Duration(1+r.IntN(5)) * time.Millisecond)
						}
					})
				}
				sending.Wait()
				if n := from.CloseIn(time.Hour); n != 0 {
					t.Errorf("%d messages unsent", n)
				}
				time.Sleep(time.Hour) // for the receivers to finish
				to.CloseIn(0)
				receiving.Wait()
				accepted := 0
				for label, ok := range sent {
					want := 0
					if ok {
						want = 1
						accepted++
					}
					if got[label] != want {
						t.Errorf("%v, seed %d: message %q received %d times, want %d", way, seed, label, got[label], want)
					}
				}
				if accepted == 0 || accepted == len(sent) {
					t.Errorf("%v, seed %d: %d of %d messages were sent", way, seed, accepted, len(sent))
				}
				s, r := from.Stats(), to.Stats()
				if s.MsgsSent != uint64(accepted) || r.MsgsReceived != uint64(accepted) {
					t.Errorf("%v, seed %d: %d accepted, %d counted as sent and %d as received", way, seed, accepted, s.MsgsSent, r.MsgsReceived)
				}
				from.WantDrops(nil)
				to.WantDrops(nil)
			})
		}
	}
}

// ctxError is err if it is a context's.
func ctxError(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// TestCancelledSendTo is TestCancelledCallsDoNothing for a ROUTER.
func TestCancelledSendTo(t *testing.T) {
	const senders, each = 6, 60
	for seed := range uint64(10) {
		st.Run(t, func(w *st.World) {
			w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(64) })
			router := w.Socket(pattern.ROUTER, st.HWM(2, 2))
			router.MustBind("mem://a")
			var peers []*st.Socket
			for i := range 2 {
				d := w.Socket(pattern.DEALER, st.ID(fmt.Sprint("peer ", i)), st.HWM(2, 2))
				d.MustConnect("mem://a")
				peers = append(peers, d)
			}
			router.MustMeet(2)
			var mu sync.Mutex
			want := make([]map[string]bool, 2)
			var sending, receiving sync.WaitGroup
			for i := range want {
				want[i] = make(map[string]bool)
			}
			for s := range senders {
				r := rand.New(rand.NewPCG(seed, uint64(s)))
				sending.Go(func() {
					for i := range each {
						label, to := fmt.Sprint(s, " ", i), r.IntN(2)
						err := impatient(r, func(ctx context.Context) error {
							return router.SendTo(ctx, fmt.Sprint("peer ", to), st.Of(label))
						})
						if err != nil && ctxError(err) == nil {
							t.Error(err)
						}
						mu.Lock()
						want[to][label] = err == nil
						mu.Unlock()
						time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
					}
				})
			}
			got := make([][]string, 2)
			for i, d := range peers {
				r := rand.New(rand.NewPCG(seed, uint64(100+i)))
				receiving.Go(func() {
					for {
						var m msg.Msg
						if err := d.Recv(context.Background(), &m); err == socket.ErrClosed {
							return
						} else if err != nil {
							t.Error(err)
						}
						got[i] = append(got[i], string(m.First))
						time.Sleep(time.Duration(r.IntN(5)) * time.Millisecond)
					}
				})
			}
			sending.Wait()
			router.CloseIn(time.Hour)
			time.Sleep(time.Hour)
			for _, d := range peers {
				d.CloseIn(0)
			}
			receiving.Wait()
			for i := range want {
				n := 0
				for _, label := range got[i] {
					if !want[i][label] {
						t.Errorf("seed %d: peer %d got %q, which failed, was for another or came before", seed, i, label)
					}
					delete(want[i], label)
					n++
				}
				for label, ok := range want[i] {
					if ok {
						t.Errorf("seed %d: peer %d of %d messages never got %q", seed, i, n, label)
					}
				}
			}
		})
	}
}

// TestCancelledCalls: the replies to Calls that were given up are dropped and
// never given to others.
func TestCancelledCalls(t *testing.T) {
	for seed := range uint64(10) {
		st.Run(t, func(w *st.World) {
			rep, req := w.Socket(pattern.REP), w.Socket(pattern.REQ)
			req.MustConnect(rep.MustBind("mem://a"))
			served := make(chan struct{})
			go func() {
				defer close(served)
				r := rand.New(rand.NewPCG(seed, 99))
				for {
					var m msg.Msg
					if rep.Recv(context.Background(), &m) != nil {
						return
					}
					time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
					if rep.Send(context.Background(), st.Of("re "+string(m.First))) != nil {
						return
					}
				}
			}()
			var calling sync.WaitGroup
			for c := range 8 {
				r := rand.New(rand.NewPCG(seed, uint64(c)))
				calling.Go(func() {
					for i := range 50 {
						label := fmt.Sprint(c, " ", i)
						err := impatient(r, func(ctx context.Context) error {
							m, err := req.Call(ctx, st.Of(label))
							if err == nil && string(m.First) != "re "+label {
								t.Errorf("seed %d: call %q got %q", seed, label, m.First)
							}
							return err
						})
						if err != nil && ctxError(err) == nil {
							t.Error(err)
						}
					}
				})
			}
			calling.Wait()
			req.CloseIn(time.Minute)
			rep.CloseIn(0)
			<-served
		})
	}
}

// TestRecvOrderWithManyWaiters: one connection's messages are handed out in the
// order they came, whoever waits.
func TestRecvOrderWithManyWaiters(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const n = 200
		push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		push.MustConnect(pull.MustBind("mem://a"))
		var mu sync.Mutex
		var order []string
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for {
					var m msg.Msg
					mu.Lock()
					err := pull.TryRecv(&m)
					if err == nil {
						order = append(order, string(m.First))
					}
					mu.Unlock()
					switch err {
					case nil:
					case pattern.ErrWouldBlock:
						time.Sleep(time.Millisecond)
					default:
						return
					}
				}
			})
		}
		var want []string
		for i := range n {
			push.MustSend(fmt.Sprint(i))
			want = append(want, fmt.Sprint(i))
		}
		time.Sleep(time.Minute)
		pull.CloseIn(0)
		all.Wait()
		if strings.Join(order, ",") != strings.Join(want, ",") {
			t.Errorf("received in the order %v", order)
		}
	})
}
