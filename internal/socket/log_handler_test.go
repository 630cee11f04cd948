package socket_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// callingHandler is a slog.Handler that calls a function for every record, from
// Enabled and from Handle, and notes the texts of the records.
type callingHandler struct {
	slog.Handler
	call func(r slog.Record)

	mu    sync.Mutex
	texts []string
}

func newCallingHandler(call func(slog.Record)) *callingHandler {
	return &callingHandler{Handler: slog.DiscardHandler, call: call}
}

func (h *callingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *callingHandler) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	h.texts = append(h.texts, r.Message)
	h.mu.Unlock()
	h.call(r)
	return nil
}

func (h *callingHandler) count(text string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.texts {
		if t == text {
			n++
		}
	}
	return n
}

func (h *callingHandler) option(o *socket.Options) { o.Logger = slog.New(h) }

// endpointOf returns the endpoint of a record.
func endpointOf(r slog.Record) (ep string) {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "endpoint" {
			ep = a.Value.String()
		}
		return true
	})
	return ep
}

var handlerNames atomic.Int64

const handlerPrefix = "inproc://by-handler-"

// callEveryMethod calls the methods of a socket that take different locks. Those
// that would block have a context that has ended.
func callEveryMethod(s *st.Socket) {
	info := pattern.Types[s.Type()]
	s.Stats()
	s.Endpoints()
	s.Peers()
	s.TopicCount()
	s.SetSendHWM(1000)
	s.SetRecvHWM(1000)
	s.Watch().Stop()
	s.WaitConnected(st.Ended(), 1)
	if !info.Raw {
		ep := fmt.Sprint(handlerPrefix, handlerNames.Add(1))
		s.Bind(ep)
		s.Unbind(ep)
		s.Connect(ep)
		s.Disconnect(ep)
	}
	switch s.Type() {
	case pattern.SUB:
		s.Subscribe("topic", true)
		s.Subscribe("topic", false)
	case pattern.DISH:
		s.Join("handler", true)
		s.Join("handler", false)
	case pattern.RADIO:
		s.TrySendGroup("handler", st.Of("x"))
	case pattern.ROUTER:
		s.TrySendTo("unknown", st.Of("x"))
	case pattern.SERVER:
		s.TrySendToNumber(12345, st.Of("x"))
		s.DisconnectPeer(12345)
	}
	if info.Sends && s.Type() != pattern.RADIO {
		s.TrySend(st.Of("x"))
		s.Send(st.Ended(), st.Of("x"))
		s.Writable()
	}
	if info.Receives {
		var m msg.Msg
		s.TryRecv(&m)
		s.Recv(st.Ended(), &m)
		s.Readable()
	}
}

// TestLogHandlerMayCallSocket has the handler call the methods of the socket that
// the record is about, and of its peer, for each kind of record.
func TestLogHandlerMayCallSocket(t *testing.T) {
	seen := make(map[string]int)
	run := func(name string, scenario func(w *st.World, a, b *st.Socket), typA, typB pattern.Type, set ...func(*socket.Options)) {
		t.Run(name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				var sockets atomic.Pointer[[]*st.Socket]
				h := newCallingHandler(func(r slog.Record) {
					if strings.HasPrefix(endpointOf(r), handlerPrefix) {
						return // caused by the calls below
					}
					if list := sockets.Load(); list != nil {
						for _, s := range *list {
							callEveryMethod(s)
						}
					}
				})
				set := append(set, h.option)
				a, b := w.Socket(typA, set...), w.Socket(typB, set...)
				sockets.Store(&[]*st.Socket{a, b})
				scenario(w, a, b)
				w.Settle()
				a.CloseIn(0)
				b.CloseIn(0)
				for _, text := range h.texts {
					seen[text]++
				}
			})
		})
	}
	connect := func(ep string) func(w *st.World, a, b *st.Socket) {
		return func(w *st.World, a, b *st.Socket) {
			bound := a.MustBind(ep)
			b.MustConnect(bound)
			b.WaitPeers(1)
			w.Settle()
			b.Disconnect(bound)
			w.Settle()
			b.MustConnect(bound)
			b.WaitPeers(1)
			a.Unbind(bound)
			time.Sleep(time.Second) // for b to retry
		}
	}
	types := [][2]pattern.Type{
		{pattern.PULL, pattern.PUSH}, {pattern.PUB, pattern.SUB}, {pattern.SUB, pattern.XPUB},
		{pattern.ROUTER, pattern.DEALER}, {pattern.REP, pattern.REQ}, {pattern.SERVER, pattern.CLIENT},
		{pattern.DISH, pattern.RADIO}, {pattern.PAIR, pattern.PAIR},
	}
	for _, ep := range []string{"mem://a", "inproc://a"} {
		for _, typ := range types {
			a, b := typ[0], typ[1]
			run(fmt.Sprint(pattern.Types[a].Name, " ", ep), connect(ep), a, b)
			run(fmt.Sprint(pattern.Types[b].Name, " ", ep), connect(ep), b, a)
		}
		run("refused peer "+ep, func(w *st.World, a, b *st.Socket) {
			bound := a.MustBind(ep)
			b.MustConnect(bound)
			b.WaitPeers(1)
			w.Socket(pattern.PAIR).MustConnect(bound)
			time.Sleep(time.Minute)
		}, pattern.PAIR, pattern.PAIR)
		run("same routing ID "+ep, func(w *st.World, a, b *st.Socket) {
			bound := a.MustBind(ep)
			b.MustConnect(bound)
			b.WaitPeers(1)
			w.Socket(pattern.DEALER, st.ID("same")).MustConnect(bound)
			time.Sleep(time.Minute)
		}, pattern.ROUTER, pattern.DEALER, st.ID("same"), func(o *socket.Options) { o.Pattern.Handover = true })
	}
	run("udp", func(w *st.World, a, b *st.Socket) {
		a.MustBind(airAt)
		b.MustConnect(airAt)
		a.Join("g", true)
		b.SendGroup(context.Background(), "g", st.Of("x"))
		w.Air.Fail(dishAddr, syscall.ENOMEM)
		time.Sleep(time.Second)
		b.Disconnect(airAt)
		a.Unbind(airAt)
	}, pattern.DISH, pattern.RADIO)
	run("malformed", func(w *st.World, a, b *st.Socket) {
		a.MustBind("mem://a")
		for range 5 {
			p := w.Dial("a")
			p.MustWrite(append(st.Greeting()[:12], make([]byte, 52)...))
			p.WaitClosed()
		}
		time.Sleep(time.Minute)
	}, pattern.PULL, pattern.PUSH)
	run("stopped", func(w *st.World, a, b *st.Socket) {
		b.MustConnect("mem://a")
		time.Sleep(time.Minute)
	}, pattern.PULL, pattern.PUSH, st.Reconnect(0, 0))
	run("throttled", func(w *st.World, a, b *st.Socket) {
		a.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("PUSH")
		for range 2000 {
			p.MustWrite(st.Command("PONG", nil))
		}
		p.Close()
		time.Sleep(time.Minute)
	}, pattern.PULL, pattern.PUSH)
	run("unknown name", func(w *st.World, a, b *st.Socket) {
		w.Air.OnDial(func(string) error { return &net.DNSError{Err: "no such host", IsNotFound: true} })
		b.MustConnect(airAt)
		time.Sleep(time.Minute)
	}, pattern.DISH, pattern.RADIO)
	run("transform panicked", func(_ *st.World, a, _ *st.Socket) {
		a.ReportEvent(session.Event{Kind: session.TransformPanicked})
	}, pattern.PULL, pattern.PUSH)
	for k := session.Listening; k < session.NumKinds; k++ {
		if seen[k.Words()] == 0 {
			t.Errorf("no record %q was logged", k)
		}
	}
}

// TestLogHandlerMayStartClose has the handler start Close and wait until all other
// calls return ErrClosed.
func TestLogHandlerMayStartClose(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var s *st.Socket
		var once sync.Once
		closed := make(chan struct{})
		h := newCallingHandler(func(slog.Record) {
			once.Do(func() {
				go func() {
					defer close(closed)
					s.CloseIn(0)
				}()
				for s.WaitConnected(context.Background(), 1) != socket.ErrClosed {
				}
			})
		})
		s = w.Socket(pattern.PULL, h.option)
		s.MustBind("mem://a")
		<-closed
		if n := h.count("listener closed"); n != 1 {
			t.Errorf("%d records that the listener is closed when Close has returned, want 1", n)
		}
	})
}

// TestSlowLogHandlerDelaysNothing has a handler that does not return. Events are
// still counted, records wait for it in order and without repetition, and those
// for which there is no room are counted.
func TestSlowLogHandlerDelaysNothing(t *testing.T) {
	const queued, events = 1024, 3000
	st.Run(t, func(w *st.World) {
		resume := make(chan struct{})
		var endpoints []string
		dropped := 0
		h := newCallingHandler(func(r slog.Record) {
			<-resume
			if r.Message == "log records dropped" {
				r.Attrs(func(a slog.Attr) bool {
					if a.Key == "records" {
						dropped = int(a.Value.Int64())
					}
					return true
				})
				return
			}
			endpoints = append(endpoints, endpointOf(r))
		})
		s := w.Socket(pattern.PULL, h.option)
		log := func(i int) {
			socket.HostOf(s.Socket).Event(session.Event{Kind: session.Accepted, Endpoint: fmt.Sprint("tcp://a:", i)})
		}
		log(0)
		w.Settle() // the handler has it
		for i := 1; i < events; i++ {
			log(i)
		}
		if n := s.Stats().Events[session.Accepted]; n != events {
			t.Errorf("%d events counted, want %d", n, events)
		}
		close(resume)
		w.Settle()
		if len(endpoints) != 1+queued || dropped != events-1-queued {
			t.Fatalf("%d records and %d dropped, want %d and %d", len(endpoints), dropped, 1+queued, events-1-queued)
		}
		for i, ep := range endpoints {
			if want := fmt.Sprint("tcp://a:", i); ep != want {
				t.Fatalf("record %d is about %s, want %s", i, ep, want)
			}
		}
		log(events)
		synctest.Wait()
		if n := len(endpoints); n != 1+queued+1 {
			t.Errorf("%d records, want %d", n, 1+queued+1)
		}
	})
}
