package socket_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// connectRaw connects a STREAM and a raw peer, in either direction. It returns
// the peer, its routing ID, and the flow that the STREAM writes to.
func (s stream) connectRaw(t *testing.T, w *st.World, binds bool) (p *st.Peer, id string, out *memnet.Flow) {
	t.Helper()
	if binds {
		s.MustBind("mem://a")
		p = w.Dial("a")
		out = w.Net.Links()[0].Down()
	} else {
		l := w.Listen("a")
		s.MustConnect("mem://a")
		p = l.Accept()
		l.Close()
		out = w.Net.Links()[0].Up()
	}
	return p, s.recvNotification(t, msg.ConnectNotification), out
}

// TestStreamClosePeerReportsLostMessages: if the connection is lost while
// ClosePeer waits, ClosePeer returns an error for unwritten and for unconfirmed
// messages. If the peer closes the connection after it has read everything,
// ClosePeer succeeds.
func TestStreamClosePeerReportsLostMessages(t *testing.T) {
	for _, binds := range []bool{true, false} {
		for _, c := range []struct {
			name   string
			buffer int // size of the send buffer
			cut    memnet.Cut
			read   bool // the peer reads everything
			lost   string
		}{
			{name: "unwritten", buffer: 10, cut: memnet.RST, lost: "5 messages"},
			{name: "unconfirmed", buffer: 1000, cut: memnet.RST, lost: "may not have arrived"},
			{name: "read", buffer: 1000, cut: memnet.FIN, read: true},
		} {
			t.Run(fmt.Sprint(c.name, " binds=", binds), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					s := newStream(w)
					p, id, out := s.connectRaw(t, w, binds)
					out.SetBuffer(c.buffer)
					if !c.read {
						out.Stall()
					}
					for range 5 {
						s.sendBytes(t, id, text(20))
						w.Settle()
					}
					if c.read {
						p.ReadN(100)
					}
					time.AfterFunc(time.Second/2, func() { w.Net.Links()[0].Cut(c.cut) })
					err := s.ClosePeer(context.Background(), id)
					switch {
					case c.lost == "":
						if err != nil {
							t.Error(err)
						}
					case !errors.Is(err, pattern.ErrPeerLost) || !strings.Contains(err.Error(), c.lost):
						t.Errorf("ClosePeer returned %v, want an error with %q", err, c.lost)
					}
				})
			})
		}
	}
}

// TestDisconnectedPeerCountsLingerDrops: messages that are unwritten when the
// linger time of a disconnected peer ends count as dropped by linger, not by a
// lost connection.
func TestDisconnectedPeerCountsLingerDrops(t *testing.T) {
	lingers := func(o *socket.Options) { o.Linger = time.Minute }
	want := map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropLinger: 2}
	for _, binds := range []bool{true, false} {
		for _, waits := range []bool{true, false} {
			st.Run(t, func(w *st.World) {
				s := newStream(w, lingers)
				_, id, out := s.connectRaw(t, w, binds)
				out.SetBuffer(10)
				for range 3 {
					s.sendBytes(t, id, text(20))
					w.Settle()
				}
				if waits {
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					if err := s.ClosePeer(ctx, id); err != context.DeadlineExceeded {
						t.Error(err)
					}
				} else {
					s.sendBytes(t, id, "")
					time.Sleep(2 * time.Minute)
				}
				s.WantDrops(want)
			})
		}
	}
	st.Run(t, func(w *st.World) {
		server := w.Socket(pattern.SERVER, lingers)
		server.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("CLIENT")
		w.Net.Links()[0].Down().SetBuffer(10)
		p.MustWrite(st.Message("hello"))
		n := numberOf(t, server, "hello")
		for range 3 {
			if err := server.TrySendToNumber(n, st.Of(text(20))); err != nil {
				t.Fatal(err)
			}
			w.Settle()
		}
		if err := server.DisconnectPeer(n); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		server.WantDrops(want)
	})
}

// TestStreamCountsDropsExactly: of a batch of messages, the connection takes k
// and part of the next. The k messages count as written, the next as dropped in
// flight, and the others as dropped by linger.
func TestStreamCountsDropsExactly(t *testing.T) {
	const messages, size = 5, 4
	for _, binds := range []bool{true, false} {
		for k := range messages {
			for part := range size {
				st.Run(t, func(w *st.World) {
					s := newStream(w)
					_, id, out := s.connectRaw(t, w, binds)
					out.SetBuffer(1)
					s.sendBytes(t, id, "12") // the others are queued until its second byte is written
					w.Settle()
					for range messages {
						s.sendBytes(t, id, text(size))
					}
					out.SetBuffer(2 + k*size + part)
					w.Settle()
					s.CloseIn(time.Second)
					cut := min(part, 1)
					s.WantDrops(map[pipe.Drop]uint64{
						pipe.DropInFlight: uint64(cut), pipe.DropLinger: uint64(messages - k - cut),
					})
				})
			}
		}
	}
}
