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

// socketPair is a sender and a receiver type with an endpoint.
type socketPair struct {
	ep       string
	from, to pattern.Type
}

// connect returns two connected sockets.
func (p *socketPair) connect(w *st.World) (from, to *st.Socket) {
	w.Helper()
	from, to = w.Socket(p.from), w.Socket(p.to)
	to.MustBind(p.ep)
	from.MustConnect(p.ep)
	from.WaitPeers(1)
	return from, to
}

// socketPairs are for tests of blocked calls.
var socketPairs = []socketPair{
	{"mem://a", pattern.PUSH, pattern.PULL},
	{"inproc://a", pattern.PUSH, pattern.PULL},
	{"mem://a", pattern.DEALER, pattern.DEALER},
	{"inproc://a", pattern.DEALER, pattern.DEALER},
	{"mem://a", pattern.DEALER, pattern.ROUTER},
	{"inproc://a", pattern.PAIR, pattern.PAIR},
	{"mem://a", pattern.PAIR, pattern.PAIR},
	{"mem://a", pattern.XSUB, pattern.XPUB},
}

// TestEachMessageWakesOneReceiver: n messages, in bursts of any size, make n
// blocked calls of Recv return at once.
func TestEachMessageWakesOneReceiver(t *testing.T) {
	const n = 60
	for _, pair := range socketPairs {
		for seed := range uint64(8) {
			st.Run(t, func(w *st.World) {
				r := rand.New(rand.NewPCG(seed, 1))
				from, to := pair.connect(w)
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
					t.Fatalf("%v, seed %d: %d of %d calls returned", pair, seed, len(took), n)
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

// TestCancelledReceiverWakesNext: some blocked calls of Recv are cancelled
// while messages arrive. As long as enough other calls wait, every message is
// received.
func TestCancelledReceiverWakesNext(t *testing.T) {
	for _, pair := range socketPairs {
		for seed := range uint64(30) {
			st.Run(t, func(w *st.World) {
				r := rand.New(rand.NewPCG(seed, 2))
				from, to := pair.connect(w)
				waiting, cancelled := 1+r.IntN(10), r.IntN(20)
				n := 1 + r.IntN(waiting)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				took := make(chan error, waiting+cancelled)
				wait := func(ctx context.Context) {
					go func() { took <- to.Recv(ctx, new(msg.Msg)) }()
				}
				long, end := context.WithCancel(context.Background())
				defer end()
				for _, i := range r.Perm(waiting + cancelled) {
					if i < waiting {
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
					t.Errorf("%v, seed %d: %d of %d messages received, %d calls waited and %d were cancelled", pair, seed, got, n, waiting, cancelled)
				}
				if s := to.Stats(); s.MsgsReceived != uint64(n) || s.QueuedRecv != 0 {
					t.Errorf("%v, seed %d: statistics %+v", pair, seed, s)
				}
				end()
				w.Settle()
			})
		}
	}
}

// withRandomContext calls f with a context that may have ended already, end
// while f waits, or never end.
func withRandomContext(r *rand.Rand, f func(ctx context.Context) error) error {
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

// TestCancelledCallsHaveNoEffect: many senders and receivers use contexts that
// end at random. Each message that Send accepted is received exactly once. A
// message that Send refused is never received. A cancelled Recv leaves its
// message for the next call.
func TestCancelledCallsHaveNoEffect(t *testing.T) {
	const senders, receivers, each = 6, 8, 60
	for _, pair := range socketPairs {
		if pair.from == pattern.XSUB {
			continue // never blocks
		}
		total, refused := 0, 0 // of all seeds
		for seed := range uint64(6) {
			st.Run(t, func(w *st.World) {
				w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(64) })
				hwm := []int{2, 100}[seed%2] // with 100 an iterator takes several messages
				from, to := w.Socket(pair.from, st.HWM(hwm, hwm)), w.Socket(pair.to, st.HWM(hwm, hwm))
				to.MustBind(pair.ep)
				from.MustConnect(pair.ep)
				from.WaitPeers(1)

				var mu sync.Mutex
				sent, got := make(map[string]bool), make(map[string]int)
				var sending, receiving sync.WaitGroup
				for s := range senders {
					r := rand.New(rand.NewPCG(seed, uint64(s)))
					sending.Go(func() {
						for i := 0; i < each; {
							var batch []msg.Msg
							for range 1 + r.IntN(2)*r.IntN(20) {
								batch = append(batch, st.Of(fmt.Sprint(s, " ", i), "body"))
								i++
							}
							n := 0
							err := withRandomContext(r, func(ctx context.Context) (err error) {
								if len(batch) > 1 {
									n, err = from.Transfer().SendAll(ctx, batch)
								} else if err = from.Send(ctx, batch[0]); err == nil {
									n = 1
								}
								return err
							})
							mu.Lock()
							for k := range batch {
								sent[string(batch[k].First)] = k < n
							}
							mu.Unlock()
							if (err == nil) != (n == len(batch)) || err != nil && ctxError(err) == nil {
								t.Errorf("%d of %d messages sent: %v", n, len(batch), err)
							}
							time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
						}
					})
				}
				for k := range receivers {
					r := rand.New(rand.NewPCG(seed, uint64(100+k)))
					receiving.Go(func() {
						last := make(map[int]int) // the number of the last message of each sender
						it := to.Iterator()
						defer func() { it.Close() }()
						for {
							msgs := make([]msg.Msg, 1+r.IntN(10))
							n := 1
							err := withRandomContext(r, func(ctx context.Context) (err error) {
								switch (k + r.IntN(10)/9) % 4 { // mostly one method for each goroutine
								case 0:
									err = to.Recv(ctx, &msgs[0])
								case 1:
									n, err = to.Transfer().Recv(ctx, msgs)
								default:
									msgs[0], err = it.Next(ctx)
								}
								return err
							})
							switch {
							case err == nil:
								for i := range msgs[:n] {
									f := st.Frames(&msgs[i])
									if len(f) != 2 || f[1] != "body" {
										t.Errorf("received %q", f)
									}
									var sender, number int
									fmt.Sscan(f[0], &sender, &number)
									if number <= last[sender] && last[sender] > 0 {
										t.Errorf("%v, seed %d: received %q after number %d", pair, seed, f[0], last[sender])
									}
									last[sender] = number
									mu.Lock()
									got[f[0]]++
									mu.Unlock()
								}
							case err == socket.ErrClosed:
								return
							case ctxError(err) == nil:
								t.Error(err)
							}
							if r.IntN(8) == 0 {
								it.Close()
								it = to.Iterator()
							}
							if r.IntN(8) == 0 {
								to.CanRecv()
								to.Stats()
							}
							time.Sleep(time.Duration(1+r.IntN(5)) * time.Millisecond)
						}
					})
				}
				sending.Wait()
				if n := from.CloseIn(time.Hour); n != 0 {
					t.Errorf("%d messages unsent", n)
				}
				time.Sleep(time.Hour) // the receivers finish
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
						t.Errorf("%v, seed %d: message %q received %d times, want %d", pair, seed, label, got[label], want)
					}
				}
				total, refused = total+len(sent), refused+len(sent)-accepted
				s, r := from.Stats(), to.Stats()
				if s.MsgsSent != uint64(accepted) || r.MsgsReceived != uint64(accepted) {
					t.Errorf("%v, seed %d: %d accepted, %d counted as sent and %d as received", pair, seed, accepted, s.MsgsSent, r.MsgsReceived)
				}
				from.WantDrops(nil)
				to.WantDrops(nil)
			})
		}
		if refused == 0 || refused == total {
			t.Errorf("%v: %d of %d messages were refused", pair, refused, total)
		}
	}
}

// ctxError returns err if it is the error of a context, else nil.
func ctxError(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// TestCancelledSendToHasNoEffect is like TestCancelledCallsHaveNoEffect for
// SendTo of a ROUTER.
func TestCancelledSendToHasNoEffect(t *testing.T) {
	const senders, each = 6, 60
	for seed := range uint64(5) {
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
			router.WaitPeers(2)
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
						err := withRandomContext(r, func(ctx context.Context) error {
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
						t.Errorf("seed %d: peer %d received %q, which was refused, sent to the other peer or received before", seed, i, label)
					}
					delete(want[i], label)
					n++
				}
				for label, ok := range want[i] {
					if ok {
						t.Errorf("seed %d: peer %d of %d messages did not receive %q", seed, i, n, label)
					}
				}
			}
		})
	}
}

// TestReplyToCancelledCallIsDropped: the reply to a cancelled Call is dropped.
// No other Call returns it.
func TestReplyToCancelledCallIsDropped(t *testing.T) {
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
						err := withRandomContext(r, func(ctx context.Context) error {
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

// TestConcurrentReceiversReceiveInOrder: several goroutines receive the
// messages of one connection in the order in which they arrived.
func TestConcurrentReceiversReceiveInOrder(t *testing.T) {
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
