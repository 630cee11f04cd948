package zmq4

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/zerobroker/zmq/internal/monitor"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// eventSource sends the events of a socket to the PAIR that is connected to the
// address of its monitor. Its goroutine ends with stop.
type eventSource struct {
	pair    *socket.Socket
	watcher *socket.EventWatcher
	events  Event
	ctx     context.Context // ends with stop, and with the context of the socket
	cancel  context.CancelFunc
	done    chan struct{} // closed when the goroutine has ended
}

// Monitor sends the selected events of the socket to an inproc address, from where a
// PAIR socket of the same context receives them with [Socket.RecvEvent]. Another call
// ends the monitor, after which the PAIR receives EVENT_MONITOR_STOPPED; so does
// Close. Without an address there is no monitor from then on.
//
// Up to 1024 events are kept for a PAIR that does not receive; more are dropped. The
// error is EPROTONOSUPPORT for an address that is not inproc, and EADDRINUSE.
func (soc *Socket) Monitor(addr string, events Event) error {
	s, core, err := soc.use()
	if err != nil {
		return err
	}
	if addr != "" && !strings.HasPrefix(addr, "inproc://") {
		return EPROTONOSUPPORT
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrorSocketClosed
	}
	if s.monitor != nil {
		s.monitor.stop()
		s.monitor = nil
	}
	if addr == "" {
		return nil
	}
	m := &eventSource{events: events, done: make(chan struct{})}
	if m.pair, err = s.ctx.newCore(pattern.PAIR).Socket(); err != nil {
		return s.convert(err)
	}
	if _, err := m.pair.Bind(addr); err != nil {
		m.pair.Close(context.Background())
		return s.convert(err)
	}
	m.ctx, m.cancel = context.WithCancel(s.ctx.live)
	m.watcher = core.Watch()
	s.monitor = m
	go m.run()
	return nil
}

// run sends events until stop, and those that are buffered then while the PAIR has
// room for them.
func (m *eventSource) run() {
	defer close(m.done)
	for {
		ev, ok := m.watcher.Next(m.ctx)
		if !ok {
			break
		}
		for _, e := range monitor.FromSession(&ev.Event, -1) {
			if m.trySend(e) != nil {
				m.send(e)
			}
		}
	}
	m.trySend(monitor.End())
	m.pair.Close(m.ctx) // which has ended
}

// trySend sends an event if the PAIR has room for it. It returns an error otherwise.
func (m *eventSource) trySend(e monitor.Event) error {
	if Event(e.Kind)&m.events == 0 {
		return nil
	}
	return m.pair.TrySend(msg.Of(e.AppendV1(nil)...))
}

// send waits until the PAIR has room for an event, or the monitor stops.
func (m *eventSource) send(e monitor.Event) {
	m.pair.Send(m.ctx, msg.Of(e.AppendV1(nil)...))
}

// stop ends the monitor and waits for its goroutine.
func (m *eventSource) stop() {
	m.watcher.Stop()
	m.cancel()
	<-m.done
}

// RecvEvent receives an event of a monitor; the socket is a PAIR that is connected to
// its address. addr is the endpoint of a binding socket, or that of the peer. The
// meaning of value is noted with each event. The errors are those of [Socket.Recv],
// and ErrorMoreExpected for a message that is not an event.
func (soc *Socket) RecvEvent(flags Flag) (event_type Event, addr string, value int, err error) {
	var first, second msg.Frame
	if err := soc.recv(&first, flags); err != nil {
		if errors.Is(err, ErrorSocketClosed) {
			return EVENT_ALL, "", 0, err
		}
		return 0, "", 0, err
	}
	if !first.More || len(first.Body) < 6 {
		return 0, "", 0, ErrorMoreExpected
	}
	if err := soc.recv(&second, flags); err != nil {
		return 0, "", 0, err
	}
	native := binary.NativeEndian
	event_type = Event(native.Uint16(first.Body))
	value = int(int32(native.Uint32(first.Body[2:])))
	return event_type, string(second.Body), value, nil
}
