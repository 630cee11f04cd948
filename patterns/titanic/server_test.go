package titanic_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/mdp"
	"github.com/zerobroker/zmq/patterns/titanic"
)

// world is a broker, a store and a client in virtual time.
type world struct {
	*testing.T
	net    simnet.Network
	ctx    context.Context
	store  *titanic.Log
	broker *mdp.Client
	client *titanic.Client
}

func bubble(t *testing.T, f func(w *world)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, net: simnet.New(1), ctx: t.Context(), store: open(t, dir, nil)}
		b, err := mdp.NewBroker(&mdp.BrokerOptions{Socket: w.net.Options()})
		must(t, err)
		t.Cleanup(func() { b.Close() })
		_, err = b.Bind("sim://broker")
		must(t, err)
		w.broker, err = mdp.NewClient("sim://broker", &mdp.ClientOptions{Socket: w.net.Options()})
		must(t, err)
		t.Cleanup(func() { w.broker.Close() })
		w.client = titanic.NewClient(w.broker)
		f(w)
	})
}

func (w *world) server(o titanic.ServerOptions) *titanic.Server {
	w.Helper()
	o.Socket = w.net.Options()
	s, err := titanic.NewServer("sim://broker", w.store, &o)
	must(w.T, err)
	w.Cleanup(func() { s.Close() })
	return s
}

func (w *world) worker(h mdp.Handler) *mdp.Worker {
	w.Helper()
	wk, err := mdp.NewWorker("sim://broker", "echo", h, &mdp.WorkerOptions{Socket: w.net.Options()})
	must(w.T, err)
	w.Cleanup(func() { wk.Close() })
	return wk
}

func upper(_ context.Context, r *mdp.Request) zmq.Message {
	return zmq.NewMessage(bytes.ToUpper(r.Body.Bytes()))
}

// https://rfc.zeromq.org/spec/9/, Services: the reply is PENDING until a worker exists, it
// is kept, and closing it is idempotent.
func TestServerStoresRequestsAndReplies(t *testing.T) {
	bubble(t, func(w *world) {
		s := w.server(titanic.ServerOptions{})
		id, err := w.client.Request(w.ctx, "echo", []byte("hello"))
		must(t, err)
		if _, err := w.client.Reply(w.ctx, id); !errors.Is(err, titanic.ErrPending) {
			t.Errorf("error %v", err)
		}
		time.Sleep(time.Minute)
		w.worker(upper)
		for range 2 {
			if m, err := w.client.Wait(w.ctx, id); err != nil || m.String() != "HELLO" {
				t.Errorf("%q, %v", m, err)
			}
		}
		must(t, w.client.Close(w.ctx, id))
		must(t, w.client.Close(w.ctx, id))
		if _, err := w.client.Reply(w.ctx, id); !errors.Is(err, titanic.ErrUnknown) {
			t.Errorf("error %v", err)
		}
		if st := s.Stats(); st.Requests != 1 || st.Executed != 1 || st.Replies != 2 || st.Failed != 0 || st.Waiting+st.Running != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// Status frames: exactly the defined codes.
func TestServerAnswersInvalidCallsWithDefinedStatus(t *testing.T) {
	bubble(t, func(w *world) {
		w.server(titanic.ServerOptions{})
		for _, c := range []struct {
			service string
			body    [][]byte
			want    string
		}{
			{"titanic.request", frames("echo"), "400"},
			{"titanic.request", frames("", "x"), "400"},
			{"titanic.request", frames("titanic.request", "echo", "x"), "400"},
			{"titanic.reply", frames("x"), "400"},
			{"titanic.reply", frames(titanic.NewID().String()), "400"},
			{"titanic.reply", frames(titanic.NewID().String(), "x"), "400"},
			{"titanic.close", frames(titanic.NewID().String()), "200"},
			{"titanic.close", frames("unknown"), "200"},
			{"titanic.close", frames("a", "b"), "400"},
		} {
			m, err := w.broker.Do(w.ctx, c.service, c.body...)
			if err != nil || m.String() != c.want {
				t.Errorf("%s %q: %q, %v; want %s", c.service, c.body, m, err, c.want)
			}
		}
		must(t, w.store.Close())
		if _, err := w.client.Request(w.ctx, "echo"); !errors.Is(err, titanic.ErrServer) {
			t.Errorf("error %v", err)
		}
	})
}

// A worker that dies and a server that is restarted: the request is executed until it has
// a reply.
func TestServerRepeatsExecutionUntilReply(t *testing.T) {
	bubble(t, func(w *world) {
		s := w.server(titanic.ServerOptions{Timeout: 5 * time.Second})
		var executed atomic.Int32
		w.worker(func(ctx context.Context, r *mdp.Request) zmq.Message {
			if executed.Add(1) < 3 {
				<-ctx.Done()
			}
			return upper(ctx, r)
		})
		id, err := w.client.Request(w.ctx, "echo", []byte("a"))
		must(t, err)
		time.Sleep(2 * time.Second)
		w.net.Cut()
		time.Sleep(time.Second)
		must(t, s.Close())
		w.server(titanic.ServerOptions{Timeout: 5 * time.Second})
		time.AfterFunc(3*time.Second, w.net.Cut)
		for {
			m, err := w.client.Wait(w.ctx, id)
			if errors.Is(err, zmq.ErrPeerLost) {
				continue
			}
			if err != nil || m.String() != "A" || executed.Load() != 3 {
				t.Errorf("%q, %v after %d executions", m, err, executed.Load())
			}
			break
		}
	})
}

func TestServerForgetsClosedRequests(t *testing.T) {
	bubble(t, func(w *world) {
		s := w.server(titanic.ServerOptions{})
		for i := range 300 {
			id, err := w.client.Request(w.ctx, fmt.Sprint("absent", i%3), []byte("x"))
			must(t, err)
			must(t, w.client.Close(w.ctx, id))
		}
		if st, ls := s.Stats(), w.store.Stats(); st.Waiting != 0 || ls.Requests != 0 || ls.Bytes != 0 {
			t.Errorf("%+v, %+v", st, ls)
		}
	})
}

func TestServerBoundsRunningRequests(t *testing.T) {
	bubble(t, func(w *world) {
		s := w.server(titanic.ServerOptions{MaxRunning: 2})
		worker := func(ctx context.Context, r *mdp.Request) zmq.Message {
			time.Sleep(10 * time.Second)
			return upper(ctx, r)
		}
		var ids []titanic.ID
		for range 10 {
			id, err := w.client.Request(w.ctx, "echo", []byte("a"))
			must(t, err)
			ids = append(ids, id)
		}
		w.worker(worker)
		time.Sleep(5 * time.Second)
		if st := s.Stats(); st.Running != 2 || st.Waiting != 8 {
			t.Errorf("%+v", st)
		}
		for _, id := range ids {
			if m, err := w.client.Wait(w.ctx, id); err != nil || m.String() != "A" {
				t.Errorf("%q, %v", m, err)
			}
		}
	})
}
