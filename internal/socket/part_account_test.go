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

// meets joins a STREAM to a raw peer, at either end, and returns that, the peer's
// id, and what the STREAM writes to.
func (s stream) meets(t *testing.T, w *st.World, binds bool) (p *st.Peer, id string, out *memnet.Flow) {
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
	return p, s.notice(t, msg.ConnectNotice), out
}

// TestStreamClosePeerTellsOfLoss: a connection that breaks while ClosePeer waits is
// no success if messages went with it, unwritten or not arrived; one that its peer
// ends after the last of them is.
func TestStreamClosePeerTellsOfLoss(t *testing.T) {
	for _, binds := range []bool{true, false} {
		for _, c := range []struct {
			name string
			room int // for what is written
			cut  memnet.Cut
			read bool // the peer reads everything
			lost string
		}{
			{name: "unwritten", room: 10, cut: memnet.RST, lost: "5 messages"},
			{name: "under way", room: 1000, cut: memnet.RST, lost: "may not have arrived"},
			{name: "read", room: 1000, cut: memnet.FIN, read: true},
		} {
			t.Run(fmt.Sprint(c.name, " binds=", binds), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					s := newStream(w)
					p, id, out := s.meets(t, w, binds)
					out.SetBuffer(c.room)
					if !c.read {
						out.Stall()
					}
					for range 5 {
						s.sends(t, id, text(20))
						w.Settle()
					}
					if c.read {
						p.Skip(100)
					}
					time.AfterFunc(time.Second/2, func() { w.Net.Links()[0].Cut(c.cut) })
					err := s.ClosePeer(context.Background(), id)
					switch {
					case c.lost == "":
						if err != nil {
							t.Error(err)
						}
					case !errors.Is(err, socket.ErrBroken) || !strings.Contains(err.Error(), c.lost):
						t.Errorf("ClosePeer returned %v, want an error that says %q", err, c.lost)
					}
				})
			})
		}
	}
}

// TestPartedCountsLinger: what is unwritten when the time for a peer that is sent
// away is over was not lost by the connection.
func TestPartedCountsLinger(t *testing.T) {
	lingers := func(o *socket.Options) { o.Linger = time.Minute }
	want := map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropLinger: 2}
	for _, binds := range []bool{true, false} {
		for _, waits := range []bool{true, false} {
			st.Run(t, func(w *st.World) {
				s := newStream(w, lingers)
				_, id, out := s.meets(t, w, binds)
				out.SetBuffer(10)
				for range 3 {
					s.sends(t, id, text(20))
					w.Settle()
				}
				if waits {
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					if err := s.ClosePeer(ctx, id); err != context.DeadlineExceeded {
						t.Error(err)
					}
				} else {
					s.sends(t, id, "")
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
		p.Shake("CLIENT")
		w.Net.Links()[0].Down().SetBuffer(10)
		p.Must(st.Message("hello"))
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

// TestStreamCountsExactly has the network take exactly k messages and a part of the
// next, of a batch that is written at once: those have gone, that one is cut, and
// the rest was never begun.
func TestStreamCountsExactly(t *testing.T) {
	const messages, size = 5, 4
	for _, binds := range []bool{true, false} {
		for k := range messages {
			for part := range size {
				st.Run(t, func(w *st.World) {
					s := newStream(w)
					_, id, out := s.meets(t, w, binds)
					out.SetBuffer(1)
					s.sends(t, id, "12") // behind whose second byte the others gather
					w.Settle()
					for range messages {
						s.sends(t, id, text(size))
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
