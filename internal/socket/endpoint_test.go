package socket_test

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestUnbindTakesPipesAwayAtOnce sends after Unbind: nothing goes to the peers
// that are to leave, and nothing is lost.
func TestUnbindTakesPipesAwayAtOnce(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.SetLatency(10 * time.Millisecond) })
		push := w.Socket(pattern.PUSH)
		a, b := push.MustBind("mem://a"), push.MustBind("mem://b")
		left, stays := w.Socket(pattern.PULL), w.Socket(pattern.PULL)
		left.MustConnect(a)
		stays.MustConnect(b)
		push.MustMeet(2)
		push.MustSend("before")
		push.MustSend("before")
		left.WantRecv("before")
		stays.WantRecv("before")
		if err := push.Unbind(a); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			push.MustSend("after")
			w.Settle()
		}
		for range 10 {
			stays.WantRecv("after")
		}
		push.WantDrops(nil)
	})
}

// TestUnbindReportsTheClosedListener does not wait for Close to say so.
func TestUnbindReportsTheClosedListener(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		a := push.MustBind("mem://a")
		if err := push.Unbind(a); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		push.WantKinds(session.Listening, session.ListenerClosed)
		push.MustBind(a)
	})
}

// TestDisconnectKeepsWhatWasRead disconnects a socket that has read more from
// the network than its application has taken: each message that arrived is
// still delivered, or counted.
func TestDisconnectKeepsWhatWasRead(t *testing.T) {
	st.Run(t, func(w *st.World) {
		server := w.Listen("a")
		pull := w.Socket(pattern.PULL, st.HWM(1, 1))
		pull.MustConnect("mem://a")
		p := server.Accept()
		p.Shake("PUSH")
		for range 3 {
			p.Must(st.Message("x"))
			w.Settle()
		}
		read := 0 // whole messages that the network has delivered
		if got := w.Net.Links()[0].Down().Stats().Delivered; got > 0 {
			ready := len(st.Greeting()) + len(st.Ready("Socket-Type", "PUSH"))
			read = (int(got) - ready) / len(st.Message("x"))
		}
		if err := pull.Disconnect("mem://a"); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		got := 0
		var m msg.Msg
		for pull.TryRecv(&m) == nil {
			got++
			w.Settle()
		}
		pull.CloseIn(0)
		lost := 0
		for _, n := range pull.Stats().Drops {
			lost += int(n)
		}
		if read != got+lost {
			t.Errorf("%d messages were read, %d delivered, %d counted as lost", read, got, lost)
		}
	})
}

// TestNothingLeftToDialFor: whoever leaves an endpoint while its last message is
// being written, and loses the connection, does not come back to say nothing.
func TestNothingLeftToDialFor(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.DEALER} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(typ)
			l := w.Listen("a")
			s.MustConnect("mem://a")
			l.Accept().Shake(pattern.Types[typ].Peers[0])
			s.MustMeet(1)
			w.Net.Links()[0].Up().SetBuffer(10)
			s.MustSend("more than ten bytes")
			w.Settle()
			if err := s.Disconnect("mem://a"); err != nil {
				t.Fatal(err)
			}
			w.Net.Links()[0].Cut(memnet.RST)
			time.AfterFunc(time.Hour, l.Close)
			if _, err := l.TryAccept(); err == nil {
				t.Error("dialled again")
			}
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1})
		})
	}
}
