package freelance_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/freelance"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
)

// world has a simulated network for the participants of a test.
type world struct {
	t   *testing.T
	ctx context.Context
	net simnet.Network
}

// inWorld runs a test in virtual time.
func inWorld(t *testing.T, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		test(&world{t: t, ctx: ctx, net: simnet.New(1)})
	})
}

func (w *world) client(o freelance.ClientOptions, endpoints ...string) *freelance.Client {
	w.t.Helper()
	o.Socket = w.net.Options()
	c, err := freelance.NewClient(endpoints, &o)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) server(endpoint string, h freelance.Handler, o freelance.ServerOptions) *freelance.Server {
	w.t.Helper()
	o.Socket = w.net.Options()
	s, err := freelance.NewServer(endpoint, h, &o)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// named is a handler whose reply begins with its name.
func named(name string) freelance.Handler {
	return func(_ context.Context, m zmq.Message) (zmq.Message, error) {
		return zmq.NewMessage(append([][]byte{[]byte(name)}, m.Frames()...)...), nil
	}
}

// raw is a ROUTER that plays a server or a client.
type raw struct {
	w *world
	*zmq.Router
}

func (w *world) raw(identity string) raw {
	w.t.Helper()
	o := w.net.Options()
	o.RoutingID = identity
	r, err := zmq.NewRouter(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw{w, r}
}

// rawServer returns a raw server that is bound.
func (w *world) rawServer(endpoint string) raw {
	w.t.Helper()
	r := w.raw(endpoint)
	if _, err := r.Bind(endpoint); err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (r raw) say(to string, frames ...string) {
	r.w.t.Helper()
	if err := r.SendMessageTo(r.w.ctx, to, zmq.NewStringMessage(frames...)); err != nil {
		r.w.t.Fatal(err)
	}
	synctest.Wait()
}

func (r raw) hear() zmq.Message {
	r.w.t.Helper()
	m, err := r.Recv(r.w.ctx)
	if err != nil {
		r.w.t.Fatal(err)
	}
	return m
}

// hearRequest answers PINGs until a request arrives.
func (r raw) hearRequest() zmq.Message {
	r.w.t.Helper()
	for {
		m := r.hear()
		if string(m.Bytes()) != "PING" {
			return m
		}
		r.say(m.RoutingID(), "PONG")
	}
}

func text(m zmq.Message) string { return strings.ReplaceAll(m.String(), "\t", "|") }

// pending is a call of Request.
type pending chan string

func (w *world) request(c *freelance.Client, frames ...string) pending {
	p := make(pending, 1)
	go func() {
		m, err := c.Request(w.ctx, zmq.NewStringMessage(frames...).Frames()...)
		switch {
		case errors.Is(err, freelance.ErrNoReply):
			p <- "no reply"
		case err != nil:
			p <- "error: " + err.Error()
		default:
			p <- text(m)
		}
	}()
	synctest.Wait()
	return p
}

func (p pending) want(t *testing.T, want string) {
	t.Helper()
	if got := <-p; got != want {
		t.Errorf("Request: %q, want %q", got, want)
	}
}

// RFC 10, Overall Operation: a request is the client control frame and the body, and the
// reply has the same frame. Clients have no identity, and address the server by its own,
// which is its endpoint.
func TestTrackedRequestHasControlFrame(t *testing.T) {
	inWorld(t, func(w *world) {
		server := w.rawServer("sim://a")
		defer server.Close()
		c := w.client(freelance.ClientOptions{}, "sim://a")
		defer c.Close()
		p := w.request(c, "x", "y")
		m := server.hearRequest()
		if m.NumFrames() != 3 || text(m) != string(m.Frame(0))+"|x|y" {
			t.Errorf("request %q", m.Frames())
		}
		if peer := m.From(); peer.SocketType() != zmq.TypeRouter || len(peer.RoutingID()) != 5 {
			t.Errorf("the client is %v", peer)
		}
		server.say(m.RoutingID(), string(m.Frame(0)), "done", "well")
		p.want(t, "done|well")
		server.say(m.RoutingID(), string(m.Frame(0)), "again")
		server.say(m.RoutingID(), "nonsense", "again")
		server.say(m.RoutingID(), "nonsense")
		if s := c.Stats(); s.Drops != (freelance.ClientDrops{StaleReply: 1, Malformed: 2}) {
			t.Errorf("%+v", s)
		}
	})
}

// RFC 10, Server Reliability: PING at regular intervals, and a server without PONG is
// disconnected after some of them.
func TestTrackedClientPingsServers(t *testing.T) {
	inWorld(t, func(w *world) {
		server := w.rawServer("sim://a")
		defer server.Close()
		c := w.client(freelance.ClientOptions{}, "sim://a")
		defer c.Close()
		before := time.Now()
		for n := range 5 {
			m := server.hear()
			if got := time.Since(before); string(m.Bytes()) != "PING" || got != time.Duration(n)*2*time.Second {
				t.Fatalf("%q after %v", m.Frames(), got)
			}
			server.say(m.RoutingID(), "PONG")
		}
		alive := func() bool { return c.Servers()[0].Alive }
		if time.Sleep(5*time.Second + 999*time.Millisecond); !alive() {
			t.Error("dead 5.999 s after PONG")
		}
		if time.Sleep(2 * time.Millisecond); alive() || c.Stats().Expired != 1 {
			t.Error("alive 6.001 s after PONG")
		}
		var m zmq.Message
		for range 3 {
			m = server.hear() // it is still sent PING
		}
		if server.say(m.RoutingID(), "PONG"); !alive() {
			t.Error("dead after PONG")
		}
	})
}

func TestTrackedRequestGoesToNextServer(t *testing.T) {
	for name, fail := range map[string]func(r raw){
		"disconnected": func(r raw) { r.Close() },
		"silent":       func(raw) { time.Sleep(7 * time.Second) },
		"busy":         func(raw) { time.Sleep(2500*time.Millisecond + 1) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				first, second := w.rawServer("sim://a"), w.rawServer("sim://b")
				defer first.Close()
				defer second.Close()
				timeout := 2500 * time.Millisecond
				if name != "busy" {
					timeout = time.Minute
				}
				c := w.client(freelance.ClientOptions{Timeout: timeout}, "sim://a", "sim://b")
				defer c.Close()
				synctest.Wait()
				p := w.request(c, "x")
				m := first.hearRequest()
				answering := make(chan zmq.Message)
				go func() { answering <- second.hearRequest() }()
				fail(first)
				got := <-answering
				if string(got.Frame(1)) != "x" {
					t.Errorf("request %q", got.Frames())
				}
				second.say(got.RoutingID(), string(got.Frame(0)), "second")
				p.want(t, "second")
				if name != "disconnected" {
					first.say(m.RoutingID(), string(m.Frame(0)), "late")
				}
				want := uint64(1)
				if name == "disconnected" {
					want = 0
				}
				if s := c.Stats(); s.Retries != 1 || s.Drops.StaleReply != want {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// A server cannot answer a request that it was not given.
func TestTrackedClientDropsReplyOfOtherServer(t *testing.T) {
	inWorld(t, func(w *world) {
		first, second := w.rawServer("sim://a"), w.rawServer("sim://b")
		defer first.Close()
		defer second.Close()
		c := w.client(freelance.ClientOptions{}, "sim://a", "sim://b")
		defer c.Close()
		synctest.Wait()
		p := w.request(c, "x")
		m := first.hearRequest()
		second.say(second.hear().RoutingID(), string(m.Frame(0)), "forged")
		first.say(m.RoutingID(), string(m.Frame(0)), "done")
		p.want(t, "done")
		if s := c.Stats(); s.Drops.StaleReply != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// A request that no server takes ends after its attempts, or is sent to the first server
// that connects.
func TestTrackedRequestWaitsForServer(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.client(freelance.ClientOptions{Attempts: 2}, "sim://a")
		defer c.Close()
		before := time.Now()
		w.request(c, "x").want(t, "no reply")
		if got := time.Since(before); got != 5*time.Second {
			t.Errorf("no reply after %v", got)
		}
		p := w.request(c, "x")
		s := w.server("sim://a", named("a"), freelance.ServerOptions{})
		defer s.Close()
		p.want(t, "a|x")
	})
}

func TestTrackedClientRefusesIdentityAndTooManyRequests(t *testing.T) {
	_, err := freelance.NewClient([]string{"tcp://127.0.0.1:1"}, &freelance.ClientOptions{Socket: &zmq.Options{RoutingID: "x"}})
	if !errors.Is(err, freelance.ErrInvalidOption) {
		t.Errorf("with an identity: %v", err)
	}
	for _, s := range []freelance.Strategy{freelance.Tracked, freelance.Failover, freelance.Shotgun} {
		inWorld(t, func(w *world) {
			c := w.client(freelance.ClientOptions{Strategy: s, MaxRequests: 2}, "sim://a")
			first, second := w.request(c, "x"), w.request(c, "x")
			if _, err := c.Request(w.ctx); !errors.Is(err, freelance.ErrBusy) {
				t.Errorf("%v: third request: %v", s, err)
			}
			c.Close()
			for _, p := range []pending{first, second} {
				if got := <-p; !strings.Contains(got, "closed") {
					t.Errorf("%v: after Close: %s", s, got)
				}
			}
			if _, err := c.Request(w.ctx); !errors.Is(err, freelance.ErrClosed) {
				t.Errorf("%v: request after Close: %v", s, err)
			}
		})
	}
}

func TestRequestReturnsErrorOfContext(t *testing.T) {
	for _, s := range []freelance.Strategy{freelance.Tracked, freelance.Failover, freelance.Shotgun} {
		inWorld(t, func(w *world) {
			c := w.client(freelance.ClientOptions{Strategy: s, MaxRequests: 1}, "sim://a")
			defer c.Close()
			for range 3 { // each is forgotten
				ctx, cancel := context.WithTimeout(w.ctx, time.Second)
				if _, err := c.Request(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, freelance.ErrNoReply) {
					t.Errorf("%v: %v", s, err)
				}
				cancel()
			}
		})
	}
}

// RFC 10: "The server MUST respond with a message containing the four characters
// PONG", and "MUST return the CCF unmodified". It does the former while it is busy.
func TestServerAnswersPingWhileItWorks(t *testing.T) {
	inWorld(t, func(w *world) {
		release := make(chan bool)
		s := w.server("sim://a", func(_ context.Context, m zmq.Message) (zmq.Message, error) {
			<-release
			return m, nil
		}, freelance.ServerOptions{MaxQueued: 1})
		defer s.Close()
		c := w.raw("")
		defer c.Close()
		if err := c.Connect("sim://a"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		id := c.Peers()[0].RoutingID()
		if id != "sim://a" {
			t.Fatalf("the identity of the server is %q", id)
		}
		c.say(id, "ccf\x00", "1", "2")
		c.say(id, "", "queued")
		c.say(id, "x", "dropped")
		c.say(id, "malformed")
		c.say(id, "PING")
		if got := text(c.hear()); got != "PONG" {
			t.Errorf("first message %q", got)
		}
		release <- true
		release <- true
		for _, want := range []string{"ccf\x00|1|2", "|queued"} {
			if got := text(c.hear()); got != want {
				t.Errorf("reply %q, want %q", got, want)
			}
		}
		if st := s.Stats(); st.Pings != 1 || st.Replies != 2 || st.Drops != (freelance.ServerDrops{Malformed: 1, QueueFull: 1}) {
			t.Errorf("%+v", st)
		}
	})
}

func TestServerBoundsConcurrency(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.server("sim://a", func(_ context.Context, m zmq.Message) (zmq.Message, error) {
			time.Sleep(time.Second)
			return m, nil
		}, freelance.ServerOptions{Concurrency: 4})
		defer s.Close()
		c := w.client(freelance.ClientOptions{Timeout: time.Minute}, "sim://a")
		defer c.Close()
		before := time.Now()
		var all []pending
		for range 12 {
			all = append(all, w.request(c, "x"))
		}
		for _, p := range all {
			p.want(t, "x")
		}
		if got := time.Since(before); got != 3*time.Second {
			t.Errorf("12 requests of 1 s took %v", got)
		}
	})
}

func TestServerSendsNoReplyAfterFailure(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.server("sim://a", func(_ context.Context, m zmq.Message) (zmq.Message, error) {
			if string(m.Bytes()) == "panic" {
				panic("test")
			}
			return zmq.Message{}, errors.New("test")
		}, freelance.ServerOptions{})
		defer s.Close()
		other := w.server("sim://b", named("b"), freelance.ServerOptions{})
		defer other.Close()
		c := w.client(freelance.ClientOptions{}, "sim://a", "sim://b")
		defer c.Close()
		synctest.Wait()
		w.request(c, "panic").want(t, "b|panic")
		w.request(c, "error").want(t, "b|error")
		if st := s.Stats(); st.Failures != 2 || st.Replies != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestConstructorsRefuseInvalidOptions(t *testing.T) {
	one := []string{"tcp://127.0.0.1:1"}
	_, e1 := freelance.NewClient(nil, nil)
	_, e2 := freelance.NewClient(append(one, one...), nil)
	_, e3 := freelance.NewClient(one, &freelance.ClientOptions{Strategy: 7})
	_, e4 := freelance.NewClient(one, &freelance.ClientOptions{Timeout: -1})
	_, e5 := freelance.NewServer("tcp://127.0.0.1:*", nil, nil)
	_, e6 := freelance.NewServer("tcp://127.0.0.1:0", nil, nil)
	_, e7 := freelance.NewServer(one[0], nil, &freelance.ServerOptions{Strategy: 7})
	for i, err := range []error{e1, e2, e3, e4, e5, e6, e7} {
		if !errors.Is(err, freelance.ErrInvalidOption) {
			t.Errorf("case %d: %v", i+1, err)
		}
	}
	if _, err := freelance.NewClient([]string{"tcp"}, nil); !errors.Is(err, zmq.ErrInvalidEndpoint) {
		t.Errorf("endpoint: %v", err)
	}
}
