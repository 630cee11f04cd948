package socket_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// These tests are the evidence for docs/RELIABILITY.md. A socket has sent messages to
// a peer that does not read: the first is written, the second in part, the others are
// queued. Then something ends the connection.

// sendingTypes has the socket types that send more than one message to a peer, and
// the types of their peers.
var sendingTypes = map[pattern.Type]string{
	pattern.PUSH: "PULL", pattern.SCATTER: "GATHER", pattern.DEALER: "DEALER", pattern.CLIENT: "SERVER",
	pattern.PAIR: "PAIR", pattern.CHANNEL: "CHANNEL", pattern.ROUTER: "DEALER", pattern.SERVER: "CLIENT", pattern.PEER: "PEER",
	pattern.PUB: "SUB", pattern.XPUB: "SUB", pattern.RADIO: "DISH", pattern.XSUB: "XPUB", pattern.STREAM: "",
}

const lifeMessages = 5

// life is a socket of one of the types, and its peer.
type life struct {
	*st.Socket
	w      *st.World
	typ    pattern.Type
	binds  bool
	server *st.Server // of a socket that connects
	peer   *st.Peer
	number uint32 // of the peer of SERVER and PEER
}

// body returns a message of 98 bytes, which takes 100 in the queue and on the wire.
func body(i int) string { return fmt.Sprintf("%98d", i) }

// size returns how many bytes a message takes on the wire.
func (l *life) size() int {
	switch l.typ {
	case pattern.RADIO:
		return 103 // and the group
	case pattern.STREAM:
		return 98
	}
	return 100
}

// newLife returns a socket that is bound or connected, without a peer.
func newLife(w *st.World, typ pattern.Type, binds bool, set ...func(*socket.Options)) *life {
	l := &life{Socket: w.Socket(typ, set...), w: w, typ: typ, binds: binds}
	if binds {
		l.MustBind("mem://a")
	} else {
		l.server = w.Listen("a")
		if typ == pattern.PEER {
			n, err := l.ConnectPeer("mem://a")
			if err != nil {
				w.Fatal(err)
			}
			l.number = n
		} else {
			l.MustConnect("mem://a")
		}
	}
	l.meet()
	return l
}

// meet gives the socket a peer, which does not read after its handshake.
func (l *life) meet() {
	if l.binds {
		l.peer = l.w.Dial("a")
	} else {
		l.peer = l.server.Accept()
	}
	if l.typ != pattern.STREAM {
		l.peer.Handshake(sendingTypes[l.typ], "Identity", "id")
	}
	switch l.typ {
	case pattern.PUB, pattern.XPUB:
		l.peer.MustWrite(st.Message("\x01"))
	case pattern.RADIO:
		l.peer.MustWrite(st.Command("JOIN", []byte("g")))
	case pattern.SERVER:
		l.peer.MustWrite(st.Message("hello"))
		_, from := l.MustRecv()
		l.number = from.Number
	case pattern.PEER:
		if l.binds {
			l.peer.MustWrite(st.Message("hello"))
			_, from := l.MustRecv()
			l.number = from.Number
		}
	}
	l.w.Settle()
	links := l.w.Net.Links()
	link := links[len(links)-1]
	flow := link.Up()
	if l.binds {
		flow = link.Down()
	}
	flow.SetBuffer(l.size() * 3 / 2)
}

// send sends message i.
func (l *life) send(i int) {
	m := st.Of(body(i))
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var err error
	switch l.typ {
	case pattern.ROUTER, pattern.STREAM:
		err = l.SendTo(ctx, l.Peers()[0].RoutingID, m)
	case pattern.SERVER, pattern.PEER:
		err = l.SendToNumber(ctx, l.number, m)
	case pattern.RADIO:
		err = l.SendGroup(ctx, "g", m)
	default:
		err = l.Send(ctx, m)
	}
	if err != nil {
		l.w.Fatalf("send %d: %v", i, err)
	}
}

// sendAll sends all messages.
func (l *life) sendAll() {
	for i := range lifeMessages {
		l.send(i)
	}
	l.w.Settle()
}

// wantRead reads messages at the peer and checks that they are those from from to to.
func (l *life) wantRead(from, to int) {
	l.w.Helper()
	if l.typ == pattern.STREAM {
		for i := from; i < to; i++ {
			if got := string(l.peer.ReadN(98)); got != body(i) {
				l.w.Fatalf("read %q, want message %d", strings.TrimSpace(got), i)
			}
		}
		return
	}
	for i := from; i < to; i++ {
		if got := l.peer.Message(); got[len(got)-1] != body(i) {
			l.w.Fatalf("read %q, want message %d", got, i)
		}
	}
}

// end disconnects or unbinds the endpoint.
func (l *life) end() {
	l.w.Helper()
	end := l.Disconnect
	if l.binds {
		end = l.Unbind
	}
	if err := end("mem://a"); err != nil {
		l.w.Fatal(err)
	}
}

// eachLife runs f for each sending type, bound and connected, with and without
// Immediate.
func eachLife(t *testing.T, linger time.Duration, f func(l *life, immediate bool)) {
	for typ := range sendingTypes {
		for _, binds := range []bool{false, true} {
			for _, imm := range []bool{false, true} {
				if imm && (typ == pattern.PEER && !binds || typ == pattern.STREAM) {
					continue // PEER cannot have the number of a connection that does not exist, STREAM does not have the option
				}
				t.Run(fmt.Sprintf("%s binds=%v immediate=%v", pattern.Types[typ].Name, binds, imm), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						l := newLife(w, typ, binds, func(o *socket.Options) {
							o.Linger, o.Immediate = linger, imm
							o.Pattern.Mandatory = true
						})
						l.sendAll()
						f(l, imm)
					})
				})
			}
		}
	}
}

func TestLostConnectionReturnsUnsentMessagesOrCountsThem(t *testing.T) {
	eachLife(t, time.Minute, func(l *life, imm bool) {
		l.peer.Close()
		l.w.Settle()
		if l.binds || imm || l.typ == pattern.STREAM {
			l.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropConnLost: 3})
			return
		}
		l.meet()
		l.send(5)
		l.wantRead(2, 6)
		l.w.Settle() // a message is counted after its write, which the peer may see before
		l.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1})
		if n := l.Stats().MsgsWritten; n != 5 {
			l.w.Errorf("%d messages written, want the first and four on the next connection", n)
		}
	})
}

func TestEndpointWritesItsQueueAfterDisconnectAndUnbind(t *testing.T) {
	eachLife(t, time.Minute, func(l *life, _ bool) {
		l.end()
		l.w.Settle()
		l.wantRead(0, lifeMessages)
		l.peer.WaitClosed()
		l.WantDrops(nil)
	})
}

func TestEndpointDropsItsQueueWhenLingerEnds(t *testing.T) {
	eachLife(t, time.Minute, func(l *life, _ bool) {
		l.end()
		time.Sleep(time.Minute)
		l.w.Settle()
		l.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropLinger: 3})
	})
}

func TestEndpointWithoutLingerDropsItsQueueAtOnce(t *testing.T) {
	eachLife(t, 0, func(l *life, _ bool) {
		l.end()
		l.w.Settle()
		l.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropLinger: 3})
	})
}

func TestConnectionLostWhileEndpointLingers(t *testing.T) {
	eachLife(t, time.Minute, func(l *life, imm bool) {
		l.end()
		l.w.Settle()
		l.peer.Close()
		l.w.Settle()
		if l.binds || imm || l.typ == pattern.STREAM {
			l.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropConnLost: 3})
			return
		}
		l.peer = l.server.Accept()
		l.peer.Handshake(sendingTypes[l.typ], "Identity", "id")
		l.wantRead(2, lifeMessages)
		l.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1})
	})
}

// unread is what a type has received and not read when Close begins: the
// subscription, the notice of the connection.
func (l *life) unread() uint64 {
	return map[pattern.Type]uint64{pattern.XPUB: 1, pattern.STREAM: 1}[l.typ]
}

func TestSocketWritesItsQueuesWhenClosed(t *testing.T) {
	eachLife(t, time.Minute, func(l *life, _ bool) {
		unsent := make(chan int, 1)
		go func() { unsent <- l.CloseIn(time.Minute) }()
		l.w.Settle()
		l.wantRead(0, lifeMessages)
		l.peer.Close()
		if n := <-unsent; n != 0 {
			l.w.Errorf("%d messages unsent", n)
		}
		l.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: l.unread()})
	})
}

func TestSocketDropsItsQueuesWhenLingerEnds(t *testing.T) {
	for _, linger := range []time.Duration{0, time.Minute} {
		eachLife(t, time.Hour, func(l *life, _ bool) {
			if n := l.CloseIn(linger); n != 4 {
				l.w.Errorf("%d messages unsent", n)
			}
			l.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropLinger: 3, pipe.DropUnread: l.unread()})
		})
	}
}

// A peer that takes over a routing ID gets none of the messages for the one before.
func TestHandoverDropsTheQueueOfTheEarlierPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := newLife(w, pattern.ROUTER, true, func(o *socket.Options) { o.Pattern.Handover, o.Pattern.Mandatory = true, true })
		l.sendAll()
		l.peer.MustWrite(st.Message("1"), st.Message("2"))
		w.Settle()
		l.meet()
		l.peer.MustWrite(st.Message("3"))
		l.send(5)
		l.wantRead(5, 6)
		for _, want := range []string{"1", "2", "3"} {
			l.WantRecv(want)
		}
		l.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropConnLost: 3})
	})
}

// What is received and not read can be read after each end, except that of the socket.
func TestReceivedMessagesStayReadable(t *testing.T) {
	for typ, peerType := range map[pattern.Type]string{
		pattern.PULL: "PUSH", pattern.GATHER: "SCATTER", pattern.DEALER: "ROUTER", pattern.CLIENT: "SERVER", pattern.PAIR: "PAIR",
		pattern.CHANNEL: "CHANNEL", pattern.ROUTER: "DEALER", pattern.SERVER: "CLIENT", pattern.PEER: "PEER",
		pattern.SUB: "PUB", pattern.XSUB: "PUB", pattern.DISH: "RADIO", pattern.XPUB: "XSUB", pattern.REP: "REQ",
	} {
		for _, binds := range []bool{false, true} {
			for _, imm := range []bool{false, true} {
				for _, end := range []string{"lost", "endpoint", "endpoint without linger", "close"} {
					t.Run(fmt.Sprintf("%s binds=%v immediate=%v %s", pattern.Types[typ].Name, binds, imm, end), func(t *testing.T) {
						st.Run(t, func(w *st.World) {
							s := w.Socket(typ, func(o *socket.Options) {
								o.Immediate = imm
								if end == "endpoint without linger" {
									o.Linger = 0
								}
							})
							message := st.Message("m")
							switch typ {
							case pattern.SUB, pattern.XSUB:
								if err := s.Subscribe("", true); err != nil {
									t.Fatal(err)
								}
							case pattern.DISH:
								if err := s.Join("g", true); err != nil {
									t.Fatal(err)
								}
								message = st.Message("g", "m")
							case pattern.REP:
								message = st.Message("", "m")
							}
							var p *st.Peer
							if binds {
								s.MustBind("mem://a")
								p = w.Dial("a")
							} else {
								s.MustConnect("mem://a")
								p = w.Listen("a").Accept()
							}
							p.Handshake(peerType)
							p.MustWrite(message, message)
							w.Settle()
							switch {
							case end == "lost":
								p.Close()
							case end == "close":
								s.CloseIn(0)
								s.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 2})
								return
							case binds:
								s.Unbind("mem://a")
							default:
								s.Disconnect("mem://a")
							}
							w.Settle()
							for range 2 {
								var m msg.Msg
								if err := s.TryRecv(&m); err != nil {
									t.Fatal(err)
								}
								if typ == pattern.REP {
									s.MustSend("reply") // to a requester that has disconnected
								}
							}
							want := map[pipe.Drop]uint64{}
							if typ == pattern.REP {
								want[pipe.DropRequester] = 2
							}
							s.WantDrops(want)
						})
					})
				}
			}
		}
	}
}
