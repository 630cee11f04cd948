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

// forever is an unlimited linger time.
const forever = -1

// readAll reads frames to the end of the connection, with a pause before each,
// and returns their number.
func readAll(p *st.Peer, pause time.Duration) (n int) {
	defer p.Close()
	for ; ; n++ {
		time.Sleep(pause)
		if _, _, err := p.TryFrame(); err != nil {
			return n
		}
	}
}

// TestLingerDeliversOrCountsEachMessage closes a PUSH while its peer reads at
// different speeds, or not at all. Close takes exactly the expected time. Each
// message is read by the peer or counted as dropped.
func TestLingerDeliversOrCountsEachMessage(t *testing.T) {
	const (
		messages = 10
		slow     = 20 * time.Millisecond // per message
		late     = 30 * time.Second      // when a stopped reader continues
	)
	for _, linger := range []time.Duration{0, time.Millisecond, 100 * time.Millisecond, time.Hour, forever} {
		for _, reader := range []string{"stopped", "stopped for long", "slow", "disconnected", "absent"} {
			for _, binds := range []bool{false, true} {
				if binds && reader == "absent" {
					continue // without a peer there is no queue
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
							p.Handshake("PULL")
						default:
							push.MustConnect("mem://a")
							if reader == "absent" {
								break
							}
							l = w.Listen("a")
							p = l.Accept()
							p.Handshake("PULL")
							l.Close()
						}
						one := len(st.Message("0"))
						if p != nil {
							push.WaitPeers(1)
							// One message fits in the buffer: each is written
							// when the peer has read the one before.
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
						case "disconnected":
							p.Close()
							read <- 0
						case "absent":
							read <- 0
						}
						if reader == "disconnected" {
							w.Settle()
						}

						var done time.Duration // when the peer ends the connection
						ends := true           // whether the peer ends it
						switch reader {
						case "stopped":
							done = late
						case "stopped for long":
							done = 100 * time.Hour
						case "slow":
							done = (messages + 1) * slow // one more read finds the end
						case "disconnected":
							// A bound socket does not wait for a peer to
							// connect again.
							done, ends = 0, binds
						case "absent":
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
							t.Errorf("Close reports %d unsent messages, the counter %d", unsent, drops[pipe.DropLinger])
						}
						lost := 0
						for _, n := range drops {
							lost += int(n)
						}
						if got := <-read; reader != "disconnected" && got+lost != messages {
							t.Errorf("%d messages read and %d counted as dropped %v, want %d", got, lost, drops, messages)
						}
					})
				})
			}
		}
	}
}

// TestLingerCountsDropsExactly: the connection takes k messages and part of the
// next. The k messages are delivered, the next is counted as dropped in flight,
// and Close returns the number of the others.
func TestLingerCountsDropsExactly(t *testing.T) {
	one := len(st.Message("0"))
	const messages = 10
	for k := 1; k < messages; k++ {
		for part := range one {
			st.Run(t, func(w *st.World) {
				push := w.Socket(pattern.PUSH)
				push.MustBind("mem://a")
				p := w.Dial("a")
				p.Handshake("PULL")
				push.WaitPeers(1)
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
					t.Error("received more than was counted as written")
				}
			})
		}
	}
}

// TestCloseWaitsOneSecondForPeerToClose: after the last message was written,
// Close waits one second for the peer to close the connection.
func TestCloseWaitsOneSecondForPeerToClose(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("PULL")
		push.MustSend("x")
		p.Message()
		var unsent int
		if d := st.After(func() { unsent = push.CloseIn(forever) }); d != time.Second || unsent != 0 {
			t.Errorf("Close took %v, %d messages unsent", d, unsent)
		}
	})
}

// TestCloseEndsBlockedSends: Send calls blocked on a full queue return when
// Close begins, not when it has lingered.
func TestCloseEndsBlockedSends(t *testing.T) {
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

// TestConcurrentClosesEndTogether: a second Close waits together with the
// first. The shorter linger time of the two applies to both.
func TestConcurrentClosesEndTogether(t *testing.T) {
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

// TestLingerIsSharedByAllEndpoints: one linger time applies to every endpoint
// together. An endpoint that cannot connect does not delay messages to others.
func TestLingerIsSharedByAllEndpoints(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://never")
		push.MustConnect("mem://neither")
		pull := w.Socket(pattern.PULL)
		push.MustConnect(pull.MustBind("mem://here"))
		push.MustConnect("inproc://unbound")
		for range 8 {
			push.MustSend("x")
		}
		var unsent int
		if d := st.After(func() { unsent = push.CloseIn(time.Minute) }); d != time.Minute || unsent != 6 {
			t.Errorf("Close took %v, %d messages unsent", d, unsent)
		}
		for range 2 {
			pull.WantRecv("x")
		}
		pull.WantNone()
		push.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: 6})
	})
}

// TestDisconnectLingers: after Disconnect or Unbind an endpoint writes its
// queue for at most the linger time. Until then the messages count as queued.
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
		p.Handshake("PULL")
		push.WaitPeers(1)
		w.Net.Links()[len(w.Net.Links())-1].Down().SetBuffer(1)
		for range 10 {
			push.MustSend("y")
		}
		if err := push.Unbind("mem://b"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if n := push.Stats(); n.QueuedSend != 0 || n.Peers != 0 {
			t.Errorf("%d messages queued, %d peers, want 0", n.QueuedSend, n.Peers)
		}
		if n := len(push.EventsOf(session.Disconnected)); n != 1 {
			t.Errorf("%d disconnect events, want 1", n)
		}
	})
}

// TestCloseWaitsForDelivery: closing a connection on which the peer still sends
// resets it, and then written messages that have not arrived are lost. So Close
// waits until they have arrived. It reports them as unconfirmed if they have
// not when the linger time ends.
func TestCloseWaitsForDelivery(t *testing.T) {
	for _, stall := range []time.Duration{10 * time.Second, 10 * time.Minute} {
		st.Run(t, func(w *st.World) {
			push := w.Socket(pattern.PUSH)
			push.MustBind("mem://a")
			p := w.Dial("a")
			p.Handshake("PULL")
			push.WaitPeers(1)
			down := w.Net.Links()[0].Down()
			down.Stall()
			push.MustSend("x")
			w.Settle()
			time.AfterFunc(stall, func() {
				p.Write(st.Ping(0, "")) // a peer that is still sending
				down.Resume()
			})
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			start := time.Now()
			loss := push.Close(ctx)
			unsent, unconfirmed := loss.Unsent, loss.Unconfirmed
			want := min(stall+time.Second, time.Minute)
			if d := time.Since(start); d > want || d < want-time.Second || unsent != 0 || (unconfirmed == 1) != (stall > time.Minute) {
				t.Errorf("Close took %v, %d unsent, %d unconfirmed", d, unsent, unconfirmed)
			}
			if stall < time.Minute && p.Message()[0] != "x" {
				t.Error("the message was lost")
			}
		})
	}
}
