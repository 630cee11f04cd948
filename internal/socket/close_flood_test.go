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

// unwanted is a message per receiving type that no call returns, or that the
// pattern has to look at.
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

// TestCloseTakesNoTimeWhilePeersFlood: without messages to write, no timer is
// waited for, and no connection whose peer never stops sending.
func TestCloseTakesNoTimeWhilePeersFlood(t *testing.T) {
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
					p.Shake(c.peer)
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
					t.Errorf("Close takes %v", d)
				}
			})
		})
	}
}

// TestCloseCountsWhatArrivesWhileItLingers: it is unread, whatever it is, and
// ends no connection that has messages to write. PINGs are answered.
func TestCloseCountsWhatArrivesWhileItLingers(t *testing.T) {
	for _, c := range unwanted {
		switch c.typ {
		case pattern.REQ, pattern.CLIENT, pattern.CHANNEL, pattern.DEALER, pattern.PAIR:
		default:
			continue // which do not send, or not unasked
		}
		t.Run(pattern.InfoOf(c.typ, &pattern.Options{}).Name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s := w.Socket(c.typ)
				s.MustBind("mem://a")
				p := w.Dial("a")
				p.Shake(c.peer)
				s.MustMeet(1)
				w.Net.Links()[0].Down().SetBuffer(10)
				s.MustSend(st.Large(1000))
				closed := make(chan int)
				go func() { closed <- s.CloseIn(-1) }()
				w.Settle()
				p.Must(bytes.Repeat(c.msg, 10), st.Ping(0, "still there"))
				w.Settle()
				p.Message()
				if _, pong := p.Frame(); !bytes.Contains(pong, []byte("still there")) {
					t.Errorf("%q instead of a PONG", pong)
				}
				if err := closes(p); err != nil {
					t.Error(err)
				}
				if unsent := <-closed; unsent != 0 {
					t.Errorf("%d messages are not written", unsent)
				}
				s.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 10})
				s.WantFaults(map[engine.CloseReason]uint64{})
			})
		})
	}
}

// closes has a peer read to the end, which must be one in order, and close.
func closes(p *st.Peer) error {
	var b [1]byte
	if _, err := p.Read(b[:]); err != io.EOF {
		return err
	}
	return p.Close()
}
