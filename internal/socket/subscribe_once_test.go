package socket_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// recorder stands for the peer of a pipe, and records the subscriptions that it
// receives.
type recorder struct{ got []string }

func (r *recorder) Wake(*pipe.Queue) {}
func (r *recorder) Room(*pipe.Queue) {}

func (r *recorder) Subscribe(topic string, on bool) {
	r.got = append(r.got, fmt.Sprint(topic, on))
}

func (r *recorder) Probe(done func(bool)) { done(true) }

// want compares the subscriptions received since the last call, in any order.
func (r *recorder) want(t *testing.T, when string, want ...string) {
	t.Helper()
	slices.Sort(r.got)
	slices.Sort(want)
	if !slices.Equal(r.got, want) {
		t.Errorf("%s: peer received %q, want %q", when, r.got, want)
	}
	r.got = nil
}

// subscribers returns constructors of every subscribing type and way to
// subscribe.
func subscribers() map[string]func(*st.World) (*st.Socket, func(topic string, on bool) error) {
	plain := func(typ pattern.Type, invert bool) func(*st.World) (*st.Socket, func(string, bool) error) {
		return func(w *st.World) (*st.Socket, func(string, bool) error) {
			s := w.Socket(typ, func(o *socket.Options) { o.Pattern.Invert = invert })
			if typ == pattern.DISH {
				return s, s.Join
			}
			return s, s.Subscribe
		}
	}
	xsubByMessage := func(w *st.World) (*st.Socket, func(string, bool) error) {
		s := w.Socket(pattern.XSUB)
		return s, func(topic string, on bool) error {
			first := "\x00"
			if on {
				first = "\x01"
			}
			return s.TrySend(st.Of(first + topic))
		}
	}
	return map[string]func(*st.World) (*st.Socket, func(string, bool) error){
		"SUB": plain(pattern.SUB, false), "SUB inverted": plain(pattern.SUB, true),
		"XSUB": plain(pattern.XSUB, false), "XSUB inverted": plain(pattern.XSUB, true),
		"XSUB by message": xsubByMessage, "DISH": plain(pattern.DISH, false),
	}
}

// TestSubscribeDuringConnectIsSentOnce changes subscriptions before, while and
// after a pipe is connected. The peer receives the whole set once it is
// connected, then each change, and nothing twice.
func TestSubscribeDuringConnectIsSentOnce(t *testing.T) {
	for name, make := range subscribers() {
		for _, side := range []pipe.Side{pipe.Dialed, pipe.Accepted, pipe.ConnectedInproc} {
			t.Run(fmt.Sprint(name, side), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					s, change := make(w)
					do := func(topic string, on bool) {
						if err := change(topic, on); err != nil {
							t.Fatal(err)
						}
					}
					r := &recorder{}
					host := socket.HostOf(s.Socket)
					p := host.NewPipe(r, r, r)
					p.Side = side
					do("a", true)
					if err := host.Attach(p); err != nil {
						t.Fatal(err)
					}
					do("b", true)
					do("c", true)
					do("a", false)
					r.want(t, "before the peer is connected")
					for range 2 {
						if err := host.Connected(p, &msg.Peer{}); err != nil {
							t.Fatal(err)
						}
						r.want(t, "when the peer is connected", "btrue", "ctrue")
						do("d", true)
						do("d", false)
						r.want(t, "while the peer is connected", "dfalse", "dtrue")
						if side != pipe.Dialed {
							break
						}
						host.Disconnected(p)
						do("e", true)
						do("e", false)
						r.want(t, "after the peer was lost")
					}
					host.Detach(p)
				})
			})
		}
	}
}

// TestConcurrentSubscribeReachesPublisherOnce: subscribers connect and
// subscribe at the same time. A verbose XPUB receives each subscription once.
func TestConcurrentSubscribeReachesPublisherOnce(t *testing.T) {
	const rounds, topics = 60, 8
	for _, ep := range []string{"mem://a", "inproc://a"} {
		for _, subBinds := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s sub binds %v", ep, subBinds), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					for range rounds {
						xpub := w.Socket(pattern.XPUB, st.HWM(0, 0), func(o *socket.Options) { o.Pattern.XPubNotify = pattern.XPubNotifyEverySubscribe })
						sub := w.Socket(pattern.SUB)
						bind, connect := xpub, sub
						if subBinds {
							bind, connect = sub, xpub
						}
						bind.MustBind(ep)
						var wg sync.WaitGroup
						wg.Go(func() { connect.MustConnect(ep) })
						wg.Go(func() {
							for i := range topics {
								subscribe(t, sub, true, fmt.Sprint(i))
							}
						})
						wg.Wait()
						time.Sleep(time.Second)
						w.Settle()
						got := map[string]int{}
						var m msg.Msg
						for xpub.TryRecv(&m) == nil {
							got[string(m.First)]++
						}
						for i := range topics {
							if n := got[fmt.Sprint("\x01", i)]; n != 1 {
								t.Fatalf("XPUB received subscription %d %d times, want once", i, n)
							}
						}
						sub.CloseIn(0)
						xpub.CloseIn(0)
					}
				})
			})
		}
	}
}
