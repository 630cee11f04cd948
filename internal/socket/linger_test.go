package socket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// forever is a linger time without end.
const forever = -1

// readAll reads frames, one after each pause, to the end of the connection, and
// returns how many.
func readAll(p *st.Peer, pause time.Duration) (n int) {
	defer p.Close()
	for ; ; n++ {
		time.Sleep(pause)
		if _, _, err := p.TryFrame(); err != nil {
			return n
		}
	}
}

// TestLingerTable closes a PUSH with messages that its peer cannot take yet.
// When Close returns is exact, and each message is read by the peer, or counted
// as dropped. goals G15, threats.md 5
func TestLingerTable(t *testing.T) {
	const (
		messages = 10
		slow     = 20 * time.Millisecond // a message
		late     = 30 * time.Second      // when a reader that has stopped goes on
	)
	for _, linger := range []time.Duration{0, time.Millisecond, 100 * time.Millisecond, time.Hour, forever} {
		for _, reader := range []string{"stopped", "stopped for long", "slow", "gone", "never there"} {
			for _, binds := range []bool{false, true} {
				if binds && reader == "never there" {
					continue // then there is nobody to queue for
				}
				t.Run(fmt.Sprint(linger, " ", reader, " binds=", binds), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						up := func(l *memnet.Link) *memnet.Flow {
							if binds {
								return l.Down()
							}
							return l.Up()
						}
						push := w.Socket(pattern.PUSH, st.Reconnect(time.Second, time.Second))
						var p *st.Peer
						var l *st.Server
						switch {
						case binds:
							push.MustBind("mem://a")
							p = w.Dial("a")
							p.Shake("PULL")
						default:
							push.MustConnect("mem://a")
							if reader == "never there" {
								break
							}
							l = w.Listen("a")
							p = l.Accept()
							p.Shake("PULL")
							l.Close()
						}
						one := len(st.Message("0"))
						if p != nil {
							push.MustMeet(1)
							// Each message is written when the one before is read.
							up(w.Net.Links()[0]).SetBuffer(one)
						}
						for i := range messages {
							push.MustSend(fmt.Sprint(i))
						}
						w.Settle()
						read := make(chan int, 1)
						count := func(pause time.Duration) { read <- readAll(p, pause) }
						switch reader {
						case "stopped":
							time.AfterFunc(late, func() { count(0) })
						case "stopped for long":
							time.AfterFunc(100*time.Hour, func() { count(0) })
						case "slow":
							go count(slow)
						case "gone":
							p.Close()
							read <- 0
						case "never there":
							read <- 0
						}
						if reader == "gone" {
							w.Settle()
						}

						var done time.Duration // when the peer hangs up
						ends := true           // that it ever is
						switch reader {
						case "stopped":
							done = late
						case "stopped for long":
							done = 100 * time.Hour
						case "slow":
							done = (messages + 1) * slow // with the end
						case "gone":
							// Who came here is not expected back.
							done, ends = 0, binds
						case "never there":
							ends = false
						}
						if linger == forever && !ends {
							return
						}
						var unsent int
						took := st.After(func() { unsent = push.CloseIn(linger) })
						switch {
						case ends && (linger == forever || linger > done):
							if took != done {
								t.Errorf("Close took %v, want %v", took, done)
							}
							if unsent != 0 {
								t.Errorf("%d messages unsent", unsent)
							}
						case took != linger:
							t.Errorf("Close took %v, want %v", took, linger)
						}
						drops := push.Stats().Drops
						if int(drops[pipe.DropLinger]) != unsent {
							t.Errorf("Close says %d, the counter %d", unsent, drops[pipe.DropLinger])
						}
						lost := 0
						for _, n := range drops {
							lost += int(n)
						}
						if got := <-read; reader != "gone" && got+lost != messages {
							t.Errorf("%d messages read and %d counted as lost %v, want %d", got, lost, drops, messages)
						}
					})
				})
			}
		}
	}
}

// TestLingerCountsExactly has the network take exactly k messages and a part of
// the next: those are with the peer, that one is lost, and the rest is what
// Close returns.
func TestLingerCountsExactly(t *testing.T) {
	one := len(st.Message("0"))
	const messages = 10
	for k := 1; k < messages; k++ {
		for part := range one {
			st.Run(t, func(w *st.World) {
				push := w.Socket(pattern.PUSH)
				push.MustBind("mem://a")
				p := w.Dial("a")
				p.Shake("PULL")
				push.MustMeet(1)
				w.Net.Links()[0].Down().SetBuffer(k*one + part)
				for i := range messages {
					push.MustSend(fmt.Sprint(i))
				}
				w.Settle()
				cut := min(part, 1)
				var unsent int
				if d := st.After(func() { unsent = push.CloseIn(50 * time.Millisecond) }); d != 50*time.Millisecond {
					t.Errorf("Close took %v", d)
				}
				if unsent != messages-k {
					t.Errorf("%d messages and %d bytes written: Close returned %d", k, part, unsent)
				}
				push.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: uint64(unsent - cut), pipe.DropInFlight: uint64(cut)})
				for i := range k {
					if got := p.Message(); got[0] != fmt.Sprint(i) {
						t.Errorf("message %d is %q", i, got)
					}
				}
				if _, _, err := p.TryFrame(); err == nil {
					t.Error("more than that was written")
				}
			})
		}
	}
}

// TestCloseGivesPeerASecond to hang up when it has got everything, and no more.
func TestCloseGivesPeerASecond(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustBind("mem://a")
		p := w.Dial("a")
		p.Shake("PULL")
		push.MustSend("x")
		p.Message()
		var unsent int
		if d := st.After(func() { unsent = push.CloseIn(forever) }); d != time.Second || unsent != 0 {
			t.Errorf("Close took %v and left %d messages", d, unsent)
		}
	})
}

// TestCloseEndsFullSends: who waits for room is not kept for as long as Close
// lingers.
func TestCloseEndsFullSends(t *testing.T) {
	for _, ep := range []string{"mem://a", "inproc://a"} {
		st.Run(t, func(w *st.World) {
			push := w.Socket(pattern.PUSH, st.HWM(2, 2))
			push.MustConnect(ep)
			full := push.Fill()
			const senders = 5
			errs := make(chan error, senders)
			for range senders {
				go func() { errs <- push.Send(context.Background(), st.Of("too much")) }()
			}
			w.Settle()
			unsent := make(chan int)
			go func() { unsent <- push.CloseIn(time.Minute) }()
			if d := st.After(func() {
				for range senders {
					if err := <-errs; err != socket.ErrClosed {
						t.Errorf("%s: Send: %v", ep, err)
					}
				}
			}); d != 0 {
				t.Errorf("%s: Send returned after %v", ep, d)
			}
			if n := <-unsent; n != full {
				t.Errorf("%s: %d messages unsent, want %d", ep, n, full)
			}
		})
	}
}

// TestCloseTwiceAtOnce: the second caller waits for the same end as the first,
// and who has less time ends it for both.
func TestCloseTwiceAtOnce(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		push.MustSend("x")
		first := make(chan int, 1)
		go func() { first <- push.CloseIn(time.Minute) }()
		w.Settle()
		if d := st.After(func() {
			if n := push.CloseIn(time.Second); n != 1 {
				t.Errorf("the second Close returned %d", n)
			}
		}); d != time.Second {
			t.Errorf("the second Close took %v", d)
		}
		if n := <-first; n != 1 {
			t.Errorf("the first Close returned %d", n)
		}
	})
}

// TestLingerOfManyEndpoints: the time is for all of them together, and one that
// is stuck does not keep others from sending.
func TestLingerOfManyEndpoints(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://never")
		push.MustConnect("mem://neither")
		pull := w.Socket(pattern.PULL)
		push.MustConnect(pull.MustBind("mem://here"))
		push.MustConnect("inproc://nobody")
		for range 8 {
			push.MustSend("x")
		}
		var unsent int
		if d := st.After(func() { unsent = push.CloseIn(time.Minute) }); d != time.Minute || unsent != 6 {
			t.Errorf("Close took %v and left %d messages", d, unsent)
		}
		for range 2 {
			pull.WantRecv("x")
		}
		pull.WantNone()
		push.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: 6})
	})
}

// TestDisconnectLingers: endpoints that are let go write what is queued, for as
// long as the linger time, and meanwhile it counts as queued.
func TestDisconnectLingers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH, func(o *socket.Options) { o.Linger = time.Second })
		push.MustConnect("mem://a")
		push.MustSend("x")
		if err := push.Disconnect("mem://a"); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		if n := push.Stats().QueuedSend; n != 1 {
			t.Errorf("%d messages queued", n)
		}
		time.Sleep(2 * time.Second)
		if n := push.Stats().QueuedSend; n != 0 {
			t.Errorf("%d messages queued", n)
		}
		push.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: 1})

		push.MustBind("mem://b")
		p := w.Dial("b")
		p.Shake("PULL")
		push.MustMeet(1)
		w.Net.Links()[len(w.Net.Links())-1].Down().SetBuffer(1)
		for range 10 {
			push.MustSend("y")
		}
		if err := push.Unbind("mem://b"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if n := push.Stats(); n.QueuedSend != 0 || n.Peers != 0 {
			t.Errorf("%d messages queued to %d peers", n.QueuedSend, n.Peers)
		}
		if n := len(push.Heard(session.Disconnected)); n != 1 {
			t.Errorf("%d disconnects", n)
		}
	})
}

// TestCloseWaitsForDelivery: what is written and has not arrived is lost if the
// connection is closed while the peer is about to say something. So Close
// stays, and says if it could not.
func TestCloseWaitsForDelivery(t *testing.T) {
	for _, stall := range []time.Duration{10 * time.Second, 10 * time.Minute} {
		st.Run(t, func(w *st.World) {
			push := w.Socket(pattern.PUSH)
			push.MustBind("mem://a")
			p := w.Dial("a")
			p.Shake("PULL")
			push.MustMeet(1)
			down := w.Net.Links()[0].Down()
			down.Stall()
			push.MustSend("x")
			w.Settle()
			time.AfterFunc(stall, func() {
				p.Write(st.Ping(0, "")) // as a peer does that is not done
				down.Resume()
			})
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			start := time.Now()
			loss := push.Close(ctx)
			unsent, underWay := loss.Unsent, loss.Unconfirmed
			want := min(stall+time.Second, time.Minute)
			if d := time.Since(start); d > want || d < want-time.Second || unsent != 0 || (underWay == 1) != (stall > time.Minute) {
				t.Errorf("Close took %v, %d unsent, %d under way", d, unsent, underWay)
			}
			if stall < time.Minute && p.Message()[0] != "x" {
				t.Error("lost")
			}
		})
	}
}
