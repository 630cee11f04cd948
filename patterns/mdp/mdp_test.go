package mdp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/mdp"
	"github.com/zerobroker/zmq/zmqstat"
)

// world is a simulated network with a broker at sim://broker.
type world struct {
	*testing.T
	net    simnet.Network
	ctx    context.Context
	broker *mdp.Broker
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, o *mdp.BrokerOptions, f func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, net: simnet.New(1), ctx: t.Context()}
		if o == nil {
			o = new(mdp.BrokerOptions)
		}
		o.Socket = w.net.Options()
		w.broker = w.startBroker(o)
		f(w)
	})
}

func (w *world) startBroker(o *mdp.BrokerOptions) *mdp.Broker {
	w.Helper()
	b, err := mdp.NewBroker(o)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { b.Close() })
	if _, err := b.Bind("sim://broker"); err != nil {
		w.Fatal(err)
	}
	return b
}

func (w *world) worker(service string, h mdp.Handler, o mdp.WorkerOptions) *mdp.Worker {
	w.Helper()
	o.Socket = w.net.Options()
	wk, err := mdp.NewWorker("sim://broker", service, h, &o)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { wk.Close() })
	return wk
}

func (w *world) client(o mdp.ClientOptions) *mdp.Client {
	w.Helper()
	o.Socket = w.net.Options()
	c, err := mdp.NewClient("sim://broker", &o)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { c.Close() })
	return c
}

// want checks the reply to a request.
func (w *world) want(c *mdp.Client, body, reply string) {
	w.Helper()
	m, err := c.Do(w.ctx, "echo", []byte(body))
	if err != nil || m.String() != reply {
		w.Fatalf("reply %q, %v; want %q", m, err, reply)
	}
}

func upper(_ context.Context, r *mdp.Request) zmq.Message {
	return zmq.NewMessage(bytes.ToUpper(r.Body.Bytes()))
}

func TestRequestsOfAllVersionsAreAnswered(t *testing.T) {
	for _, versions := range [][2]mdp.Version{{mdp.V01, mdp.V01}, {mdp.V01, mdp.V02}, {mdp.V02, mdp.V01}, {mdp.V02, mdp.V02}} {
		bubble(t, nil, func(w *world) {
			wk := w.worker("echo", upper, mdp.WorkerOptions{Version: versions[0]})
			c := w.client(mdp.ClientOptions{Version: versions[1]})
			w.want(c, "hello", "HELLO")
			w.want(c, "", "")
			synctest.Wait()
			if s := wk.Stats(); s.Requests != 2 || s.Replies != 2 || !s.Connected {
				t.Errorf("%v: %+v", versions, s)
			}
		})
	}
}

func TestClientPipelinesRequests(t *testing.T) {
	bubble(t, nil, func(w *world) {
		wk := w.worker("echo", func(ctx context.Context, r *mdp.Request) zmq.Message {
			time.Sleep(time.Second)
			return upper(ctx, r)
		}, mdp.WorkerOptions{Concurrency: 50})
		c := w.client(mdp.ClientOptions{MaxRequests: 100})
		begin := time.Now()
		var wg sync.WaitGroup
		var failures atomic.Int32
		for i := range 200 {
			wg.Add(1)
			want := fmt.Sprintf("A%d", i)
			err := c.Start(w.ctx, "echo", zmq.NewStringMessage("a"+want[1:]), func(r mdp.Reply, err error) {
				if err != nil || !r.Final || r.String() != want {
					failures.Add(1)
				}
				wg.Done()
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		if failures.Load() > 0 {
			t.Errorf("%d failures", failures.Load())
		}
		if d := time.Since(begin); d > 5*time.Second {
			t.Errorf("200 requests of 1 s, 50 at a time, took %v", d)
		}
		if s := wk.Stats(); s.Excess != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestStartWaitsForRoom(t *testing.T) {
	bubble(t, nil, func(w *world) {
		c := w.client(mdp.ClientOptions{MaxRequests: 2, Timeout: 10 * time.Second})
		ignore := func(mdp.Reply, error) {}
		for range 2 {
			if err := c.Start(w.ctx, "absent", zmq.Message{}, ignore); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(w.ctx, time.Second)
		defer cancel()
		if err := c.Start(ctx, "absent", zmq.Message{}, ignore); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		begin := time.Now()
		if err := c.Start(w.ctx, "absent", zmq.Message{}, ignore); err != nil || time.Since(begin) < 8*time.Second {
			t.Errorf("error %v after %v", err, time.Since(begin))
		}
	})
}

func TestClientReceivesPartialReplies(t *testing.T) {
	bubble(t, nil, func(w *world) {
		h := func(ctx context.Context, r *mdp.Request) zmq.Message {
			for i := range 3 {
				if err := r.Partial(ctx, []byte{'0' + byte(i)}); (err != nil) != (r.Version == mdp.V01) {
					t.Errorf("%s: %v", r.Version, err)
				} else if err != nil && !errors.Is(err, zmq.ErrInvalidState) {
					t.Error(err)
				}
			}
			return zmq.NewStringMessage("end")
		}
		wk := w.worker("echo", h, mdp.WorkerOptions{})
		c := w.client(mdp.ClientOptions{})
		var got []string
		for r, err := range c.Replies(w.ctx, "echo") {
			got = append(got, fmt.Sprint(r.Message, r.Final, err))
		}
		if want := "[0 false <nil> 1 false <nil> 2 false <nil> end true <nil>]"; fmt.Sprint(got) != want {
			t.Errorf("%v, want %v", got, want)
		}
		for range c.Replies(w.ctx, "echo") {
			break // the other replies are dropped
		}
		w.want(c, "", "end")
		wk.Close()
		w.worker("echo", h, mdp.WorkerOptions{Version: mdp.V01})
		w.want(c, "", "end")
	})
}

func TestRequestWaitsForWorkerAndBroker(t *testing.T) {
	bubble(t, nil, func(w *world) {
		w.broker.Close()
		c := w.client(mdp.ClientOptions{})
		time.AfterFunc(5*time.Second, func() { w.startBroker(&mdp.BrokerOptions{Socket: w.net.Options()}) })
		time.AfterFunc(15*time.Second, func() { w.worker("echo", upper, mdp.WorkerOptions{}) })
		w.want(c, "a", "A")
	})
}

func TestWorkerRegistersAgainAfterLostConnection(t *testing.T) {
	bubble(t, nil, func(w *world) {
		wk := w.worker("echo", upper, mdp.WorkerOptions{})
		c := w.client(mdp.ClientOptions{})
		for i := range 5 {
			w.want(c, "a", "A")
			w.net.Cut()
			synctest.Wait()
			if n := wk.Stats().Conversations; n < uint64(i+1) {
				t.Errorf("%d conversations after %d", n, i+1)
			}
		}
		w.want(c, "a", "A")
		if s := w.broker.Stats(); s.Workers != 1 || s.WorkersLost != 5 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWorkerRegistersAtRestartedBroker(t *testing.T) {
	bubble(t, nil, func(w *world) {
		w.worker("echo", upper, mdp.WorkerOptions{})
		c := w.client(mdp.ClientOptions{})
		for range 3 {
			w.want(c, "a", "A")
			w.broker.Close()
			w.broker = w.startBroker(&mdp.BrokerOptions{Socket: w.net.Options()})
			synctest.Wait()
		}
		w.want(c, "a", "A")
	})
}

// The request is executed once, and its client gets an error.
func TestRequestFailsOnceWhenConnectionIsLost(t *testing.T) {
	bubble(t, nil, func(w *world) {
		var executed atomic.Int32
		w.worker("echo", func(ctx context.Context, r *mdp.Request) zmq.Message {
			executed.Add(1)
			<-ctx.Done()
			return zmq.Message{}
		}, mdp.WorkerOptions{})
		c := w.client(mdp.ClientOptions{})
		time.AfterFunc(time.Second, w.net.Cut)
		_, err := c.Do(w.ctx, "echo", nil)
		if !errors.Is(err, zmq.ErrPeerLost) {
			t.Errorf("error %v", err)
		}
		time.Sleep(time.Minute)
		if n := executed.Load(); n != 1 {
			t.Errorf("executed %d times", n)
		}
	})
}

func TestClientRetriesUntilReply(t *testing.T) {
	bubble(t, nil, func(w *world) {
		var executed atomic.Int32
		w.worker("echo", func(ctx context.Context, r *mdp.Request) zmq.Message {
			if executed.Add(1) < 3 {
				<-ctx.Done()
			}
			return upper(ctx, r)
		}, mdp.WorkerOptions{Concurrency: 3})
		c := w.client(mdp.ClientOptions{Timeout: time.Second, Retries: 2})
		w.want(c, "a", "A")
		if s := c.Stats(); s.Retries != 2 {
			t.Errorf("%+v", s)
		}
		executed.Store(-10)
		_, err := c.Do(w.ctx, "echo", nil)
		if !errors.Is(err, mdp.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

func TestContextEndsRequest(t *testing.T) {
	bubble(t, nil, func(w *world) {
		c := w.client(mdp.ClientOptions{})
		cause := errors.New("cause")
		ctx, cancel := context.WithTimeoutCause(w.ctx, time.Second, cause)
		defer cancel()
		_, err := c.Do(ctx, "absent", nil)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, cause) || c.Stats().Pending != 0 {
			t.Errorf("error %v, %+v", err, c.Stats())
		}
		w.broker.Close()
		synctest.Wait()
		ctx, cancel = context.WithTimeout(w.ctx, time.Second)
		defer cancel()
		_, err = c.Do(ctx, "absent", nil)
		if !errors.Is(err, context.DeadlineExceeded) || !bytes.Contains([]byte(err.Error()), []byte("refused")) {
			t.Errorf("error %v does not say why there is no connection", err)
		}
		go func() { time.Sleep(time.Second); c.Close() }()
		if _, err = c.Do(w.ctx, "absent", nil); !errors.Is(err, zmq.ErrClosed) {
			t.Errorf("error %v", err)
		}
		if _, err = c.Do(w.ctx, "absent", nil); !errors.Is(err, zmq.ErrClosed) {
			t.Errorf("error %v", err)
		}
		if _, err = c.Do(w.ctx, "a\n", nil); !errors.Is(err, zmq.ErrInvalidOption) {
			t.Errorf("error %v", err)
		}
	})
}

// A frozen worker is detected by its missing heartbeats, and its request goes to another one.
func TestBrokerRedispatchesRequestOfFrozenWorker(t *testing.T) {
	bubble(t, &mdp.BrokerOptions{Redispatch: 1}, func(w *world) {
		frozen, err := zmq.NewDealer(w.net.Options())
		if err != nil {
			t.Fatal(err)
		}
		defer frozen.Close()
		frozen.Connect("sim://broker")
		frozen.Send(w.ctx, []byte("MDPW02"), []byte{1}, []byte("echo"))
		c := w.client(mdp.ClientOptions{})
		time.AfterFunc(time.Second, func() { w.worker("echo", upper, mdp.WorkerOptions{}) })
		begin := time.Now()
		w.want(c, "a", "A")
		if d := time.Since(begin); d < 9*time.Second || d > 12*time.Second {
			t.Errorf("redispatched after %v, want 10 s", d)
		}
	})
}

func TestPanicOfHandlerAbandonsItsRequestOnly(t *testing.T) {
	bubble(t, nil, func(w *world) {
		wk := w.worker("echo", func(ctx context.Context, r *mdp.Request) zmq.Message {
			if r.Body.String() == "panic" {
				panic("test")
			}
			return upper(ctx, r)
		}, mdp.WorkerOptions{Concurrency: 2})
		c := w.client(mdp.ClientOptions{Timeout: time.Second})
		if _, err := c.Do(w.ctx, "echo", []byte("panic")); !errors.Is(err, mdp.ErrTimeout) {
			t.Errorf("error %v", err)
		}
		w.want(c, "a", "A")
		if s := wk.Stats(); s.Panics != 1 || s.Conversations != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// No request is lost while workers are replaced one after the other.
func TestShutdownOfWorkersLosesNoRequest(t *testing.T) {
	bubble(t, &mdp.BrokerOptions{RequestTimeout: time.Hour}, func(w *world) {
		slow := func(ctx context.Context, r *mdp.Request) zmq.Message {
			time.Sleep(20 * time.Second) // longer than the heartbeats
			return upper(ctx, r)
		}
		wk := w.worker("echo", slow, mdp.WorkerOptions{Concurrency: 3})
		c := w.client(mdp.ClientOptions{Timeout: time.Hour})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { w.want(c, "a", "A") })
		}
		for range 4 {
			time.Sleep(5 * time.Second)
			next := w.worker("echo", slow, mdp.WorkerOptions{Concurrency: 3})
			if err := wk.Shutdown(w.ctx); err != nil {
				t.Error(err)
			}
			wk = next
		}
		wg.Wait()
		if s := w.broker.Stats(); len(s.Drops) > 0 || s.WorkersLost > 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestShutdownOfWorkerEndsWithItsContext(t *testing.T) {
	bubble(t, nil, func(w *world) {
		wk := w.worker("echo", func(ctx context.Context, r *mdp.Request) zmq.Message {
			<-ctx.Done()
			return zmq.NewStringMessage("cancelled")
		}, mdp.WorkerOptions{})
		c := w.client(mdp.ClientOptions{})
		time.AfterFunc(time.Second, func() {
			ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
			defer cancel()
			if err := wk.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
		})
		w.want(c, "a", "cancelled")
	})
}

func TestShutdownOfBrokerCompletesRequests(t *testing.T) {
	bubble(t, nil, func(w *world) {
		w.worker("echo", func(ctx context.Context, r *mdp.Request) zmq.Message {
			time.Sleep(5 * time.Second)
			return upper(ctx, r)
		}, mdp.WorkerOptions{})
		c := w.client(mdp.ClientOptions{})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { w.want(c, "a", "A") })
		}
		time.Sleep(time.Second)
		begin := time.Now()
		if err := w.broker.Shutdown(w.ctx); err != nil || time.Since(begin) != 14*time.Second {
			t.Errorf("error %v after %v", err, time.Since(begin))
		}
		wg.Wait()
		synctest.Wait() // until the client has noticed the end: a request meanwhile is lost with its connection
		w.broker = w.startBroker(&mdp.BrokerOptions{Socket: w.net.Options()})
		wg.Go(func() {
			if _, err := c.Do(w.ctx, "echo", nil); !errors.Is(err, zmq.ErrPeerLost) {
				t.Errorf("error %v", err)
			}
		})
		for w.broker.Stats().InFlight == 0 { // until the worker has found the broker
			time.Sleep(100 * time.Millisecond)
		}
		ctx, cancel := context.WithTimeout(w.ctx, time.Second)
		defer cancel()
		if err := w.broker.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		wg.Wait()
	})
}

// Two endpoints, of which one requires CURVE, and the registry of counters.
func TestBrokerServesEndpointsWithDifferentSecurity(t *testing.T) {
	var reg zmqstat.Registry
	b, err := mdp.NewBroker(&mdp.BrokerOptions{Sockets: &reg})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	plain, err := b.Bind("inproc://" + t.Name())
	if err != nil {
		t.Fatal(err)
	}
	key, err := curve.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	secure, err := b.BindWith("tcp://127.0.0.1:*", zmq.EndpointOptions{Security: &zmq.Security{
		Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: zmq.AllowAny}})
	if err != nil {
		t.Fatal(err)
	}
	wk, err := mdp.NewWorker(plain, "echo", upper, &mdp.WorkerOptions{Concurrency: 5, Sockets: &reg})
	if err != nil {
		t.Fatal(err)
	}
	defer wk.Close()
	c, err := mdp.NewClient(secure, &mdp.ClientOptions{Sockets: &reg, Socket: &zmq.Options{
		Security: zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public()}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	m, err := c.Do(t.Context(), "echo", []byte("a"))
	if err != nil || m.String() != "A" || m.From() != (zmq.PeerInfo{}) {
		t.Errorf("%q, %v", m, err)
	}
	if n := len(reg.Sockets(0)); n != 3 {
		t.Errorf("%d sockets in the registry, want 3", n)
	}
	infos := b.Services()
	if len(infos) != 1 || infos[0] != (mdp.ServiceInfo{Name: "echo", Workers: 1, Free: 1}) {
		t.Errorf("%+v", infos)
	}
}

func TestInvalidOptionsAreErrors(t *testing.T) {
	check := func(err error) {
		t.Helper()
		if !errors.Is(err, zmq.ErrInvalidOption) && !errors.Is(err, zmq.ErrInvalidEndpoint) {
			t.Errorf("error %v", err)
		}
	}
	_, err := mdp.NewBroker(&mdp.BrokerOptions{MaxWorkers: -1})
	check(err)
	_, err = mdp.NewBroker(&mdp.BrokerOptions{Socket: &zmq.Options{SendHWM: -1}})
	check(err)
	for _, o := range []mdp.WorkerOptions{{Concurrency: -1}, {Version: 3}, {Heartbeat: -1}, {Socket: &zmq.Options{Conflate: true, SendHWM: -1}}} {
		_, err = mdp.NewWorker("tcp://127.0.0.1:1", "echo", upper, &o)
		check(err)
	}
	for _, service := range []string{"", "mmi.x", "a\n"} {
		_, err = mdp.NewWorker("tcp://127.0.0.1:1", service, upper, nil)
		check(err)
	}
	_, err = mdp.NewWorker("tcp://127.0.0.1:1", "echo", nil, nil)
	check(err)
	_, err = mdp.NewWorker("nonsense", "echo", upper, nil)
	check(err)
	_, err = mdp.NewClient("nonsense", nil)
	check(err)
	for _, o := range []mdp.ClientOptions{{Timeout: -1}, {Retries: -1}, {Version: 3}} {
		_, err = mdp.NewClient("tcp://127.0.0.1:1", &o)
		check(err)
	}
}

func TestTooManyRepliesFailRequest(t *testing.T) {
	bubble(t, nil, func(w *world) {
		w.worker("echo", func(ctx context.Context, r *mdp.Request) zmq.Message {
			for range 10 {
				r.Partial(ctx, nil)
			}
			return zmq.NewStringMessage("end")
		}, mdp.WorkerOptions{})
		c := w.client(mdp.ClientOptions{MaxReplies: 3})
		n := 0
		var last error
		for _, err := range c.Replies(w.ctx, "echo") {
			if n++; n == 1 {
				time.Sleep(time.Second) // the replies collect meanwhile
			}
			last = err
		}
		if !errors.Is(last, mdp.ErrTooManyReplies) || n > 8 {
			t.Errorf("%d replies, then %v", n, last)
		}
		w.want(c, "", "end") // Do keeps no partial replies
	})
}

// Peers over inproc that have closed leave nothing behind.
func TestBrokerNoticesEndOfInprocPeers(t *testing.T) {
	bubble(t, nil, func(w *world) {
		endpoint := "inproc://broker"
		o := w.net.Options()
		b, err := mdp.NewBroker(&mdp.BrokerOptions{Socket: o})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if _, err := b.Bind(endpoint); err != nil {
			t.Fatal(err)
		}
		d, err := zmq.NewDealer(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
		d.Send(w.ctx, []byte("MDPW02"), []byte{1}, []byte("echo"))
		synctest.Wait()
		if s := b.Stats(); s.Workers != 1 {
			t.Errorf("%+v", s)
		}
		d.Close()
		synctest.Wait()
		if s := b.Stats(); s.Workers != 0 || s.WorkersLost != 1 {
			t.Errorf("%+v", s)
		}
	})
}
