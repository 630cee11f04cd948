package session_test

import (
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

// TestMessageBecomesDatagram: to the endpoint, or to the address in the message for
// a DGRAM. One that cannot be sent does not delay the others.
func TestMessageBecomesDatagram(t *testing.T) {
	type sent struct {
		to netip.AddrPort
		b  string
	}
	failing := netip.MustParseAddrPort("10.0.0.9:9")
	for _, tt := range []struct {
		name   string
		set    func(*session.Config)
		frames []string
		want   *sent
		drop   pipe.Drop
	}{
		{"group and body", radio, []string{"group", "body"}, &sent{boundAddr, "\x05groupbody"}, 0},
		{"empty group and body", radio, []string{"", ""}, &sent{boundAddr, "\x00"}, 0},
		{"address and body", dgram, []string{"10.0.0.2:2", "body"}, &sent{otherAddr, "body"}, 0},
		{"address with NUL", dgram, []string{"10.0.0.2:2\x00", "body"}, &sent{otherAddr, "body"}, 0},
		{"empty body", dgram, []string{"10.0.0.2:2", ""}, &sent{otherAddr, ""}, 0},
		{"longest", dgram, []string{"10.0.0.2:2", st.Large(8192)}, &sent{otherAddr, st.Large(8192)}, 0},
		{"name", dgram, []string{"host:2", "body"}, nil, pipe.DropMalformed},
		{"no address", dgram, []string{"", "body"}, nil, pipe.DropMalformed},
		{"unreachable", dgram, []string{failing.String(), "body"}, nil, pipe.DropUnreachable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				var got []sent
				w.Air.OnWrite(func(b []byte, to netip.AddrPort) error {
					if to == failing {
						return syscall.EHOSTUNREACH
					}
					got = append(got, sent{to, string(b)})
					return nil
				})
				before, after := []string{otherAddr.String(), "before"}, []string{otherAddr.String(), "after"}
				if h.cfg.Engine.Raw {
					h.listenDatagrams()
				} else {
					h.dialDatagrams(w.Air)
				}
				for _, frames := range [][]string{before, tt.frames, after} {
					h.send(h.lastPipe(), frames...)
				}
				w.Settle()
				if tt.want != nil {
					if len(got) != 3 || got[1] != *tt.want {
						t.Errorf("sent %.80v, want %.80v", got, *tt.want)
					}
				} else {
					if len(got) != 2 || !strings.HasSuffix(got[0].b, "before") || !strings.HasSuffix(got[1].b, "after") {
						t.Errorf("sent %.80v", got)
					}
					h.wantDrops(tt.drop, 1)
				}
				if n := h.unsent(h.lastPipe()); n != 0 {
					t.Errorf("%d messages pending", n)
				}
			}, tt.set)
		})
	}
}

// TestRefusalOfEarlierDatagramIsNotThatOfTheNext: the system returns it from the
// next call, which then has not sent. So the message is sent again, once.
func TestRefusalOfEarlierDatagramIsNotThatOfTheNext(t *testing.T) {
	for _, tt := range []struct {
		name  string
		size  int
		errs  []error // of the calls, in order
		want  int     // messages written, of 40
		drops uint64
	}{
		{"refused", 1, []error{nil, syscall.ECONNREFUSED}, 40, 1},
		{"refused, large messages", 8000, append(slices.Repeat([]error{nil}, 35), syscall.ECONNREFUSED), 40, 1},
		{"refused twice", 1, []error{nil, syscall.ECONNREFUSED, syscall.ECONNREFUSED}, 39, 2},
		{"refused, then unreachable", 8000, []error{nil, syscall.ECONNREFUSED, syscall.ENETUNREACH}, 39, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				h.halves = sendsOnly
				r := h.receiver()
				calls := 0
				w.Air.OnWrite(func([]byte, netip.AddrPort) (err error) {
					if calls < len(tt.errs) {
						err = tt.errs[calls]
					}
					calls++
					return err
				})
				h.dialDatagrams(unresolvedUntil(w, time.Second))
				for range 40 {
					h.send(h.lastPipe(), "g", st.Large(tt.size))
				}
				time.Sleep(time.Second)
				if n := len(r.bodies()); n != tt.want {
					t.Errorf("%d messages written, want %d", n, tt.want)
				}
				h.wantDrops(pipe.DropUnreachable, tt.drops)
				if n := h.unsent(h.lastPipe()); n != 0 {
					t.Errorf("%d messages pending", n)
				}
			}, radio)
		})
	}
}

// unresolvedUntil returns a transport whose lookups take d, so that the messages
// queued meanwhile are one batch.
func unresolvedUntil(w *st.World, d time.Duration) transport.Packets {
	w.Air.OnDial(func(string) error { time.Sleep(d); return nil })
	return w.Air
}

// TestDatagramQueuedDuringWriteIsSent: a message that is queued while the flusher ends
// is sent too.
func TestDatagramQueuedDuringWriteIsSent(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.halves = sendsOnly
		r := h.receiver()
		left := 10
		w.Air.OnWrite(func([]byte, netip.AddrPort) error {
			if left--; left > 0 {
				h.send(h.lastPipe(), "g", "x")
			}
			return nil
		})
		h.dialDatagrams(w.Air)
		w.Settle()
		h.send(h.lastPipe(), "g", "x")
		if n := len(r.bodies()); n != 10 {
			t.Errorf("%d messages written, want 10", n)
		}
	}, radio)
}
