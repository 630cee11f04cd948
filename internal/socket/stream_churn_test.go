package socket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestStreamConnectionsAtRandomKeepBytesInOrder: many clients connect, exchange
// bytes and disconnect in every way at once. Each connection begins and ends
// with a notification, unless the STREAM ended it. Between the two the bytes
// are received in order and without a gap.
func TestStreamConnectionsAtRandomKeepBytesInOrder(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				w.Net.OnLink(func(l *memnet.Link) {
					l.SetLatency(time.Duration(l.Rand().IntN(20)) * time.Millisecond)
					l.Up().SetChunk(1 + l.Rand().IntN(30_000))
					l.Down().SetBuffer(1 + l.Rand().IntN(30_000))
				})
				s := newStream(w, func(o *socket.Options) { o.RecvHWM, o.SendHWM = 8, 8 })
				s.MustBind("mem://a")
				const clients = 40
				var all sync.WaitGroup
				for i := range clients {
					rng := rand.New(rand.NewPCG(seed, uint64(i)))
					all.Go(func() {
						time.Sleep(time.Duration(rng.IntN(1000)) * time.Millisecond)
						runClient(w.Dial("a"), rng)
					})
				}
				serveClients(t, s, clients, rand.New(rand.NewPCG(seed, clients)))
				all.Wait()
				time.Sleep(time.Minute)
				s.WantNone()
				if n := s.Stats().Peers; n != 0 {
					t.Errorf("%d peers, want 0", n)
				}
			})
		})
	}
}

// runClient is one client: it writes text, reads a random number of bytes, and
// closes the connection in a random way.
func runClient(p *st.Peer, rng *rand.Rand) {
	defer p.Close()
	var reading sync.WaitGroup
	defer reading.Wait()
	most := int64(rng.IntN(60_000))
	reading.Go(func() { io.CopyN(io.Discard, p, most) })
	data := text(rng.IntN(60_000))
	for len(data) > 0 {
		n := 1 + rng.IntN(len(data))
		if _, err := p.Write([]byte(data[:n])); err != nil {
			break
		}
		data = data[n:]
		time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
	}
	switch rng.IntN(3) {
	case 0:
		p.CloseWrite()
	case 1:
		p.Close()
	}
	p.SetDeadline(time.Now().Add(time.Second))
}

// serveClients receives until that many connections have ended. It sends some
// data back, and ends some connections.
func serveClients(t *testing.T, s stream, connections int, rng *rand.Rand) {
	received := make(map[string]*strings.Builder)
	for connections > 0 {
		m, from := s.MustRecv()
		id, data := from.RoutingID, received[from.RoutingID]
		switch {
		case from.Notification == msg.ConnectNotification && data == nil && m[0] == "":
			received[id] = new(strings.Builder)
			continue
		case from.Notification == msg.DisconnectNotification && data != nil && m[0] == "":
			if got := data.String(); got != text(len(got)) {
				t.Errorf("%d bytes with a gap", len(got))
			}
			delete(received, id)
			connections--
			continue
		case from.Notification != msg.NoNotification || data == nil || len(m) != 1 || m[0] == "":
			t.Fatalf("notification %d, a message of %d bytes, connected before: %v", from.Notification, len(m[0]), data != nil)
		}
		data.WriteString(m[0])
		var err error
		switch rng.IntN(40) {
		case 0:
			err = s.TrySendTo(id, st.Of(""))
			if err == nil {
				delete(received, id)
				connections--
			}
		case 1:
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			if err = s.ClosePeer(ctx, id); err == nil || err == context.DeadlineExceeded || errors.Is(err, pattern.ErrPeerLost) {
				delete(received, id)
				connections--
				err = nil
			}
			cancel()
		default:
			if err = s.TrySendTo(id, st.Of(m[0])); err == pattern.ErrWouldBlock {
				err = nil
			}
		}
		if err != nil && err != pattern.ErrNoRoute {
			t.Fatal(err)
		}
	}
}
