package socket_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// unwanted holds, for each receiving socket type, a message that the pattern
// drops or inspects.
var unwanted = []struct {
	typ  pattern.Type
	peer string
	msg  []byte
}{
	{pattern.SUB, "PUB", st.Message("bad")},
	{pattern.XSUB, "PUB", st.Message("bad")},
	{pattern.DISH, "RADIO", st.Message("group", "")},
	{pattern.CLIENT, "SERVER", st.Message("two", "frames")},
	{pattern.SERVER, "CLIENT", st.Message("two", "frames")},
	{pattern.PEER, "PEER", st.Message("two", "frames")},
	{pattern.CHANNEL, "CHANNEL", st.Message("two", "frames")},
	{pattern.GATHER, "SCATTER", st.Message("two", "frames")},
	{pattern.REP, "DEALER", st.Message("no envelope")},
	{pattern.REQ, "ROUTER", st.Message("", "stale")},
	{pattern.PULL, "PUSH", st.Message("x")},
	{pattern.DEALER, "DEALER", st.Message("x")},
	{pattern.ROUTER, "DEALER", st.Message("x")},
	{pattern.PAIR, "PAIR", st.Message("x")},
	{pattern.XPUB, "SUB", st.Message("\x01topic")},
	{pattern.PUB, "SUB", st.Message("\x01topic")},
}

// TestCloseReturnsAtOnceWhilePeersFlood: Close of a socket without queued
// messages waits neither for a timer nor for a connection whose peer never
// stops sending.
func TestCloseReturnsAtOnceWhilePeersFlood(t *testing.T) {
	for _, c := range unwanted {
		t.Run(pattern.InfoOf(c.typ, &pattern.Options{}).Name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s := w.Socket(c.typ)
				s.MustBind("mem://a")
				if c.typ == pattern.SUB {
					s.Subscribe("good", true)
				}
				peers := 8
				if c.typ == pattern.PAIR || c.typ == pattern.CHANNEL {
					peers = 1
				}
				some := bytes.Repeat(c.msg, 4096)
				for range peers {
					p := w.Dial("a")
					p.Handshake(c.peer)
					go func() {
						for {
							if _, err := p.Write(some); err != nil {
								return
							}
						}
					}()
				}
				go func() {
					var m msg.Msg
					for s.Recv(context.Background(), &m) == nil {
					}
				}()
				if d := st.After(func() { s.CloseIn(-1) }); d != 0 {
					t.Errorf("Close took %v", d)
				}
			})
		})
	}
}

// TestCloseCountsMessagesReceivedWhileItLingers: messages received while Close
// lingers count as unread, also malformed ones. They do not end a connection
// that has messages to write, and PINGs are answered.
func TestCloseCountsMessagesReceivedWhileItLingers(t *testing.T) {
	for _, c := range unwanted {
		switch c.typ {
		case pattern.REQ, pattern.CLIENT, pattern.CHANNEL, pattern.DEALER, pattern.PAIR:
		default:
			continue // they do not send, or only after a request
		}
		t.Run(pattern.InfoOf(c.typ, &pattern.Options{}).Name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s := w.Socket(c.typ)
				s.MustBind("mem://a")
				p := w.Dial("a")
				p.Handshake(c.peer)
				s.WaitPeers(1)
				w.Net.Links()[0].Down().SetBuffer(10)
				s.MustSend(st.Large(1000))
				closed := make(chan int)
				go func() { closed <- s.CloseIn(-1) }()
				w.Settle()
				p.MustWrite(bytes.Repeat(c.msg, 10), st.Ping(0, "ping"))
				w.Settle()
				p.Message()
				if _, pong := p.Frame(); !bytes.Contains(pong, []byte("ping")) {
					t.Errorf("received %q, want a PONG", pong)
				}
				if err := readToEOF(p); err != nil {
					t.Error(err)
				}
				if unsent := <-closed; unsent != 0 {
					t.Errorf("%d messages unsent", unsent)
				}
				s.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 10})
				s.WantCloseReasons(map[engine.CloseReason]uint64{})
			})
		})
	}
}

// readToEOF reads one byte from a peer, which must return io.EOF, and closes
// the peer.
func readToEOF(p *st.Peer) error {
	var b [1]byte
	if _, err := p.Read(b[:]); err != io.EOF {
		return err
	}
	return p.Close()
}
