package socket_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

// streamsVar is the variable of TestHostileStreams of package engine. Here one
// hundredth of that many streams go to the socket of each mechanism.
const streamsVar = "ZMQ_HOSTILE_STREAMS"

// rateVar is the variable of the streams per second that all hostile peers together
// send to the socket. Without it they do not pause.
const rateVar = "ZMQ_HOSTILE_RATE"

// A good client makes round trips, while hostile peers are connected to the same REP
// and stop in their handshake, and while others connect over tcp and ipc without
// pause and send the streams of TestHostileStreams. Every
// round trip completes, no request and no reply is lost, and the connection of the
// client stays. The latencies are in the log, with the hostile peers and without
// them; a test cannot assert them, because other programs use the machine too.
func TestClientIsServedBesideHostileStreams(t *testing.T) {
	trips, silent, streams := 200, 100, uint64(400)
	if s := os.Getenv(streamsVar); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		trips, silent, streams = 5000, 1000, max(n/100, 1)
	}
	rate, _ := strconv.ParseFloat(os.Getenv(rateVar), 64)
	for _, sec := range st.Securities() {
		t.Run(sec.Name, func(t *testing.T) { testClientBesideHostileStreams(t, sec, trips, silent, streams, rate) })
	}
}

func testClientBesideHostileStreams(t *testing.T, sec st.Security, trips, silent int, streams uint64, rate float64) {
	if sec.Name == "CURVE" {
		// Recorded handshakes are valid only with the same random bytes.
		sec = st.Curve(st.Constant('c'), st.Constant('s'))
	}
	pl := place{sec, true, true}
	over := func(o *socket.Options) {
		o.Transports["ipc"] = transport.IPC
		o.MaxPerSource, o.HandshakeTimeout = 0, time.Hour // so that no silent peer is closed
	}
	rep, req := overTCP(t, pattern.REP, pl.ours, over), overTCP(t, pattern.REQ, pl.good)
	var addresses [2]string
	for i, ep := range []string{"tcp://127.0.0.1:*", "ipc://" + filepath.Join(t.TempDir(), "s")} {
		bound, err := rep.Bind(ep)
		if err != nil {
			t.Fatal(err)
		}
		_, addresses[i], _ = strings.Cut(bound, "://")
	}
	if err := req.Connect("tcp://" + addresses[0]); err != nil {
		t.Fatal(err)
	}
	go echo(rep)
	measure := func(more func(i int) bool) (list []time.Duration) {
		for i := 0; more(i); i++ {
			start := time.Now()
			want := fmt.Sprint("request ", i)
			if err := req.Send(context.Background(), st.Of(want)); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, req); got != want {
				t.Fatalf("the reply to %q is %q", want, got)
			}
			list = append(list, time.Since(start))
		}
		return list
	}
	alone := measure(func(i int) bool { return i < trips })

	for i := range silent {
		c, err := net.Dial("tcp", addresses[0])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		greeting := st.GreetingOf(sec.Name, false)
		c.Write([][]byte{nil, greeting[:32], append(greeting, 4, 200, 5, 'H', 'E', 'L', 'L', 'O')}[i%3])
	}
	site{T: t}.becomes("accepted connections", silent+1, func() int { return int(rep.Stats().Events[session.Accepted]) })
	pending := measure(func(i int) bool { return i < trips })
	if n := rep.Stats().Events; n[session.HandshakeFailed]+n[session.PeerRefused] > 0 {
		t.Errorf("%d pending connections failed, %d were refused", n[session.HandshakeFailed], n[session.PeerRefused])
	}

	var next atomic.Uint64
	var peers sync.WaitGroup
	begin := time.Now()
	defer func() { next.Store(streams); peers.Wait() }()
	for i := range 4 {
		network, address := []string{"tcp", "unix"}[i%2], addresses[i%2]
		recorded, err := st.Record(engine.NewAccepted(&engine.Config{SocketType: "REP", NewMechanism: sec.Server}), sec.Client)
		if err != nil {
			t.Fatal(err)
		}
		peers.Go(func() {
			s := st.NewStreams()
			for seed := next.Add(1); seed <= streams; seed = next.Add(1) {
				s.Seed(seed)
				if rate > 0 {
					time.Sleep(time.Until(begin.Add(time.Duration(float64(seed) / rate * float64(time.Second)))))
				}
				sendStream(t, network, address, s.Stream(recorded))
			}
		})
	}
	attacked := measure(func(i int) bool { return i == 0 || next.Load() < streams })
	peers.Wait()
	ends := rep.Stats()
	t.Logf("%s: %d round trips alone: %s", sec.Name, len(alone), latency(alone, alone))
	t.Logf("%s: %d with %d peers that stop in their handshake: %s", sec.Name, len(pending), silent, latency(pending, alone))
	t.Logf("%s: %d with %d hostile streams, %.0f per second: %s; ends %v", sec.Name, len(attacked), streams,
		float64(streams)/time.Since(begin).Seconds(), latency(attacked, alone), ends.CloseReasons)

	faults := uint64(0)
	for _, n := range ends.CloseReasons[engine.CloseNone+1:] {
		faults += n
	}
	if faults < streams/4 {
		t.Errorf("only %d of %d streams were closed for a fault", faults, streams)
	}
	if n := req.Stats(); n.Events[session.Disconnected]+n.Events[session.HandshakeFailed] > 0 || n.Drops != (socket.Stats{}).Drops {
		t.Errorf("the client lost its connection or messages: %+v", n)
	}
}

// echo answers every request with its first frame.
func echo(rep *socket.Socket) {
	for {
		var m msg.Msg
		if err := rep.Recv(context.Background(), &m); err != nil {
			return
		}
		rep.Send(context.Background(), st.Of(string(m.First))) // fails if the peer is no longer connected
	}
}

// sendStream sends a stream over a connection of its own, and waits until the socket
// has closed it, or has had the time to process all of it. A peer that ends its
// direction before it is authenticated is disconnected, so it does not end that at once.
func sendStream(t *testing.T, network, address string, stream []byte) {
	c, err := net.Dial(network, address)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	c.Write(stream) // fails if the socket has closed the connection before
	c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := io.Copy(io.Discard, c); err == nil {
		return
	}
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	c.(interface{ CloseWrite() error }).CloseWrite()
	io.Copy(io.Discard, c)
}

// percentile returns a percentile of latencies, which it sorts.
func percentile(list []time.Duration, p int) time.Duration {
	slices.Sort(list)
	return list[(len(list)-1)*p/100]
}

// latency returns the median and the 99th percentile, and how many times those of
// another list they are.
func latency(list, other []time.Duration) (text string) {
	for _, p := range []int{50, 99} {
		d := percentile(list, p)
		text += fmt.Sprintf("p%d %v (%.1f times) ", p, d, float64(d)/float64(percentile(other, p)))
	}
	return strings.TrimSpace(text)
}
