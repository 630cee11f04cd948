package session_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

var (
	boundAddr = netip.MustParseAddrPort("10.0.0.1:5555")
	otherAddr = netip.MustParseAddrPort("10.0.0.2:2")
)

// radio makes the host a RADIO or DISH, whose messages are a group and a body.
func radio(c *session.Config) { c.Engine.Raw = false }

// dgram makes the host a DGRAM, whose messages are an address and a body.
func dgram(c *session.Config) { c.Engine.Raw = true }

// listenDatagrams binds boundAddr. The session ends with the test.
func (h *host) listenDatagrams() *session.Datagrams {
	h.w.Helper()
	d, err := session.ListenDatagrams(&h.cfg, h.w.Air, "air://", boundAddr.String())
	return h.endsWithTest(d, err)
}

// dialDatagrams connects to boundAddr. The session ends with the test.
func (h *host) dialDatagrams(t transport.Packets) *session.Datagrams {
	h.w.Helper()
	d, err := session.DialDatagrams(&h.cfg, t, "air://"+boundAddr.String(), boundAddr.String())
	return h.endsWithTest(d, err)
}

func (h *host) endsWithTest(d *session.Datagrams, err error) *session.Datagrams {
	h.w.Helper()
	if err != nil {
		h.w.Fatal(err)
	}
	h.w.Cleanup(func() {
		d.Finish()
		d.Wait(st.Ended())
	})
	return d
}

// receiver records the datagrams that arrive at boundAddr.
func (h *host) receiver() *host {
	r := newHost(h.w, dgram)
	r.halves = receivesOnly
	r.listenDatagrams()
	return r
}

// received returns the datagrams so far, as messages.
func (h *host) received() [][]string {
	h.w.Settle()
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.datagrams)
}

// bodies returns the last frames of the datagrams so far.
func (h *host) bodies() (list []string) {
	for _, d := range h.received() {
		list = append(list, d[len(d)-1])
	}
	return list
}

// wantKinds compares the kinds of the events so far.
func (h *host) wantKinds(want ...session.Kind) {
	h.w.Helper()
	if got := h.kinds(); !slices.Equal(got, want) {
		h.w.Errorf("events %v, want %v", got, want)
	}
}

// unresolved is a transport whose name lookups last until they are cancelled.
type unresolved struct{ transport.Packets }

func (unresolved) DialPackets(ctx context.Context, _ string, _ *transport.Options) (transport.PacketConn, netip.AddrPort, error) {
	<-ctx.Done()
	return nil, netip.AddrPort{}, ctx.Err()
}

// TestDatagramsDescribeEndpoint: a bound endpoint has its port and no peers. A
// connected one has its text, and one peer when its address is known.
func TestDatagramsDescribeEndpoint(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		d, err := session.ListenDatagrams(&h.cfg, w.Air, "air://", "10.0.0.1:0")
		h.endsWithTest(d, err)
		if at := strings.TrimPrefix(d.Endpoint(), "air://10.0.0.1:"); at == d.Endpoint() || at == "0" {
			t.Errorf("endpoint %s", d.Endpoint())
		}
		if s := d.Status(); !d.Bound() || s.State != endpoint.Listening || s.Peers != 0 {
			t.Errorf("bound %v, status %+v", d.Bound(), s)
		}
		d = h.dialDatagrams(unresolved{w.Air})
		w.Settle()
		if s := d.Status(); d.Bound() || s.State != endpoint.Connecting || s.Peers != 0 {
			t.Errorf("bound %v, status %+v", d.Bound(), s)
		}
		d = h.dialDatagrams(w.Air)
		w.Settle()
		if s := d.Status(); s.State != endpoint.Connected || s.Peers != 1 || d.Endpoint() != "air://"+boundAddr.String() {
			t.Errorf("endpoint %s, status %+v", d.Endpoint(), s)
		}
		ev := h.lastEvent()
		if ev.Kind != session.Ready || ev.Remote.String() != boundAddr.String() || ev.Peer.Address != "10.0.0.1" {
			t.Errorf("event %+v", ev)
		}
	}, radio)
}

// TestDatagramsReportErrorOfHost: a pipe that the host does not attach has no
// endpoint, and its address can be bound again.
func TestDatagramsReportErrorOfHost(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.attachErr = errors.New("not attached")
		if _, err := session.ListenDatagrams(&h.cfg, w.Air, "air://", boundAddr.String()); err != h.attachErr {
			t.Errorf("listen: %v", err)
		}
		if _, err := session.DialDatagrams(&h.cfg, w.Air, "air://x", boundAddr.String()); err != h.attachErr {
			t.Errorf("dial: %v", err)
		}
		h.attachErr = nil
		h.listenDatagrams()
		if _, err := session.ListenDatagrams(&h.cfg, w.Air, "air://", boundAddr.String()); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("second listen: %v", err)
		}
		h.wantKinds(session.Listening)
	}, dgram)
}

// TestDatagramsRefusedByHostEnd: so does an endpoint that the host refuses when its
// address is known.
func TestDatagramsRefusedByHostEnd(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.refusal = errors.New("unwanted")
		d := h.dialDatagrams(unresolvedUntil(w, time.Second))
		h.send(h.lastPipe(), "g", "x")
		time.Sleep(time.Second)
		w.Settle()
		if !d.Ended() {
			t.Errorf("status %+v", d.Status())
		}
		h.wantCalls("Attach", "Connected", "Disconnected", "Detach")
		h.wantDrops(pipe.DropLinger, 1)
	}, radio)
}

// TestFinishedDatagramsEndWhenWritten: a write takes a second.
func TestFinishedDatagramsEndWhenWritten(t *testing.T) {
	for _, tt := range []struct {
		name   string
		halves halves
		dial   bool
		lookup time.Duration
		queued int
		want   time.Duration
		calls  []string
		events []session.Kind
	}{
		{"bound", receivesOnly, false, 0, 0, 0, []string{"Attach", "Retire", "Detach"}, []session.Kind{session.Listening, session.ListenerClosed}},
		{"bound, with queue", bothHalves, false, 0, 3, 3 * time.Second, []string{"Attach", "Retire", "Detach"}, []session.Kind{session.Listening, session.ListenerClosed}},
		{"connected", sendsOnly, true, 0, 0, 0, []string{"Attach", "Connected", "Retire", "Disconnected", "Detach"}, []session.Kind{session.Ready, session.Disconnected}},
		{"connected, with queue", sendsOnly, true, 0, 3, 3 * time.Second, []string{"Attach", "Connected", "Retire", "Disconnected", "Detach"}, []session.Kind{session.Ready, session.Disconnected}},
		{"resolving, with queue", sendsOnly, true, time.Minute, 3, time.Minute + 3*time.Second, []string{"Attach", "Retire", "Connected", "Disconnected", "Detach"}, []session.Kind{session.Ready, session.Disconnected}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.halves = tt.halves
				w.Air.OnWrite(func([]byte, netip.AddrPort) error { time.Sleep(time.Second); return nil })
				w.Air.OnDial(func(string) error { time.Sleep(tt.lookup); return nil })
				var d *session.Datagrams
				if tt.dial {
					d = h.dialDatagrams(w.Air)
				} else {
					d = h.listenDatagrams()
				}
				w.Settle()
				for range tt.queued {
					h.send(h.lastPipe(), otherAddr.String(), "x")
				}
				if n := h.unsent(h.lastPipe()); n != tt.queued {
					t.Errorf("%d messages pending, want %d", n, tt.queued)
				}
				d.Finish()
				if d := waitTime(d); d != tt.want {
					t.Errorf("ended after %v, want %v", d, tt.want)
				}
				d.Finish()
				d.Abort()
				h.wantCalls(append(tt.calls, "Retire")...)
				h.wantKinds(tt.events...)
				h.wantDrops(pipe.DropLinger, 0)
			}, dgram)
		})
	}
}

// TestAbortedDatagramsDropQueue: whatever the session does, it ends at once or when
// the system returns from a call.
func TestAbortedDatagramsDropQueue(t *testing.T) {
	const queued = 100
	for _, tt := range []struct {
		name    string
		t       func(w *st.World) transport.Packets
		size    int
		after   time.Duration
		want    time.Duration
		written uint64
	}{
		{"within a lookup that can be cancelled", func(w *st.World) transport.Packets { return unresolved{w.Air} }, 1, time.Minute, 0, 0},
		{"within a lookup that cannot be cancelled", func(w *st.World) transport.Packets {
			w.Air.OnDial(func(string) error { time.Sleep(time.Minute); return nil })
			return w.Air
		}, 1, time.Second, 59 * time.Second, 0},
		{"within a backoff", func(w *st.World) transport.Packets {
			w.Air.OnDial(func(string) error { return errors.New("no such host") })
			return w.Air
		}, 1, time.Minute, 0, 0},
		{"within a write", func(w *st.World) transport.Packets { return w.Air }, 1, 50*time.Second + time.Second/2, time.Second / 2, 51},
		{"within a write of large messages", func(w *st.World) transport.Packets { return w.Air }, 8000, 50*time.Second + time.Second/2, time.Second / 2, 51},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.halves = sendsOnly
				r := h.receiver()
				w.Air.OnWrite(func([]byte, netip.AddrPort) error { time.Sleep(time.Second); return nil })
				d := h.dialDatagrams(tt.t(w))
				for range queued {
					h.send(h.lastPipe(), "g", st.Large(tt.size))
				}
				time.Sleep(tt.after)
				d.Finish()
				if d.Ended() {
					t.Error("ended before the queue was written")
				}
				// Written messages of a batch may count as pending until it is written.
				if n := h.unsent(h.lastPipe()); n < queued-int(tt.written) || n > queued {
					t.Errorf("%d messages pending, %d written", n, tt.written)
				}
				start := time.Now()
				d.Wait(st.Ended())
				if d := time.Since(start); d != tt.want {
					t.Errorf("ended after %v, want %v", d, tt.want)
				}
				if n := len(r.bodies()); n != int(tt.written) {
					t.Errorf("%d messages written, want %d", n, tt.written)
				}
				h.wantDrops(pipe.DropLinger, queued-tt.written)
				if s := d.Status(); s.State != endpoint.Closed {
					t.Errorf("status %+v", s)
				}
			}, radio)
		})
	}
}

// TestAbortEndsIdleDatagrams: no goroutine of theirs runs.
func TestAbortEndsIdleDatagrams(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.halves = sendsOnly
		d := h.dialDatagrams(w.Air)
		w.Settle()
		d.Abort()
		if !d.Ended() {
			t.Errorf("status %+v", d.Status())
		}
		h.wantCalls("Attach", "Connected", "Disconnected", "Detach")
		h.wantKinds(session.Ready, session.Disconnected)
	}, radio)
}

// TestDatagramsWithoutConnectionReportNoEnd: neither a finished endpoint nor an
// aborted one, if its address never became known.
func TestDatagramsWithoutConnectionReportNoEnd(t *testing.T) {
	for name, end := range map[string]func(*session.Datagrams){
		"finished": (*session.Datagrams).Finish,
		"aborted":  (*session.Datagrams).Abort,
	} {
		t.Run(name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				d := h.dialDatagrams(unresolved{w.Air})
				w.Settle()
				end(d)
				if d := waitTime(d); d != 0 {
					t.Errorf("ended after %v", d)
				}
				h.wantKinds()
			}, radio)
		})
	}
}

// TestDatagramsRepeatLookup: with a backoff, and once only without retries. The
// queue is kept meanwhile.
func TestDatagramsRepeatLookup(t *testing.T) {
	for _, tt := range []struct {
		name     string
		interval time.Duration
		failures int
		state    endpoint.State
		retries  int
	}{
		{"resolved at the third attempt", 100 * time.Millisecond, 2, endpoint.Connected, 2},
		{"never resolved", 100 * time.Millisecond, 1000, endpoint.Waiting, 0},
		{"without retries", 0, 1, endpoint.Closed, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.halves = sendsOnly
				r := h.receiver()
				unknown, left := errors.New("no such host"), tt.failures
				w.Air.OnDial(func(string) error {
					if left--; left >= 0 {
						return unknown
					}
					return nil
				})
				d := h.dialDatagrams(w.Air)
				h.send(h.lastPipe(), "g", "x")
				time.Sleep(10 * time.Second)
				s := d.Status()
				if s.State != tt.state {
					t.Errorf("status %+v", s)
				}
				if tt.state != endpoint.Connected && s.Err != unknown {
					t.Errorf("status has the error %v", s.Err)
				}
				for i, ev := range h.past() {
					if ev.Kind == session.Ready {
						break
					}
					// The backoff doubles to a tenth of ReconnectMax, with a jitter of half of it.
					want := min(tt.interval<<i, h.cfg.ReconnectMax/10)
					if ev.Kind != session.Retrying || ev.Err != unknown || ev.Delay < want/2 || ev.Delay >= want+want/2 {
						t.Errorf("event %d: %+v, want a delay of about %v", i, ev, want)
					}
				}
				if n := len(h.past()); tt.retries > 0 && n != tt.retries+1 {
					t.Errorf("%d events, want %d", n, tt.retries+1)
				}
				connected := tt.state == endpoint.Connected
				if got := r.bodies(); connected != slices.Equal(got, []string{"\x01gx"}) {
					t.Errorf("received %q", got)
				}
			}, radio, func(c *session.Config) { c.ReconnectInterval = tt.interval })
		})
	}
}

// TestDatagramsNeitherRefuseNorWait: pipes have these methods for connections. They
// do nothing to an endpoint, which has no peer and whose reader never waits.
func TestDatagramsNeitherRefuseNorWait(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		d := h.listenDatagrams()
		p := h.lastPipe()
		p.To.Refuse(&engine.Error{Reason: engine.CloseRevoked})
		p.In.Lock()
		for !p.In.Full() {
			p.In.PutFrame([]byte("x"))
		}
		p.In.Unlock()
		for range 100 {
			w.Air.Inject([]byte("x"), otherAddr, boundAddr)
		}
		receive(p)
		if n := len(h.bodies()); n != 100 || d.Ended() {
			t.Errorf("%d datagrams received, ended: %v", n, d.Ended())
		}
	}, dgram)
}
