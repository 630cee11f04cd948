package zgossip_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/zgossip"
)

// Messages of the protocol, written out.
const (
	hello    = "\xaa\xa0\x01\x01"
	ping     = "\xaa\xa0\x03\x01"
	pong     = "\xaa\xa0\x04\x01"
	invalid  = "\xaa\xa0\x05\x01"
	publishA = "\xaa\xa0\x02\x01\x01A\x00\x00\x00\x01a\x00\x00\x00\x00"
	publishB = "\xaa\xa0\x02\x01\x01B\x00\x00\x00\x01b\x00\x00\x00\x00"
)

type exchanger interface {
	Send(context.Context, ...[]byte) error
	Recv(context.Context) (zmq.Message, error)
}

func send(t *testing.T, s exchanger, messages ...string) {
	t.Helper()
	for _, m := range messages {
		if err := s.Send(context.Background(), []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
}

func want(t *testing.T, s exchanger, messages ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, m := range messages {
		if got, err := s.Recv(ctx); err != nil || string(got.Bytes()) != m {
			t.Fatalf("received %q, %v; want %q", got.Bytes(), err, m)
		}
	}
}

// rawClient returns a socket that is connected to a new node.
func rawClient(t *testing.T) (*zmq.Dealer, *zgossip.Node) {
	net := simnet.New(1)
	n := bound(t, net, "sim://server")
	d, err := zmq.NewDealer(net.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Connect("sim://server"); err != nil {
		t.Fatal(err)
	}
	return d, n
}

// The state machine of the server (zgossip.xml of CZMQ): HELLO is answered with all tuples,
// PING with PONG in any state, and everything else out of order with INVALID, after which
// the client begins again.
func TestServerFollowsTheStateMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, n := rawClient(t)
		send(t, d, ping)
		want(t, d, pong)
		send(t, d, publishA)
		want(t, d, invalid)
		publish(t, n, "A", "a")
		send(t, d, hello)
		want(t, d, publishA)
		send(t, d, publishB)
		wantTuple(t, n, "B", "b")
		send(t, d, ping)
		want(t, d, pong)
		send(t, d, hello)
		want(t, d, invalid)
		send(t, d, hello)
		want(t, d, publishA, publishB)
		send(t, d, pong)
		want(t, d, invalid)
		if s := n.Stats(); s.Rejected != 3 || s.Clients != 0 {
			t.Fatalf("%+v", s)
		}
	})
}

func TestServerIgnoresMalformedMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, n := rawClient(t)
		send(t, d, hello, "", "x", "\xaa\xa1\x01\x01", publishA[:8], publishB)
		wantTuple(t, n, "B", "b")
		if s := n.Stats(); s.Malformed != 4 {
			t.Fatalf("%+v", s)
		}
	})
}

// A key that changes fast is sent on at intervals, with its last value.
func TestFastChangesAreSentAtIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		n := bound(t, net, "sim://server")
		var clients [2]*zmq.Dealer
		for i := range clients {
			d, err := zmq.NewDealer(net.Options())
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Connect("sim://server"); err != nil {
				t.Fatal(err)
			}
			send(t, d, hello, ping)
			want(t, d, pong)
			clients[i] = d
		}
		for i := range 1000 {
			send(t, clients[0], "\xaa\xa0\x02\x01\x01K\x00\x00\x00\x01"+string(rune('a'+i%26))+"\x00\x00\x00\x00")
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		received, last := 0, ""
		for {
			m, err := clients[1].TryRecv()
			if err != nil {
				break
			}
			received, last = received+1, string(m.Bytes())
		}
		if received > 15 || received < 5 || last[10] != 'a'+999%26 {
			t.Fatalf("%d messages, the last one %q; %+v", received, last, n.Stats())
		}
	})
}

// Many clients that connect and disappear leave nothing in the server.
func TestServerForgetsDisconnectedClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		n := bound(t, net, "sim://server")
		for range 100 {
			d, err := zmq.NewDealer(net.Options())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Connect("sim://server"); err != nil {
				t.Fatal(err)
			}
			send(t, d, hello, ping)
			want(t, d, pong)
			d.Close()
		}
		time.Sleep(time.Second)
		if s := n.Stats(); s.Clients != 0 {
			t.Fatalf("%+v", s)
		}
	})
}

// rawServer returns a server of the protocol to which a new node is connected.
type rawServer struct {
	*zmq.Router
	client string
}

func (s *rawServer) Send(ctx context.Context, frames ...[]byte) error {
	return s.SendTo(ctx, s.client, frames...)
}

func (s *rawServer) Recv(ctx context.Context) (zmq.Message, error) {
	for {
		m, err := s.Router.Recv(ctx)
		if err != nil || string(m.Bytes()) != ping {
			s.client = m.RoutingID()
			return m, err
		}
	}
}

func newRawServer(t *testing.T, net simnet.Network) *rawServer {
	r, err := zmq.NewRouter(net.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if _, err := r.Bind("sim://server"); err != nil {
		t.Fatal(err)
	}
	return &rawServer{Router: r}
}

// The client sends HELLO and its tuples at the start of each connection, and again after
// INVALID. Several INVALIDs cause one HELLO, which would otherwise be invalid itself.
func TestClientGreetsAgainAfterLossAndInvalid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		s := newRawServer(t, net)
		n := newNode(t, zgossip.Options{Socket: net.Options()})
		publish(t, n, "A", "a")
		connect(t, n, "sim://server")
		want(t, s, hello, publishA)
		send(t, s, publishB)
		wantTuple(t, n, "B", "b")
		net.Cut()
		want(t, s, hello, publishA, publishB)
		send(t, s, invalid, invalid, invalid)
		want(t, s, hello, publishA, publishB)
		send(t, s, invalid)
		start := time.Now()
		want(t, s, hello, publishA, publishB)
		if d := time.Since(start); d < 500*time.Millisecond {
			t.Fatalf("all tuples were sent again after %s", d)
		}
		// A remote node cannot feign a lost connection.
		send(t, s, "", "hiccup")
		time.Sleep(time.Second)
		if st := n.Stats(); st.Invalid != 4 || st.Malformed != 2 {
			t.Fatalf("%+v", st)
		}
	})
}

// CZMQ forgets a client that is silent for a second.
func TestClientPingsAndProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		s := newRawServer(t, net)
		n := newNode(t, zgossip.Options{Socket: net.Options()})
		connect(t, n, "sim://server")
		ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
		defer cancel()
		counts := make(map[string]int)
		last := time.Now()
		for {
			m, err := s.Router.Recv(ctx)
			if err != nil {
				break
			}
			if gap := time.Since(last); gap > 500*time.Millisecond {
				t.Fatalf("silent for %s", gap)
			}
			last = time.Now()
			counts[string(m.Bytes())]++
			if counts[hello] == 1 && m.Bytes()[2] == 1 {
				publish(t, n, "A", "a")
			}
		}
		if counts[hello] != 1 || counts[publishA] != 3 || counts[ping] < 75 {
			t.Fatalf("%v", counts)
		}
	})
}
