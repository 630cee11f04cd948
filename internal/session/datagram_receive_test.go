package session_test

import (
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestDatagramBecomesMessage: of a group, or of an address for a DGRAM.
// https://rfc.zeromq.org/spec/48/
func TestDatagramBecomesMessage(t *testing.T) {
	mostRaw := st.Large(8192)
	for _, tt := range []struct {
		name string
		set  func(*session.Config)
		b    string
		from netip.AddrPort
		want []string // nil if it is dropped as malformed
	}{
		{"group and body", radio, "\x01gbody", otherAddr, []string{"g", "body"}},
		{"empty group", radio, "\x00body", otherAddr, []string{"", "body"}},
		{"empty body", radio, "\x01g", otherAddr, []string{"g", ""}},
		{"longest", radio, "\x01g" + st.Large(8190), otherAddr, []string{"g", st.Large(8190)}},
		{"empty", radio, "", otherAddr, nil},
		{"incomplete group", radio, "\x02g", otherAddr, nil},
		{"too long", radio, "\x01g" + st.Large(8191), otherAddr, nil},
		{"from port 0", radio, "\x01gbody", netip.AddrPortFrom(otherAddr.Addr(), 0), nil},
		{"address and body", dgram, "body", otherAddr, []string{"10.0.0.2:2", "body"}},
		{"IPv6", dgram, "body", netip.MustParseAddrPort("[fd00::2]:2"), []string{"[fd00::2]:2", "body"}},
		{"empty, to a DGRAM", dgram, "", otherAddr, []string{"10.0.0.2:2", ""}},
		{"longest, to a DGRAM", dgram, mostRaw, otherAddr, []string{"10.0.0.2:2", mostRaw}},
		{"too long, to a DGRAM", dgram, "\x01" + mostRaw, otherAddr, nil},
		{"from port 0, to a DGRAM", dgram, "body", netip.AddrPortFrom(otherAddr.Addr(), 0), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.listenDatagrams()
				after := []byte("\x01gafter")
				w.Air.Inject([]byte(tt.b), tt.from, boundAddr)
				w.Air.Inject(after, otherAddr, boundAddr)
				want, malformed := [][]string{{"g", "after"}}, uint64(1)
				if h.cfg.Engine.Raw {
					want[0] = []string{otherAddr.String(), string(after)}
				}
				if tt.want != nil {
					want, malformed = append([][]string{tt.want}, want...), 0
				}
				if got := h.received(); !slices.EqualFunc(got, want, slices.Equal[[]string]) {
					t.Errorf("received %.60q, want %.60q", got, want)
				}
				h.wantDrops(pipe.DropMalformed, malformed)
			}, tt.set)
		})
	}
}

// TestDatagramsAreReadAfterError: an error that reports an earlier datagram as
// refused counts as a drop. After another one the reader waits, longer each time.
func TestDatagramsAreReadAfterError(t *testing.T) {
	ms := time.Millisecond
	for _, tt := range []struct {
		name   string
		errs   []error // nil is a datagram
		delays []time.Duration
		drops  uint64
	}{
		{"refused", []error{syscall.ECONNREFUSED, syscall.ECONNRESET, nil}, nil, 2},
		{"no memory", []error{syscall.ENOMEM, syscall.ENOMEM, syscall.ENOMEM, nil}, []time.Duration{5 * ms, 10 * ms, 20 * ms}, 0},
		{"no memory again", []error{syscall.ENOMEM, syscall.ENOMEM, nil, syscall.ENOMEM}, []time.Duration{5 * ms, 10 * ms, 5 * ms}, 0},
		{"no memory for long", slices.Repeat([]error{syscall.ENOMEM}, 10), []time.Duration{5 * ms, 10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, 1000 * ms, 1000 * ms}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.halves = receivesOnly
				h.listenDatagrams()
				want := 1
				for _, err := range tt.errs {
					if err != nil {
						w.Air.Fail(boundAddr, err)
						continue
					}
					w.Air.Inject([]byte("x"), otherAddr, boundAddr)
					want++
				}
				w.Air.Inject([]byte("last"), otherAddr, boundAddr)
				time.Sleep(time.Minute)
				if got := h.bodies(); len(got) != want || got[want-1] != "last" {
					t.Errorf("received %q", got)
				}
				var delays []time.Duration
				for _, ev := range h.past()[1:] {
					if ev.Kind != session.AcceptFailed || ev.Err != syscall.ENOMEM {
						t.Errorf("event %+v", ev)
					}
					delays = append(delays, ev.Delay)
				}
				if !slices.Equal(delays, tt.delays) {
					t.Errorf("delays %v, want %v", delays, tt.delays)
				}
				h.wantDrops(pipe.DropUnreachable, tt.drops)
			}, dgram)
		})
	}
}

// TestFinishEndsWaitAfterReadError: the reader does not delay the end.
func TestFinishEndsWaitAfterReadError(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.halves = receivesOnly
		d := h.listenDatagrams()
		for range 20 {
			w.Air.Fail(boundAddr, syscall.ENOMEM)
		}
		time.Sleep(5 * time.Second)
		d.Finish()
		if d := waitTime(d); d != 0 {
			t.Errorf("ended after %v", d)
		}
	}, dgram)
}
