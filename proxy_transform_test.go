package zmq_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/zerobroker/zmq"
)

// A REP that is front and back answers every request, also those that Transform
// drops, so that no client can end the proxy.
func TestProxyOfOneRepAnswersDroppedRequests(t *testing.T) {
	ctx, o := testContext(t), inprocOptions()
	rep, req := must(zmq.NewRep(o)), must(zmq.NewReq(o))
	join(t, "inproc://rep", rep, req)
	control := new(zmq.ProxyControl)
	runProxy(t, rep.Socket, rep.Socket, &zmq.ProxyOptions{Control: control, Transform: func(_ zmq.Socket, m zmq.Message) (zmq.Message, bool) {
		if m.String() == "panic" {
			panic("no")
		}
		return m, m.String() != "drop"
	}})
	for _, tt := range []struct{ request, reply string }{{"a", "a"}, {"drop", ""}, {"panic", ""}, {"b", "b"}} {
		if m := must(req.Do(ctx, []byte(tt.request))); m.String() != tt.reply || m.NumFrames() != 1 {
			t.Errorf("reply to %s: %q", tt.request, m)
		}
	}
	if st := control.Stats(); st.Drops != (zmq.ProxyDrops{Transformed: 1, Panicked: 1}) {
		t.Errorf("%+v", st.Drops)
	}
}

// countingHandler counts the warnings with a text.
type countingHandler struct {
	slog.Handler
	text string
	n    *atomic.Int32
}

func (h countingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h countingHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn && r.Message == h.text {
		h.n.Add(1)
	}
	return nil
}

// A panic of Transform is an event and a warning of the socket that has received the
// message, without a ProxyControl. Successive panics are one event, and the log
// summarises those that follow others soon.
func TestPanicOfTransformIsAnEventAndAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := inprocOptions()
		var warnings atomic.Int32
		logged := *o
		logged.Logger = slog.New(countingHandler{slog.DiscardHandler, "transform panicked", &warnings})
		pull, push := must(zmq.NewPull(&logged)), must(zmq.NewPush(o))
		source, sink := must(zmq.NewPush(o)), must(zmq.NewPull(o))
		join(t, "inproc://front", pull, source)
		join(t, "inproc://back", push, sink)
		events := pull.Events(t.Context())
		stop := runProxy(t, pull.Socket, push.Socket, &zmq.ProxyOptions{Transform: func(_ zmq.Socket, m zmq.Message) (zmq.Message, bool) {
			if m.String() == "panic" {
				panic("broken")
			}
			return m, true
		}})
		for _, body := range []string{"panic", "panic", "panic", "a", "panic", "b"} {
			check(source.TrySend([]byte(body)))
		}
		for _, want := range []string{"a", "b"} {
			if m := must(sink.Recv(t.Context())); m.String() != want {
				t.Errorf("received %q, want %q", m, want)
			}
		}
		synctest.Wait()
		if n := warnings.Load(); n != 1 {
			t.Errorf("%d warnings, want 1 at once", n)
		}
		stop()
		pull.Close()
		if n := warnings.Load(); n != 2 {
			t.Errorf("%d warnings, want the first and a summary", n)
		}
		n := 0
		for ev := range events {
			if ev.Kind == zmq.EventTransformPanicked {
				n++
				if ev.Err == nil || !strings.HasPrefix(ev.Err.Error(), "function Transform panicked: broken at zmq_test.TestPanicOfTransform") || ev.Endpoint != "" {
					t.Errorf("event %+v", ev)
				}
			}
		}
		if n != 2 {
			t.Errorf("%d events, want 2 for two runs of panics", n)
		}
	})
}

// A Transform that ends its goroutine ends the proxy with an error. Messages
// received with the one that was dropped stay in their socket.
func TestGoexitInTransformEndsTheProxy(t *testing.T) {
	ctx, o := testContext(t), inprocOptions()
	pull, push := must(zmq.NewPull(o)), must(zmq.NewPush(o))
	source, sink := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, "inproc://front", pull, source)
	join(t, "inproc://back", push, sink)
	for _, body := range []string{"a", "exit", "b", "c"} {
		check(source.Send(ctx, []byte(body)))
	}
	control := new(zmq.ProxyControl)
	err := zmq.Proxy(ctx, pull.Socket, push.Socket, &zmq.ProxyOptions{Control: control, Transform: func(_ zmq.Socket, m zmq.Message) (zmq.Message, bool) {
		if m.String() == "exit" {
			runtime.Goexit()
		}
		return m, true
	}})
	if err == nil || err.Error() != "zmq: proxy: function Transform called runtime.Goexit" {
		t.Errorf("Proxy: %v", err)
	}
	if st := control.Stats(); st.Drops.Panicked != 1 || st.Front.MessagesReceived != 2 || st.Back.MessagesSent != 1 || pull.Stats().Events[zmq.EventTransformPanicked] != 1 {
		t.Errorf("%+v", st)
	}
	runProxy(t, pull.Socket, push.Socket, nil)
	for _, want := range []string{"a", "b", "c"} {
		if m := must(sink.Recv(ctx)); m.String() != want {
			t.Errorf("received %q, want %q", m, want)
		}
	}
}

// A control socket that fails is an error in the counters. Messages are still
// forwarded.
func TestProxyReportsAFailedControlSocket(t *testing.T) {
	ctx, o := testContext(t), inprocOptions()
	pull, push := must(zmq.NewPull(o)), must(zmq.NewPush(o))
	source, sink := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, "inproc://front", pull, source)
	join(t, "inproc://back", push, sink)
	commands, control := must(zmq.NewPull(o)), new(zmq.ProxyControl)
	stop := runProxy(t, pull.Socket, push.Socket, &zmq.ProxyOptions{Control: control, ControlSocket: commands.Socket})
	commands.Close()
	await(t, "the error is recorded", func() bool { return control.Stats().LastErr != nil })
	if err := control.Stats().LastErr; !errors.Is(err, zmq.ErrClosed) || !strings.HasPrefix(err.Error(), "control socket: ") {
		t.Errorf("last error %v", err)
	}
	check(source.Send(ctx, []byte("a")))
	must(sink.Recv(ctx))
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Proxy: %v", err)
	}
}

// A capture socket and a control socket have no other place in the proxy.
func TestProxyRefusesASocketThatIsUsedTwice(t *testing.T) {
	a, b, c := must(zmq.NewPair(nil)), must(zmq.NewPair(nil)), must(zmq.NewPair(nil))
	closeAtEnd(t, a, b, c)
	for _, tt := range []struct {
		capture, control zmq.Socket
		want             string
	}{
		{a.Socket, zmq.Socket{}, "the capture socket is also the front or the back"},
		{b.Socket, zmq.Socket{}, "the capture socket is also the front or the back"},
		{zmq.Socket{}, a.Socket, "the control socket is also the front or the back"},
		{zmq.Socket{}, b.Socket, "the control socket is also the front or the back"},
		{c.Socket, c.Socket, "the control socket is also the capture socket"},
	} {
		err := zmq.Proxy(ended(), a.Socket, b.Socket, &zmq.ProxyOptions{Capture: tt.capture, ControlSocket: tt.control})
		if !errors.Is(err, zmq.ErrInvalidOption) || err.Error() != "zmq: proxy: invalid option: "+tt.want {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
	wantError(t, "different sockets", zmq.Proxy(ended(), a.Socket, a.Socket, &zmq.ProxyOptions{Capture: b.Socket, ControlSocket: c.Socket}), context.Canceled)
}
