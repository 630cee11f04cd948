package socket_test

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestDatagramsAreWrittenOrCounted: each message is written once or counted as
// dropped once, whatever ends the socket and whatever errors the network
// returns.
func TestDatagramsAreWrittenOrCounted(t *testing.T) {
	for seed := range uint64(300) {
		st.Run(t, func(w *st.World) {
			rng, netRNG := rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 1))
			typ := pattern.RADIO
			if seed%2 == 1 {
				typ = pattern.DGRAM
			}
			// Small messages in flight do not count against the high-water
			// mark, large ones do.
			size := []int{1, 100, 7000}[rng.IntN(3)]
			pause := []time.Duration{0, time.Millisecond, time.Second}[rng.IntN(3)]
			s := w.Socket(typ, st.HWM(1+rng.IntN(40), 0), func(o *socket.Options) { o.Linger = time.Duration(rng.IntN(20)) * time.Second })
			written := uint64(0)
			dials := rng.IntN(4)
			w.Air.OnDial(func(string) error {
				if dials--; dials >= 0 {
					return errors.New("no such host")
				}
				return nil
			})
			w.Air.OnWrite(func([]byte, netip.AddrPort) error {
				time.Sleep(pause)
				if netRNG.IntN(10) == 0 {
					return syscall.ENOBUFS
				}
				written++
				return nil
			})
			if typ == pattern.RADIO {
				s.MustConnect(airAt)
			} else {
				s.MustBind("air://10.0.0.2:2")
			}
			sent := uint64(0)
			for range rng.IntN(200) {
				if rng.IntN(20) == 0 {
					time.Sleep(time.Duration(rng.IntN(2000)) * time.Millisecond)
				}
				switch err := s.TrySend(st.Of("10.0.0.9:9", st.Large(size))); err {
				case nil:
					sent++
				case pattern.ErrWouldBlock:
				default:
					t.Fatal(err)
				}
			}
			switch rng.IntN(3) {
			case 0:
				s.Disconnect(airAt)
			case 1:
				s.Unbind("air://10.0.0.2:2")
			}
			s.CloseIn(time.Duration(rng.IntN(30)) * time.Second)
			w.Settle()
			drops := s.Stats().Drops
			if got := written + drops[pipe.DropHWM] + drops[pipe.DropLinger] + drops[pipe.DropUnreachable]; got != sent {
				t.Errorf("seed %d: of %d messages %d were written, %v dropped", seed, sent, written, drops)
			}
		})
	}
}

// TestDatagramFromPortZeroIsDropped: no reply can be sent to port 0, so a
// server that replies to every datagram would fail.
func TestDatagramFromPortZeroIsDropped(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := w.Socket(pattern.DGRAM)
		s.MustBind("air://10.0.0.1:1")
		at := netip.MustParseAddrPort("10.0.0.1:1")
		w.Air.Inject([]byte("forged"), netip.MustParseAddrPort("10.0.0.9:0"), at)
		w.Air.Inject([]byte("good"), netip.MustParseAddrPort("10.0.0.9:9"), at)
		s.WantRecv("10.0.0.9:9", "good")
		s.WantNone()
		s.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1})
	})
}
