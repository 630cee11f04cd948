package ppp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/ppp"
)

// world is a queue on a simulated network, and raw sockets that play the others.
type world struct {
	t   *testing.T
	ctx context.Context
	net simnet.Network
	q   *ppp.Queue
}

// inWorld runs a test in virtual time.
func inWorld(t *testing.T, o ppp.QueueOptions, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		w := &world{t: t, ctx: ctx, net: simnet.New(1)}
		w.open(o)
		test(w)
		w.q.Close()
	})
}

// open opens the queue.
func (w *world) open(o ppp.QueueOptions) {
	w.t.Helper()
	o.Socket = w.net.Options()
	if o.WorkerSocket != nil {
		limits := o.WorkerSocket.Limits
		o.WorkerSocket = w.net.Options()
		o.WorkerSocket.Limits = limits
	}
	q, err := ppp.NewQueue(&o)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := q.BindClients("sim://clients"); err != nil {
		w.t.Fatal(err)
	}
	if _, err := q.BindWorkers("sim://workers"); err != nil {
		w.t.Fatal(err)
	}
	w.q = q
}

// raw is a DEALER that plays a client or a worker.
type raw struct {
	w *world
	*zmq.Dealer
}

func (w *world) raw(endpoint string) raw {
	w.t.Helper()
	d, err := zmq.NewDealer(w.net.Options())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := d.Connect(endpoint); err != nil {
		w.t.Fatal(err)
	}
	return raw{w, d}
}

// say sends a message of frames separated by "|".
func (r raw) say(message string) {
	r.w.t.Helper()
	var frames [][]byte
	for f := range strings.SplitSeq(message, "|") {
		frames = append(frames, []byte(f))
	}
	if err := r.Send(r.w.ctx, frames...); err != nil {
		r.w.t.Fatal(err)
	}
	synctest.Wait()
}

// hear receives the next message that is no HEARTBEAT.
func (r raw) hear() zmq.Message {
	r.w.t.Helper()
	for {
		m, err := r.Recv(r.w.ctx)
		if err != nil {
			r.w.t.Fatal(err)
		}
		if string(m.Bytes()) != "\x02" {
			return m
		}
	}
}

// silent checks that no message but HEARTBEATs arrives within d.
func (r raw) silent(d time.Duration) {
	r.w.t.Helper()
	ctx, cancel := context.WithTimeout(r.w.ctx, d)
	defer cancel()
	for {
		m, err := r.Recv(ctx)
		if err != nil {
			return
		}
		if string(m.Bytes()) != "\x02" {
			r.w.t.Fatalf("received %q", m.Frames())
		}
	}
}

// content returns the frames after the address stack.
func content(m zmq.Message) string {
	var b []string
	for _, f := range m.Body().Frames() {
		b = append(b, string(f))
	}
	return strings.Join(b, "|")
}

// answer sends the REPLY to a REQUEST.
func (r raw) answer(request zmq.Message, reply string) {
	r.w.t.Helper()
	if err := r.Send(r.w.ctx, append(request.Envelope(), []byte(reply))...); err != nil {
		r.w.t.Fatal(err)
	}
	synctest.Wait()
}

// RFC 6, Overall Conversation: READY, then REQUEST and REPLY in turn.
func TestWorkerReceivesOneRequestAtATime(t *testing.T) {
	inWorld(t, ppp.QueueOptions{}, func(w *world) {
		worker, client := w.raw("sim://workers"), w.raw("sim://clients")
		defer worker.Close()
		defer client.Close()
		worker.say("\x01")
		client.say("|one|more")
		client.say("|two")
		first := worker.hear()
		if got := content(first); got != "one|more" {
			t.Fatalf("first request %q", got)
		}
		worker.silent(time.Second)
		worker.answer(first, "done")
		if got := client.hear(); content(got) != "done" {
			t.Errorf("reply %q", got.Frames())
		}
		if got := content(worker.hear()); got != "two" {
			t.Errorf("second request %q", got)
		}
	})
}

// RFC 6: "The first message in any conversation MUST be W:READY."
func TestQueueIgnoresWorkerBeforeReady(t *testing.T) {
	inWorld(t, ppp.QueueOptions{}, func(w *world) {
		worker, client := w.raw("sim://workers"), w.raw("sim://clients")
		defer worker.Close()
		defer client.Close()
		client.say("|work")
		worker.say("\x02")
		worker.say("a||reply")
		worker.silent(10 * time.Second)
		if s := w.q.Stats(); s.Workers != 0 || s.Drops.UnknownWorker != 2 {
			t.Errorf("%+v", s)
		}
		worker.say("\x01")
		if got := content(worker.hear()); got != "work" {
			t.Errorf("request %q", got)
		}
	})
}

// RFC 6, Heartbeating: the client, here the queue, sends HEARTBEAT at regular intervals.
func TestQueueSendsHeartbeatsToIdleAndBusyWorkers(t *testing.T) {
	inWorld(t, ppp.QueueOptions{HeartbeatInterval: 200 * time.Millisecond, Liveness: 1000}, func(w *world) {
		idle, busy, client := w.raw("sim://workers"), w.raw("sim://workers"), w.raw("sim://clients")
		defer idle.Close()
		defer busy.Close()
		defer client.Close()
		busy.say("\x01")
		client.say("|work")
		busy.hear()
		idle.say("\x01")
		time.Sleep(10*time.Second + 100*time.Millisecond)
		for _, s := range []raw{idle, busy} {
			n := 0
			for {
				m, err := s.TryRecv()
				if err != nil {
					break
				}
				if string(m.Bytes()) != "\x02" {
					t.Fatalf("received %q", m.Frames())
				}
				n++
			}
			if n != 50 {
				t.Errorf("%d heartbeats in 10 s, want 50", n)
			}
		}
	})
}

// RFC 6, Heartbeating: "If the client detects that the worker has disconnected, it
// SHOULD stop sending it messages of any type."
func TestQueueSendsNothingToExpiredWorker(t *testing.T) {
	inWorld(t, ppp.QueueOptions{}, func(w *world) {
		worker, client := w.raw("sim://workers"), w.raw("sim://clients")
		defer worker.Close()
		defer client.Close()
		worker.say("\x01")
		time.Sleep(5 * time.Second)
		client.say("|work")
		n := 0
		for {
			if _, err := worker.TryRecv(); err != nil {
				break
			}
			n++
		}
		if n > 3 {
			t.Errorf("%d messages after READY", n)
		}
		worker.silent(10 * time.Second)
		worker.say("\x02") // it is dead; only READY makes it a worker again
		worker.silent(time.Second)
		if s := w.q.Stats(); s.WorkersExpired != 1 || s.Drops.UnknownWorker != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// RFC 6, Goals: "recover from dead or disconnected workers by resending requests to
// other workers".
func TestQueueRepeatsRequestOfDeadWorker(t *testing.T) {
	for name, fail := range map[string]func(raw){
		"silent":       func(raw) { time.Sleep(5 * time.Second) },
		"disconnected": func(r raw) { r.Close(); synctest.Wait() },
		"restarted":    func(r raw) { r.say("\x01") },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, ppp.QueueOptions{}, func(w *world) {
				first, client := w.raw("sim://workers"), w.raw("sim://clients")
				defer first.Close()
				defer client.Close()
				first.say("\x01")
				client.say("|work")
				request := first.hear()
				fail(first)
				worker := first
				if name != "restarted" {
					worker = w.raw("sim://workers")
					defer worker.Close()
					worker.say("\x01")
				}
				again := worker.hear()
				if content(again) != "work" {
					t.Fatalf("repeated request %q", again.Frames())
				}
				if name == "silent" { // the dead worker wakes up, and its reply is late
					first.answer(request, "late")
				}
				worker.answer(again, "done")
				if got := content(client.hear()); got != "done" {
					t.Errorf("reply %q", got)
				}
				client.silent(time.Second)
				if s := w.q.Stats(); s.Retries != 1 || s.Requests != 1 || s.Replies != 1 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func TestQueueDropsRequestAfterMaxAttempts(t *testing.T) {
	inWorld(t, ppp.QueueOptions{MaxAttempts: 2}, func(w *world) {
		worker, client := w.raw("sim://workers"), w.raw("sim://clients")
		defer worker.Close()
		defer client.Close()
		client.say("|poison")
		worker.say("\x01")
		worker.hear()
		worker.say("\x01")
		worker.hear()
		worker.say("\x01")
		worker.silent(time.Second)
		if s := w.q.Stats(); s.Drops.Attempts != 1 || s.IdleWorkers != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// A worker cannot answer a request that it does not have.
func TestQueueDropsReplyWithForeignAddressStack(t *testing.T) {
	inWorld(t, ppp.QueueOptions{}, func(w *world) {
		worker, thief, client := w.raw("sim://workers"), w.raw("sim://workers"), w.raw("sim://clients")
		defer worker.Close()
		defer thief.Close()
		defer client.Close()
		worker.say("\x01")
		client.say("|work")
		request := worker.hear()
		thief.say("\x01")
		thief.answer(request, "forged") // without a request of its own
		client.say("|other")
		other := thief.hear()
		thief.answer(request, "forged")
		thief.answer(other, "other done")
		if got := content(client.hear()); got != "other done" {
			t.Errorf("reply of the thief %q", got)
		}
		thief.say("x||forged")
		thief.say("forged|reply")
		thief.say("\x07")
		worker.answer(request, "done")
		worker.answer(request, "twice")
		if got := content(client.hear()); got != "done" {
			t.Errorf("reply %q", got)
		}
		client.silent(time.Second)
		if s := w.q.Stats(); s.Drops.StaleReply != 5 || s.Drops.Malformed != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// A client cannot end the conversations of workers with a request that is too large for
// the socket of the workers.
func TestQueueDropsRequestAboveLimits(t *testing.T) {
	inWorld(t, ppp.QueueOptions{WorkerSocket: &zmq.Options{Limits: zmq.Limits{MaxMessageFrames: 3}}}, func(w *world) {
		worker, client := w.raw("sim://workers"), w.raw("sim://clients")
		defer worker.Close()
		defer client.Close()
		worker.say("\x01")
		client.say("|two|frames")
		client.say("|one")
		if got := content(worker.hear()); got != "one" {
			t.Errorf("request %q", got)
		}
		if s := w.q.Stats(); s.Workers != 1 || s.Drops.TooLarge != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestQueueBoundsWorkers(t *testing.T) {
	inWorld(t, ppp.QueueOptions{MaxWorkers: 3, HeartbeatInterval: time.Minute}, func(w *world) {
		for range 50 {
			fake := w.raw("sim://workers")
			defer fake.Close()
			fake.say("\x01")
		}
		if s := w.q.Stats(); s.Workers != 3 || s.Drops.WorkerLimit != 47 {
			t.Errorf("%+v", s)
		}
	})
}

// The least recently used worker gets the next request.
func TestQueueUsesLeastRecentlyUsedWorker(t *testing.T) {
	inWorld(t, ppp.QueueOptions{Liveness: 1000}, func(w *world) {
		client := w.raw("sim://clients")
		defer client.Close()
		var workers []raw
		for range 3 {
			r := w.raw("sim://workers")
			defer r.Close()
			r.say("\x01")
			workers = append(workers, r)
		}
		for i := range 9 {
			client.say("|work")
			r := workers[i%3]
			r.answer(r.hear(), "done")
			client.hear()
		}
	})
}

// A request waits in the socket while there is no worker, and its client may be gone.
func TestReplyToGoneClientIsCounted(t *testing.T) {
	inWorld(t, ppp.QueueOptions{}, func(w *world) {
		worker, client := w.raw("sim://workers"), w.raw("sim://clients")
		defer worker.Close()
		worker.say("\x01")
		client.say("|work")
		request := worker.hear()
		client.Close()
		synctest.Wait()
		worker.answer(request, "done")
		if s := w.q.Stats(); s.Drops.ClientGone != 1 || s.Replies != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestConstructorsRefuseInvalidOptions(t *testing.T) {
	_, e1 := ppp.NewQueue(&ppp.QueueOptions{Liveness: -1})
	_, e2 := ppp.NewQueue(&ppp.QueueOptions{Socket: &zmq.Options{Conflate: true}})
	_, e3 := ppp.NewWorker("tcp://127.0.0.1:1", nil, &ppp.WorkerOptions{MinBackoff: 2, MaxBackoff: 1})
	_, e4 := ppp.NewClient(nil, nil)
	_, e5 := ppp.NewClient([]string{"tcp://127.0.0.1:1"}, &ppp.ClientOptions{Attempts: -1})
	for i, err := range []error{e1, e2, e3, e4, e5} {
		if !errors.Is(err, ppp.ErrInvalidOption) {
			t.Errorf("case %d: %v", i+1, err)
		}
	}
	if _, err := ppp.NewWorker("tcp", nil, nil); !errors.Is(err, zmq.ErrInvalidEndpoint) {
		t.Errorf("endpoint: %v", err)
	}
}
