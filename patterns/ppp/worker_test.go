package ppp_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/ppp"
)

// fakeQueue is a ROUTER that plays the queue of one worker.
type fakeQueue struct {
	t   *testing.T
	ctx context.Context
	net simnet.Network
	*zmq.Router
}

// withFakeQueue runs a test in virtual time.
func withFakeQueue(t *testing.T, test func(q *fakeQueue)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		q := &fakeQueue{t: t, ctx: ctx, net: simnet.New(1)}
		q.open()
		defer func() { q.Close() }()
		test(q)
	})
}

func (q *fakeQueue) open() {
	q.t.Helper()
	r, err := zmq.NewRouter(q.net.Options())
	if err != nil {
		q.t.Fatal(err)
	}
	if _, err := r.Bind("sim://workers"); err != nil {
		q.t.Fatal(err)
	}
	q.Router = r
}

func (q *fakeQueue) worker(h ppp.Handler, o ppp.WorkerOptions) *ppp.Worker {
	q.t.Helper()
	o.Socket = q.net.Options()
	w, err := ppp.NewWorker("sim://workers", h, &o)
	if err != nil {
		q.t.Fatal(err)
	}
	return w
}

// hear receives the next message of any worker.
func (q *fakeQueue) hear() zmq.Message {
	q.t.Helper()
	m, err := q.Recv(q.ctx)
	if err != nil {
		q.t.Fatal(err)
	}
	return m
}

// hearReady receives READY, which must be the first message of a conversation.
func (q *fakeQueue) hearReady() zmq.Message {
	q.t.Helper()
	m := q.hear()
	if string(m.Bytes()) != "\x01" {
		q.t.Fatalf("the first message is %q", m.Frames())
	}
	return m
}

// hearReply receives the next message that is no HEARTBEAT.
func (q *fakeQueue) hearReply() zmq.Message {
	q.t.Helper()
	for {
		if m := q.hear(); string(m.Bytes()) != "\x02" {
			return m
		}
	}
}

func (q *fakeQueue) say(to zmq.Message, frames ...string) {
	q.t.Helper()
	if err := q.SendMessageTo(q.ctx, to.RoutingID(), zmq.NewStringMessage(frames...)); err != nil {
		q.t.Fatal(err)
	}
	synctest.Wait()
}

func echo(_ context.Context, request zmq.Message) (zmq.Message, error) { return request, nil }

// RFC 6, Command Specifications: the REPLY has the address stack of the REQUEST, which
// may have any number of addresses, or none.
func TestWorkerReturnsAddressStack(t *testing.T) {
	withFakeQueue(t, func(q *fakeQueue) {
		w := q.worker(echo, ppp.WorkerOptions{})
		defer w.Close()
		worker := q.hearReady()
		for _, request := range [][]string{{"a", "", "x"}, {"a", "b", "", "x", "y"}, {"", "x"}} {
			q.say(worker, request...)
			got := q.hearReply()
			if zmq.NewStringMessage(request...).String() != got.String() {
				t.Errorf("reply to %q is %q", request, got.Frames())
			}
		}
	})
}

// RFC 6: "The worker sends HEARTBEAT at regular intervals", also while it works.
func TestWorkerSendsHeartbeatsWhileItWorks(t *testing.T) {
	withFakeQueue(t, func(q *fakeQueue) {
		w := q.worker(func(ctx context.Context, m zmq.Message) (zmq.Message, error) {
			time.Sleep(10*time.Second + 500*time.Millisecond)
			return m, nil
		}, ppp.WorkerOptions{Liveness: 1000})
		defer w.Close()
		worker := q.hearReady()
		q.say(worker, "a", "", "x")
		n := 0
		for string(q.hear().Bytes()) == "\x02" {
			n++
		}
		if n != 10 {
			t.Errorf("%d heartbeats in 10.5 s", n)
		}
	})
}

// RFC 6: "If the worker detects that the client has disconnected, it MUST send READY
// again to start a new conversation." Guide: it waits 1, 2, 4 to 32 s before that.
func TestWorkerBacksOffFromSilentQueue(t *testing.T) {
	withFakeQueue(t, func(q *fakeQueue) {
		w := q.worker(echo, ppp.WorkerOptions{})
		defer w.Close()
		worker := q.hearReady()
		before := time.Now()
		for _, delay := range []time.Duration{1, 2, 4, 8, 16, 32, 32, 1} {
			if delay == 1 && worker.RoutingID() != "" && w.Stats().Expired > 0 {
				q.say(worker, "\x02") // a heartbeat resets the backoff
				before = time.Now()
			}
			next := q.hearReply()
			if string(next.Bytes()) != "\x01" || next.RoutingID() == worker.RoutingID() {
				t.Fatalf("%q from %q, before from %q", next.Frames(), next.RoutingID(), worker.RoutingID())
			}
			if got, want := time.Since(before), (3+delay)*time.Second; got != want {
				t.Errorf("READY after %v, want %v", got, want)
			}
			worker, before = next, time.Now()
		}
	})
}

func TestWorkerSendsReadyFirstAfterLostConnection(t *testing.T) {
	withFakeQueue(t, func(q *fakeQueue) {
		w := q.worker(echo, ppp.WorkerOptions{})
		defer w.Close()
		for range 5 {
			worker := q.hearReady()
			q.say(worker, "a", "", "x")
			q.hearReply()
			q.Close() // the queue restarts
			time.Sleep(20*time.Second + 500*time.Millisecond)
			q.open()
		}
		q.hearReady()
		if s := w.Stats(); s.Lost != 5 || s.Expired != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// The reply of an ended conversation is not sent in the next one, whose request waits
// until the handler has ended.
func TestWorkerDropsReplyOfLostConversation(t *testing.T) {
	withFakeQueue(t, func(q *fakeQueue) {
		cancelled := 0
		w := q.worker(func(ctx context.Context, m zmq.Message) (zmq.Message, error) {
			if string(m.Bytes()) == "slow" {
				<-ctx.Done()
				cancelled++
				time.Sleep(2 * time.Second)
			}
			return m, nil
		}, ppp.WorkerOptions{})
		defer w.Close()
		q.say(q.hearReady(), "a", "", "slow")
		q.net.Cut()
		worker := q.hearReady()
		q.say(worker, "b", "", "quick")
		q.say(worker, "c", "", "too early")
		if got := q.hearReply(); string(got.Frame(0)) != "b" {
			t.Errorf("reply %q", got.Frames())
		}
		if s := w.Stats(); cancelled != 1 || s.Drops.StaleReply != 1 || s.Drops.Unexpected != 1 || s.Replies != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// A failed handler sends READY, so that the queue repeats the request.
func TestWorkerSendsReadyAfterFailedHandler(t *testing.T) {
	withFakeQueue(t, func(q *fakeQueue) {
		w := q.worker(func(_ context.Context, m zmq.Message) (zmq.Message, error) {
			if string(m.Bytes()) == "panic" {
				panic("test")
			}
			return zmq.Message{}, errors.New("test")
		}, ppp.WorkerOptions{})
		defer w.Close()
		worker := q.hearReady()
		for _, body := range []string{"panic", "error"} {
			q.say(worker, "a", "", body)
			if got := q.hearReply(); string(got.Bytes()) != "\x01" {
				t.Errorf("after %s: %q", body, got.Frames())
			}
		}
		if s := w.Stats(); s.Failures != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWorkerDropsMalformedMessages(t *testing.T) {
	withFakeQueue(t, func(q *fakeQueue) {
		w := q.worker(echo, ppp.WorkerOptions{})
		defer w.Close()
		worker := q.hearReady()
		for _, m := range []string{"", "\x01", "\x03", "\x02\x02"} {
			q.say(worker, m)
		}
		if s := w.Stats(); s.Drops.Malformed != 4 {
			t.Errorf("%+v", s)
		}
	})
}

// Close ends the handler's context, and sends the reply that it returns nevertheless.
func TestWorkerCloseSendsLastReply(t *testing.T) {
	withFakeQueue(t, func(q *fakeQueue) {
		o := q.net.Options()
		o.Linger = time.Minute
		w, err := ppp.NewWorker("sim://workers", func(ctx context.Context, m zmq.Message) (zmq.Message, error) {
			<-ctx.Done()
			return m, nil
		}, &ppp.WorkerOptions{Socket: o})
		if err != nil {
			t.Fatal(err)
		}
		q.say(q.hearReady(), "a", "", "x")
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if got := q.hearReply(); string(got.Frame(2)) != "x" {
			t.Errorf("reply %q", got.Frames())
		}
	})
}
