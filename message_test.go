package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
)

func TestMessageEnvelopeAndBody(t *testing.T) {
	for _, c := range []struct{ frames, envelope, body []string }{
		{[]string{""}, nil, []string{""}},
		{[]string{"a"}, nil, []string{"a"}},
		{[]string{"a", "b"}, nil, []string{"a", "b"}},
		{[]string{"", "a"}, []string{""}, []string{"a"}},
		{[]string{"", "a", "b"}, []string{""}, []string{"a", "b"}},
		{[]string{"x", "y", "", "a"}, []string{"x", "y", ""}, []string{"a"}},
		{[]string{"", "", "a"}, []string{""}, []string{"", "a"}},
		{[]string{"", ""}, []string{""}, []string{""}},
		{[]string{"a", ""}, nil, []string{"a", ""}}, // a body has at least one frame
	} {
		m := zmq.NewStringMessage(c.frames...)
		body := zmq.NewStringMessage(c.body...)
		if got := m.Envelope(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.envelope) || (got == nil) != (c.envelope == nil) {
			t.Errorf("%q: envelope %q, want %q", c.frames, got, c.envelope)
		}
		if got := m.Body(); fmt.Sprintf("%q", got.Frames()) != fmt.Sprintf("%q", body.Frames()) {
			t.Errorf("%q: body %q, want %q", c.frames, got.Frames(), c.body)
		}
	}
}

func TestMessageBytesReturnsAllFrames(t *testing.T) {
	one := []byte("one")
	if got := zmq.NewMessage(one).Bytes(); &got[0] != &one[0] {
		t.Error("the only frame was copied")
	}
	two := zmq.NewStringMessage("a", "", "bc")
	got := two.Bytes()
	if string(got) != "abc" || two.NumFrames() != 3 || two.Size() != 3 {
		t.Errorf("%q of %d frames and %d bytes", got, two.NumFrames(), two.Size())
	}
	if got[0] = 'x'; string(two.Frame(0)) != "a" {
		t.Error("the bytes share memory with the message")
	}
}

// The requests are those of Req.Do, of Req.Send, of a DEALER with an envelope
// and of a DEALER without one.
func TestRouterReplySendsTheEnvelopeOfTheRequest(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		ctx := testContext(t)
		router, req, dealer := must(zmq.NewRouter(o)), must(zmq.NewReq(o)), must(zmq.NewDealer(o))
		defer router.Close()
		defer req.Close()
		defer dealer.Close()
		bound := must(router.Bind(ep))
		req.Connect(bound)
		dealer.Connect(bound)
		serve := func(want string) {
			t.Helper()
			m, err := router.Recv(ctx)
			if err != nil || m.Body().String() != want {
				t.Fatalf("request %q, %v", m.Frames(), err)
			}
			if err := router.Reply(ctx, m, []byte("re"), m.Body().Bytes()); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan error, 1)
		go func() {
			m, err := req.Do(ctx, []byte("do"))
			if err == nil && m.String() != "re\tdo" {
				err = fmt.Errorf("reply %q", m.Frames())
			}
			done <- err
		}()
		serve("do")
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		req.Send(ctx, []byte("strict"))
		serve("strict")
		if m, err := req.Recv(ctx); err != nil || m.String() != "re\tstrict" {
			t.Fatalf("reply %q, %v", m.Frames(), err)
		}
		dealer.Send(ctx, []byte("hop"), nil, []byte("enveloped"))
		serve("enveloped")
		if m, err := dealer.Recv(ctx); err != nil || fmt.Sprintf("%q", m.Frames()) != `["hop" "" "re" "enveloped"]` {
			t.Fatalf("reply %q, %v", m.Frames(), err)
		}
		dealer.Send(ctx, []byte("plain"))
		serve("plain")
		if m, err := dealer.Recv(ctx); err != nil || fmt.Sprintf("%q", m.Frames()) != `["re" "plain"]` {
			t.Fatalf("reply %q, %v", m.Frames(), err)
		}
		req.Send(ctx, []byte("nothing"))
		if err := router.Reply(ctx, must(router.Recv(ctx))); err != nil {
			t.Fatal(err)
		}
		if m, err := req.Recv(ctx); err != nil || m.NumFrames() != 1 || m.Size() != 0 {
			t.Fatalf("reply %q, %v", m.Frames(), err)
		}
	})
}

func TestCloseReportsUnsentMessagesOnce(t *testing.T) {
	o := &zmq.Options{Linger: zmq.NoLinger}
	push := must(zmq.NewPush(o))
	if err := push.Connect("tcp://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := push.TrySend([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	err := push.Close()
	var unsent *zmq.UnsentError
	var op *zmq.OpError
	if !errors.As(err, &unsent) || unsent.Messages != 3 || !errors.As(err, &op) || op.Op != "close" {
		t.Errorf("closed: %v", err)
	}
	if want := "zmq: close: 3 messages not sent: discarded (NoLinger)"; err.Error() != want {
		t.Errorf("closed: %v, want %s", err, want)
	}
	if err := push.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if err := push.Shutdown(t.Context()); !errors.As(err, &unsent) || unsent.Messages != 3 {
		t.Errorf("shut down after Close: %v", err)
	}
}

// The error matches that of a context whose deadline has passed, although Close
// takes no context.
func TestUnsentErrorNamesWhatEndedTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late, cancelLate := context.WithTimeout(t.Context(), time.Second)
		defer cancelLate()
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		for _, c := range []struct {
			end   func(*zmq.Push) error
			match error
			text  string
		}{
			{func(s *zmq.Push) error { return s.Close() }, context.DeadlineExceeded, "zmq: close: 1 message not sent: linger time of 2s ended"},
			{func(s *zmq.Push) error { return s.Shutdown(late) }, context.DeadlineExceeded, "zmq: shutdown: 1 message not sent: context deadline exceeded"},
			{func(s *zmq.Push) error { return s.Shutdown(cancelled) }, context.Canceled, "zmq: shutdown: 1 message not sent: context canceled"},
		} {
			push := must(zmq.NewPush(&zmq.Options{Linger: 2 * time.Second}))
			if err := push.Connect("inproc://" + t.Name()); err != nil {
				t.Fatal(err)
			}
			if err := push.TrySend([]byte("x")); err != nil {
				t.Fatal(err)
			}
			err := c.end(push)
			var unsent *zmq.UnsentError
			var op *zmq.OpError
			if !errors.As(err, &unsent) || !errors.Is(err, c.match) || !errors.As(err, &op) || op.Timeout() != (c.match == context.DeadlineExceeded) {
				t.Errorf("closed: %v, want an UnsentError that matches %v", err, c.match)
			}
			if err.Error() != c.text {
				t.Errorf("closed: %v, want %s", err, c.text)
			}
		}
	})
}

// Close and Shutdown may run at once. Each reports what ended the waiting, also if
// it was the context of the other.
func TestUnsentErrorNamesTheContextOfAnotherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		push := must(zmq.NewPush(&zmq.Options{Linger: zmq.Forever}))
		if err := push.Connect("inproc://" + t.Name()); err != nil {
			t.Fatal(err)
		}
		if err := push.TrySend([]byte("x")); err != nil {
			t.Fatal(err)
		}
		closed := make(chan error)
		go func() { closed <- push.Close() }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for call, err := range map[string]error{"shutdown": push.Shutdown(ctx), "close": <-closed, "later": push.Shutdown(t.Context())} {
			var unsent *zmq.UnsentError
			if !errors.As(err, &unsent) || unsent.Messages != 1 || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v, want an UnsentError that matches %v", call, err, context.DeadlineExceeded)
			}
		}
	})
}

func TestCloseReturnsNilIfAllIsWritten(t *testing.T) {
	ctx := testContext(t)
	pull := must(zmq.NewPull(nil))
	defer pull.Close()
	push := must(zmq.NewPush(&zmq.Options{Linger: time.Minute}))
	if err := push.Connect(must(pull.Bind("tcp://127.0.0.1:*"))); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := push.Send(ctx, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := push.Close(); err != nil {
		t.Error(err)
	}
}
