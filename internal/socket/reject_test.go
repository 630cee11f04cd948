package socket_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/internal/wire"
)

// counting is the READY property with which a peer announces that it accepts
// ERROR after the handshake.
var counting = []string{"X-On-Error", "count"}

// oversized are messages above a limit of the receiver, with the reason that
// ends the connection.
var oversized = []struct {
	name   string
	limit  func(*engine.Limits)
	frames []string
	reason engine.CloseReason
}{
	{"frame", func(l *engine.Limits) { l.Frame = 100 }, []string{st.Large(101)}, engine.CloseFrameSize},
	{"frame that is read in parts", func(l *engine.Limits) { l.Frame = 100_000 }, []string{st.Large(1 << 20)}, engine.CloseFrameSize},
	{"message of one frame", func(l *engine.Limits) { l.Message = 100 }, []string{st.Large(120)}, engine.CloseMessageSize},
	{"message of two frames", func(l *engine.Limits) { l.Message = 100 }, []string{st.Large(60), st.Large(61)}, engine.CloseMessageSize},
	{"frames", func(l *engine.Limits) { l.Frames = 8 }, strings.Split("123456789", ""), engine.CloseMessageSize},
}

// typePair is a socket type that sends and a type that receives.
type typePair struct {
	from, to pattern.Type
	single   bool // messages have one frame
	answers  bool // from replies: it sends one message after it has received one
	begins   bool // from requests: it sends one message and then waits for a reply
}

var typePairs = []typePair{
	{from: pattern.PUSH, to: pattern.PULL},
	{from: pattern.SCATTER, to: pattern.GATHER, single: true},
	{from: pattern.PAIR, to: pattern.PAIR},
	{from: pattern.CHANNEL, to: pattern.CHANNEL, single: true},
	{from: pattern.DEALER, to: pattern.DEALER},
	{from: pattern.DEALER, to: pattern.ROUTER},
	{from: pattern.ROUTER, to: pattern.DEALER},
	{from: pattern.ROUTER, to: pattern.ROUTER},
	{from: pattern.CLIENT, to: pattern.SERVER, single: true},
	{from: pattern.SERVER, to: pattern.CLIENT, single: true},
	{from: pattern.PEER, to: pattern.PEER, single: true},
	{from: pattern.PUB, to: pattern.SUB},
	{from: pattern.XPUB, to: pattern.XSUB},
	{from: pattern.XSUB, to: pattern.XPUB},
	{from: pattern.RADIO, to: pattern.DISH, single: true},
	{from: pattern.REQ, to: pattern.REP, begins: true},
	{from: pattern.REP, to: pattern.REQ, answers: true},
}

// prepare makes the connected sockets ready to send, and returns a function
// that sends from one to the other.
func (c *typePair) prepare(t *testing.T, w *st.World, from, to *st.Socket) func(frames ...string) error {
	from.WaitPeers(1)
	w.Settle()
	switch c.from {
	case pattern.PUB, pattern.XPUB:
		if err := to.Subscribe("", true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
	case pattern.RADIO:
		if err := to.Join("g", true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		return func(frames ...string) error { return from.TrySendGroup("g", st.Of(frames...)) }
	case pattern.ROUTER:
		return func(frames ...string) error { return from.TrySendTo("to", st.Of(frames...)) }
	case pattern.SERVER, pattern.PEER:
		number := from.Peers()[0].Number
		return func(frames ...string) error { return from.TrySendToNumber(number, st.Of(frames...)) }
	case pattern.REP:
		to.MustSend("request")
		from.MustRecv()
	}
	return func(frames ...string) error { return from.TrySend(st.Of(frames...)) }
}

// TestSenderCountsRejectedMessages: every sending type sends a message above
// the limits of its peer, between two others. The sender learns why the
// connection ends. It counts this message, and those written after it, as
// rejected.
func TestSenderCountsRejectedMessages(t *testing.T) {
	for _, c := range typePairs {
		for _, over := range oversized {
			if c.single && len(over.frames) > 1 {
				continue
			}
			for _, binds := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s to %s/%s/sender binds %v", pattern.Types[c.from].Name, pattern.Types[c.to].Name, over.name, binds), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						w.Net.OnLink(func(l *memnet.Link) {
							l.SetLatency(10 * time.Millisecond)
							l.Up().SetBuffer(2 << 20)
							l.Down().SetBuffer(2 << 20)
						})
						from := w.Socket(c.from, st.ID("from"))
						to := w.Socket(c.to, st.ID("to"), func(o *socket.Options) { over.limit(&o.Limits) })
						if binds {
							from.MustBind("mem://a")
							to.MustConnect("mem://a")
						} else {
							to.MustBind("mem://a")
							from.MustConnect("mem://a")
						}
						send := c.prepare(t, w, from, to)
						messages := [][]string{{"before"}, over.frames, {"after"}}
						before := 1
						if c.begins || c.answers {
							messages, before = messages[1:2], 0
						}
						for _, frames := range messages {
							if err := send(frames...); err != nil {
								t.Fatal(err)
							}
						}
						time.Sleep(time.Second)
						rejected := len(messages) - before
						from.WantDrops(map[pipe.Drop]uint64{pipe.DropRejected: uint64(rejected)})
						from.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseRefused: 1})
						to.WantCloseReasons(map[engine.CloseReason]uint64{over.reason: 1})
						want := fmt.Sprintf("rejected-after-%d-messages:%v:", before, over.reason)
						ends := from.EventsOf(session.Disconnected)
						if len(ends) != 1 || !strings.Contains(fmt.Sprint(ends[0].Err), want) {
							t.Errorf("disconnect events %+v, want one with %q", ends, want)
						}
						if before > 0 {
							if frames, _ := to.MustRecv(); frames[len(frames)-1] != "before" {
								t.Errorf("received %q", frames)
							}
						}
						if wrong := accountingError(from); wrong != "" {
							t.Error(wrong)
						}
						if c.begins || c.answers || c.from == pattern.SERVER || c.from == pattern.PEER {
							return // no next message without a request, or a new routing number
						}
						time.Sleep(20 * time.Second)
						if err := send("later"); err != nil {
							t.Fatal(err)
						}
						time.Sleep(time.Second)
						if frames, _ := to.MustRecv(); frames[len(frames)-1] != "later" {
							t.Errorf("received %q", frames)
						}
						to.WantNone()
					})
				})
			}
		}
	}
}

// TestReceiverReportsRejectedMessage: a peer that accepts ERROR after the
// handshake receives one when the connection ends. It holds the reason and the
// number of messages received. The connection stays open for one second so that
// the peer can read it. Any other peer is disconnected at once.
func TestReceiverReportsRejectedMessage(t *testing.T) {
	inputs := badInputs()
	sawReady := 0
	for _, in := range inputs {
		if !in.ready {
			continue
		}
		sawReady++
		traffic := in.bytes[len(st.Greeting())+len(st.Ready("Socket-Type", "PUSH")):]
		for _, binds := range []bool{true, false} {
			for _, announced := range []string{"count", "retry", "other", ""} {
				t.Run(fmt.Sprintf("%s/binds %v/%s", in.name, binds, announced), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						pull := w.Socket(pattern.PULL)
						p := rawPeer(w, pull, binds)
						p.Handshake("PUSH", "X-On-Error", announced)
						p.MustWrite(st.Message("one"), st.Message("two", "three"), st.Command("PING", []byte{0, 0}))
						w.Settle()
						p.MustWrite(traffic)
						want := time.Duration(0)
						if in.reason != engine.CloseRefused && (announced == "count" || announced == "retry") {
							flags, body := p.Frame()
							for string(body[1:5]) == "PONG" {
								flags, body = p.Frame()
							}
							reason := fmt.Sprintf("rejected-after-2-messages:%v:", in.reason)
							if flags != wire.FlagCommand || !strings.HasPrefix(string(body), "\x05ERROR") || !strings.HasPrefix(string(body[7:]), reason) {
								t.Errorf("received %x %q, want an ERROR with %q", flags, body, reason)
							}
							if _, err := io.Copy(io.Discard, p); err != nil { // our direction ends
								t.Error(err)
							}
							w.Settle()
							if n := len(pull.EventsOf(session.Disconnected)); n != 0 {
								t.Error("disconnected before the peer has")
							}
							p.Write(st.Message("too late")) // fails if the receiver has closed the connection
							want = time.Second
						}
						start := time.Now()
						for len(pull.EventsOf(session.Disconnected)) == 0 && time.Since(start) < 5*time.Second {
							time.Sleep(time.Millisecond)
						}
						if d := time.Since(start).Round(10 * time.Millisecond); d != want {
							t.Errorf("closed after %v, want %v", d, want)
						}
						wantOneFailure(t, pull, session.Disconnected, in.reason)
						pull.WantRecv("one")
						pull.WantRecv("two", "three")
						pull.WantNone()
					})
				})
			}
		}
	}
	if sawReady < 8 {
		t.Errorf("%d inputs after the handshake, want at least 8", sawReady)
	}
}

// rawPeer connects a raw peer to a socket, which binds or connects.
func rawPeer(w *st.World, s *st.Socket, binds bool) *st.Peer {
	if binds {
		s.MustBind("mem://a")
		return w.Dial("a")
	}
	l := w.Listen("a")
	s.MustConnect("mem://a")
	return l.Accept()
}

// TestReceiverSendsNoErrorToZMTP30Peer: ERROR after the handshake requires ZMTP
// 3.1.
func TestReceiverSendsNoErrorToZMTP30Peer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		p := w.Dial("a")
		greeting := st.Greeting()
		greeting[11] = 0
		p.MustWrite(greeting, st.Ready(append([]string{"Socket-Type", "PUSH"}, counting...)...))
		pull.WaitPeers(1)
		w.Settle()
		p.ReadN(64)
		p.Frame()
		p.MustWrite([]byte{0xFF, 0})
		if b, _ := io.ReadAll(p); len(b) != 0 {
			t.Errorf("received %q", b)
		}
	})
}

// TestRejectedPeerIsDisconnectedWithinBounds: after an ERROR, a peer that is
// silent, keeps sending or does not read is disconnected after one second, or
// after the maximum number of discarded bytes.
func TestRejectedPeerIsDisconnectedWithinBounds(t *testing.T) {
	tests := map[string]struct {
		then func(p *st.Peer)
		want time.Duration
	}{
		"silent": {func(*st.Peer) {}, time.Second},
		"sending": {func(p *st.Peer) {
			for {
				if _, err := p.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}, 0},
		"closing": {func(p *st.Peer) { p.Close() }, 0},
		"ending":  {func(p *st.Peer) { p.CloseWrite() }, 0},
		"trickling": {func(p *st.Peer) {
			for {
				if _, err := p.Write([]byte{0}); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}, time.Second},
	}
	for name, tt := range tests {
		for _, reads := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/reads %v", name, reads), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					dealer := w.Socket(pattern.DEALER)
					dealer.MustBind("mem://a")
					p := w.Dial("a")
					p.Handshake("DEALER", counting...)
					dealer.WaitPeers(1)
					w.Settle()
					if !reads {
						w.Net.Links()[0].Down().SetBuffer(10)
						dealer.MustSend(st.Large(1000)) // the flusher cannot write it
					}
					start := time.Now()
					p.MustWrite([]byte{0xFF, 0})
					over := make(chan struct{})
					go func() {
						defer close(over)
						tt.then(p)
					}()
					for len(dealer.EventsOf(session.Disconnected)) == 0 && time.Since(start) < 5*time.Second {
						time.Sleep(time.Millisecond)
					}
					want := tt.want
					if !reads && name == "ending" || !reads && name == "sending" {
						want = time.Second // the ERROR could not be written
					}
					if d := time.Since(start).Round(10 * time.Millisecond); d != want {
						t.Errorf("closed after %v, want %v", d, want)
					}
					wantOneFailure(t, dealer, session.Disconnected, engine.CloseMalformed)
					<-over
				})
			})
		}
	}
}

// TestCloseWaitsForRejectedPeerWithinLinger: a rejected peer has one second to
// read the ERROR. Close waits for it, at most for the linger time.
func TestCloseWaitsForRejectedPeerWithinLinger(t *testing.T) {
	for _, binds := range []bool{true, false} {
		for _, linger := range []time.Duration{0, 300 * time.Millisecond, time.Minute} {
			st.Run(t, func(w *st.World) {
				pull := w.Socket(pattern.PULL)
				p := rawPeer(w, pull, binds)
				p.Handshake("PUSH", counting...)
				p.MustWrite([]byte{0xFF, 0})
				w.Settle()
				if d := st.After(func() { pull.CloseIn(linger) }); d != min(linger, time.Second) {
					t.Errorf("binds %v, linger %v: closed after %v", binds, linger, d)
				}
				wantOneFailure(t, pull, session.Disconnected, engine.CloseMalformed)
			})
		}
	}
}

// errorCommand returns an ERROR command.
func errorCommand(reason string) []byte {
	return st.Command("ERROR", append([]byte{byte(len(reason))}, reason...))
}

// TestSenderIgnoresInvalidRejectionCount: if a peer reports more messages than
// were written, all of them count as received. If the number is malformed, no
// message counts as rejected.
func TestSenderIgnoresInvalidRejectionCount(t *testing.T) {
	const written = 3
	for reason, want := range map[string]uint64{
		"rejected-after-0-messages:x":                          3,
		"rejected-after-1-messages:x":                          2,
		"rejected-after-3-messages:x":                          0,
		"rejected-after-4-messages:":                           0,
		"rejected-after-9223372036854775808-messages:x":        0,
		"rejected-after-18446744073709551615-messages:x":       0,
		"rejected-after-18446744073709551616-messages:x":       0,
		"rejected-after-99999999999999999999999999-messages:x": 0,
		"rejected-after--1-messages:x":                         0,
		"rejected-after--messages:x":                           0,
		"rejected-after-1":                                     0,
		"rejected-after-":                                      0,
		"not-admitted:x":                                       3,
		"":                                                     0,
		"400":                                                  0,
	} {
		for _, binds := range []bool{true, false} {
			for _, hello := range []bool{true, false} {
				st.Run(t, func(w *st.World) {
					dealer := w.Socket(pattern.DEALER, func(o *socket.Options) {
						if hello {
							o.Hello = []byte("hello")
						}
					})
					p := rawPeer(w, dealer, binds)
					p.Handshake("DEALER", counting...)
					dealer.WaitPeers(1)
					for range written {
						dealer.MustSend("x")
					}
					w.Settle()
					p.MustWrite(errorCommand(reason))
					p.WaitClosed()
					w.Settle()
					want := want
					if hello && (reason == "rejected-after-1-messages:x" || reason == "rejected-after-3-messages:x") {
						want++ // the first message received was the Hello
					}
					stats := dealer.Stats()
					if got := stats.Drops[pipe.DropRejected]; got != want || stats.MsgsWritten != written {
						t.Errorf("%q, binds %v, hello %v: %d rejected of %d written, want %d", reason, binds, hello, got, stats.MsgsWritten, want)
					}
					wantOneFailure(t, dealer, session.Disconnected, engine.CloseRefused)
				})
			}
		}
	}
}

// TestRejectionIsReportedWhenWriteFailsFirst: the ERROR of the peer is the
// reason for the lost connection, even if a write fails before the reader has
// read it. A message that was partly written counts as written and rejected.
func TestRejectionIsReportedWhenWriteFailsFirst(t *testing.T) {
	for _, binds := range []bool{true, false} {
		for _, closing := range []bool{true, false} {
			for _, frames := range [][]string{{st.Large(3000)}, {st.Large(10), st.Large(3000)}, {st.Large(60_000)}} {
				st.Run(t, func(w *st.World) {
					push := w.Socket(pattern.PUSH, st.Reconnect(time.Millisecond, time.Millisecond))
					p := rawPeer(w, push, binds)
					p.Handshake("PULL", counting...)
					push.WaitPeers(1)
					w.Settle()
					out, in := w.Net.Links()[0].Down(), w.Net.Links()[0].Up()
					if !binds {
						out, in = in, out
					}
					out.SetBuffer(1000)
					push.MustSend("before")
					w.Settle()
					push.MustSend(frames...)
					push.MustSend(frames...) // taken with the one before, or still queued
					w.Settle()
					in.HoldReads()
					p.MustWrite(errorCommand("rejected-after-1-messages:x"))
					p.Close() // with bytes unread
					w.Settle()
					done := make(chan struct{})
					go func() {
						defer close(done)
						if closing {
							push.CloseIn(10 * time.Second)
						}
					}()
					w.Settle()
					in.ReleaseReads()
					w.Settle()
					stats := push.Stats()
					if stats.Drops[pipe.DropRejected] != 1 || stats.MsgsWritten != 2 || stats.Drops[pipe.DropInFlight] != 0 {
						t.Errorf("binds %v, closing %v: %d written, drops %v, want 2 and one of them rejected",
							binds, closing, stats.MsgsWritten, stats.Drops)
					}
					wantOneFailure(t, push, session.Disconnected, engine.CloseRefused)
					<-done
					if wrong := accountingError(push); wrong != "" {
						t.Error(wrong)
					}
				})
			}
		}
	}
}

// TestRejectedSenderReconnectsWithoutBackoff: rejected messages are not sent
// again, so an early retry is safe. Messages that were not yet written are
// sent.
func TestRejectedSenderReconnectsWithoutBackoff(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH, st.Reconnect(100*time.Millisecond, 5*time.Second))
		push.MustConnect("mem://a")
		p := l.Accept()
		w.Net.Links()[0].Up().SetBuffer(1000)
		p.Handshake("PULL", counting...)
		push.WaitPeers(1)
		push.MustSend(st.Large(2000))
		w.Settle()
		push.MustSend("next")
		p.MustWrite(errorCommand("rejected-after-0-messages:x"))
		w.Settle()
		if d := st.After(func() { p = l.Accept() }); d > 150*time.Millisecond {
			t.Errorf("reconnected after %v", d)
		}
		p.Handshake("PULL", counting...)
		if m := p.Message(); m[0] != "next" {
			t.Errorf("received %q", m)
		}
		push.WantDrops(map[pipe.Drop]uint64{pipe.DropRejected: 1})
	})
}

// TestCloseReportsRejectedMessages: the peer rejects a message while the sender
// closes.
func TestCloseReportsRejectedMessages(t *testing.T) {
	for _, binds := range []bool{true, false} {
		st.Run(t, func(w *st.World) {
			w.Net.OnLink(func(l *memnet.Link) { l.SetLatency(10 * time.Millisecond) })
			push := w.Socket(pattern.PUSH)
			pull := w.Socket(pattern.PULL, sizeLimit)
			if binds {
				push.MustBind("mem://a")
				pull.MustConnect("mem://a")
			} else {
				pull.MustBind("mem://a")
				push.MustConnect("mem://a")
			}
			push.WaitPeers(1)
			w.Settle()
			push.MustSend("before")
			push.MustSend(st.Large(101))
			push.MustSend("after")
			if n := push.CloseIn(10 * time.Second); n != 2 {
				t.Errorf("binds %v: Close reports %d messages, want 2", binds, n)
			}
			push.WantDrops(map[pipe.Drop]uint64{pipe.DropRejected: 2})
			pull.WantRecv("before")
		})
	}
}

// TestInprocIgnoresLimitsOfReceiver: the limits protect against input from
// other processes.
func TestInprocIgnoresLimitsOfReceiver(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull, push := w.Socket(pattern.PULL, sizeLimit), w.Socket(pattern.PUSH)
		push.MustConnect(pull.MustBind("inproc://a"))
		push.MustSend(st.Large(101))
		pull.WantRecv(st.Large(101))
		push.MustSend(strings.Split("12345", "")...)
		pull.WantRecv(strings.Split("12345", "")...)
	})
}

// TestSenderCountsRejectedMessagesOverTCP also rejects a message that is still
// being written.
func TestSenderCountsRejectedMessagesOverTCP(t *testing.T) {
	for _, size := range []int{101, 10 << 20} {
		pull := overTCP(t, pattern.PULL, sizeLimit)
		push := overTCP(t, pattern.PUSH)
		ep, err := pull.Bind("tcp://127.0.0.1:*")
		if err != nil {
			t.Fatal(err)
		}
		watcher := push.Watch()
		if err := push.Connect(ep); err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{"before", st.Large(size)} {
			if err := push.Send(context.Background(), st.Of(body)); err != nil {
				t.Fatal(err)
			}
		}
		if ev := await(t, watcher, session.Disconnected); ev.Reason != engine.CloseRefused {
			t.Errorf("%d bytes: event %+v", size, ev)
		}
		if err := push.Send(context.Background(), st.Of("after")); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"before", "after"} {
			if got := receive(t, pull); got != want {
				t.Errorf("%d bytes: received %q, want %q", size, got, want)
			}
		}
		var m msg.Msg
		if pull.TryRecv(&m) == nil {
			t.Errorf("%d bytes: received %q", size, m.First)
		}
		// The flusher counts a message after the system has passed it to the peer.
		stats := push.Stats()
		for end := time.Now().Add(time.Minute); stats.MsgsWritten < 3 && time.Now().Before(end); stats = push.Stats() {
			time.Sleep(time.Millisecond)
		}
		if stats.Drops[pipe.DropRejected] != 1 || stats.MsgsWritten != 3 {
			t.Errorf("%d bytes: %d written, %d rejected, want 3 and 1", size, stats.MsgsWritten, stats.Drops[pipe.DropRejected])
		}
	}
}
