package memnet_test

import (
	"io"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/transport/memnet"
)

const ms = time.Millisecond

func TestLatencyDelaysBytesAndEnd(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, l := w.connect(func(l *memnet.Link) { l.SetLatency(5 * ms) })
		w.wantTime("delivery", 5*ms, func() {
			w.wantWrite(a, "x", 1, nil)
			w.wantRead(b, "x", nil)
		})
		// A change of the latency does not affect earlier bytes, and later
		// bytes do not overtake them.
		w.wantWrite(a, "slow", 4, nil)
		l.Up().SetLatency(0)
		w.wantWrite(a, "fast", 4, nil)
		w.wantTime("both", 5*ms, func() { w.wantRead(b, "slowfast", nil) })
		w.wantTime("the other direction", 5*ms, func() {
			b.Write([]byte("y"))
			w.wantRead(a, "y", nil)
		})
		// The latency delays io.EOF, too.
		l.Up().SetLatency(time.Second)
		a.Close()
		w.wantTime("EOF", time.Second, func() { w.wantRead(b, "", io.EOF) })
	})
}

func TestDialTakesOneRoundTrip(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		w.wantTime("Dial", 30*ms, func() {
			w.connect(func(l *memnet.Link) {
				l.Up().SetLatency(10 * ms)
				l.Down().SetLatency(20 * ms)
			})
		})
	})
}

func TestBandwidthDelaysBytes(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, _ := w.connect(func(l *memnet.Link) {
			l.Up().SetBandwidth(1_024_000)
			l.Up().SetLatency(ms)
		})
		data := make([]byte, 64<<10)
		w.wantTime("Write", 0, func() { a.Write(data) })
		w.wantTime("64 KiB at 1000 KiB/s", 65*ms, func() { io.ReadFull(b, data) })

		// The bytes arrive continuously: half of them take half the time.
		a.Write(data)
		w.wantTime("first half", 33*ms, func() { io.ReadFull(b, data[:len(data)/2]) })
		w.wantTime("second half", 32*ms, func() { io.ReadFull(b, data[len(data)/2:]) })
	})
}

func TestWriteBlocksWhenBufferIsFull(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, l := w.connect(func(l *memnet.Link) { l.Up().SetBuffer(4) })
		w.wantWrite(a, "1234", 4, nil)
		a.SetWriteDeadline(time.Now().Add(ms))
		w.wantWrite(a, "5", 0, os.ErrDeadlineExceeded)
		a.SetWriteDeadline(time.Time{})
		w.wantStats(l.Up(), 4, 0, 0, 4)

		done := make(chan struct{})
		go func() {
			defer close(done)
			w.wantWrite(a, "56789", 5, nil)
		}()
		synctest.Wait()
		w.wantStats(l.Up(), 4, 0, 0, 4)
		w.wantRead(b, "1234", nil)
		synctest.Wait()
		w.wantStats(l.Up(), 8, 4, 0, 4)
		l.Up().SetBuffer(5)
		<-done
		w.wantRead(b, "56789", nil)
		w.wantStats(l.Up(), 9, 9, 0, 0)
	})
}

func TestStatsCountPartialWrite(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, _, l := w.connect(func(l *memnet.Link) { l.Up().SetBuffer(3) })
		a.SetWriteDeadline(time.Now().Add(ms))
		w.wantWrite(a, "12345", 3, os.ErrDeadlineExceeded)
		w.wantStats(l.Up(), 3, 0, 0, 3)
	})
}

func TestStallStopsDeliveryUntilResume(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, l := w.connect(func(l *memnet.Link) { l.Up().SetBuffer(6) })
		w.wantWrite(a, "abc", 3, nil)
		l.Up().Stall()
		w.wantWrite(a, "def", 3, nil)
		b.SetReadDeadline(time.Now().Add(time.Hour))
		w.wantRead(b, "", os.ErrDeadlineExceeded)
		b.SetReadDeadline(time.Time{})
		// The other direction still works.
		w.wantWrite(b, "back", 4, nil)
		w.wantRead(a, "back", nil)
		// The buffer is full, and the end is not delivered either.
		a.SetWriteDeadline(time.Now().Add(ms))
		w.wantWrite(a, "g", 0, os.ErrDeadlineExceeded)
		a.Close()
		time.AfterFunc(time.Minute, l.Up().Resume)
		w.wantTime("the stall", time.Minute, func() { w.wantRead(b, "abcdef", nil) })
		w.wantRead(b, "", io.EOF)
	})
}

func TestStallDoesNotStopReset(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		_, b, l := w.connect(nil)
		l.Up().Stall()
		time.AfterFunc(ms, func() { l.Cut(memnet.RST) })
		w.wantTime("Read", ms, func() { w.wantRead(b, "", reset) })
	})
}

// TestReadSizesDependOnlyOnSeed also checks that every size up to the chunk
// limit occurs.
func TestReadSizesDependOnlyOnSeed(t *testing.T) {
	sizes := func(seed uint64) (all []int) {
		synctest.Test(t, func(t *testing.T) {
			n := memnet.New(seed)
			l, err := n.Listen("x", nil)
			if err != nil {
				t.Fatal(err)
			}
			n.OnLink(func(l *memnet.Link) { l.Up().SetChunk(7) })
			a, err := n.Dial(t.Context(), "x", nil)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := l.Accept()
			for range 500 {
				a.Write([]byte("abcde"))
			}
			a.Close()
			buf := make([]byte, 1000)
			for i := 0; ; {
				n, err := b.Read(buf)
				if err == io.EOF {
					break
				}
				for _, c := range buf[:n] {
					if c != "abcde"[i%5] {
						t.Fatalf("byte %d is %c", i, c)
					}
					i++
				}
				all = append(all, n)
			}
		})
		return all
	}
	first := sizes(1)
	seen := map[int]int{}
	sum := 0
	for _, n := range first {
		seen[n]++
		sum += n
	}
	if sum != 2500 || len(seen) != 7 || seen[1] == 0 || seen[7] == 0 {
		t.Errorf("%d bytes in sizes %v", sum, seen)
	}
	if again := sizes(1); !slices.Equal(first, again) {
		t.Error("the same seed resulted in different sizes")
	}
	if other := sizes(2); slices.Equal(first, other) {
		t.Error("another seed resulted in the same sizes")
	}
}

func TestReadReturnsAllArrivedBytes(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, _ := w.connect(nil)
		for _, s := range []string{"a", "bc", "def"} {
			w.wantWrite(a, s, len(s), nil)
			time.Sleep(ms) // virtual time, so that the segments are separate
		}
		w.wantRead(b, "abcdef", nil)
	})
}
