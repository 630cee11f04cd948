package socket_test

import (
	"context"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestStatsCountMessagesThatLingerOnce: the messages that an endpoint still has to
// write after Disconnect or Unbind, or while the socket closes, are in QueuedSend
// once, whether or not there are unread messages of the peer.
func TestStatsCountMessagesThatLingerOnce(t *testing.T) {
	const sent = 5
	end := map[string]func(s *st.Socket){
		"disconnect": func(s *st.Socket) { s.Disconnect("mem://a") },
		"unbind":     func(s *st.Socket) { s.Unbind("mem://a") },
		"close":      func(s *st.Socket) { go s.Close(context.Background()) },
	}
	for name, end := range end {
		for _, typ := range []pattern.Type{pattern.PUSH, pattern.DEALER} {
			st.Run(t, func(w *st.World) {
				s := w.Socket(typ, func(o *socket.Options) { o.Linger = time.Hour })
				peer := map[pattern.Type]string{pattern.PUSH: "PULL", pattern.DEALER: "DEALER"}[typ]
				var p *st.Peer
				if name == "disconnect" {
					server := w.Listen("a")
					s.MustConnect("mem://a")
					p = server.Accept()
				} else {
					s.MustBind("mem://a")
					p = w.Dial("a")
				}
				p.Handshake(peer)
				if typ == pattern.DEALER {
					p.MustWrite(st.Message("unread"))
				}
				s.WaitPeers(1)
				l := w.Net.Links()[0]
				l.Up().SetBuffer(1)
				l.Down().SetBuffer(1)
				w.Settle()
				for range sent {
					s.MustSend("x")
				}
				w.Settle()
				end(s)
				w.Settle()
				if stats := s.Stats(); stats.QueuedSend != sent || accountingError(s) != "" {
					t.Errorf("%s of a %d: %d messages queued, want %d; %s", name, typ, stats.QueuedSend, sent, accountingError(s))
				}
				p.Close()
				time.Sleep(2 * time.Hour)
				if stats := s.Stats(); stats.QueuedSend != 0 || accountingError(s) != "" {
					t.Errorf("%s of a %d: %d messages queued at the end; %s", name, typ, stats.QueuedSend, accountingError(s))
				}
			})
		}
	}
}

// TestStatsCountMessagesForAnAbsentBinderOnce: the same for messages that wait for
// an inproc name to be bound.
func TestStatsCountMessagesForAnAbsentBinderOnce(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.DEALER} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(typ, func(o *socket.Options) { o.Linger = time.Hour })
			s.MustConnect("inproc://a")
			for range 3 {
				s.MustSend("x")
			}
			s.Disconnect("inproc://a")
			if n := s.Stats().QueuedSend; n != 3 || accountingError(s) != "" {
				t.Errorf("after Disconnect of a %d: %d messages queued, want 3; %s", typ, n, accountingError(s))
			}
			time.Sleep(2 * time.Hour)
			if stats := s.Stats(); stats.QueuedSend != 0 || stats.Drops[pipe.DropLinger] != 3 {
				t.Errorf("after lingering of a %d: %d messages queued, %v", typ, stats.QueuedSend, stats.Drops)
			}
		})
	}
}
