package slots_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/slots"
)

// world records the calls that have a slot.
type world struct {
	*slots.Slots
	running []string
}

// start acquires a slot in a goroutine. The returned function releases it, or ends the
// waiting for it.
func (w *world) start(source string) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		if w.Acquire(ctx, source) != nil {
			return
		}
		w.running = append(w.running, source)
		<-ctx.Done()
		i := slices.Index(w.running, source)
		w.running = slices.Delete(w.running, i, i+1)
		w.Release(source)
	}()
	synctest.Wait()
	return func() { cancel(); synctest.Wait() }
}

func (w *world) want(t *testing.T, sources ...string) {
	t.Helper()
	if !slices.Equal(w.running, sources) {
		t.Fatalf("the sources %v have slots, want %v", w.running, sources)
	}
}

// A source with one waiting call does not wait for all calls of another.
func TestSourcesGetSlotsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{Slots: slots.New(1)}
		ends := map[string][]func(){}
		for _, source := range []string{"a", "a", "a", "a", "b", "b", "c"} {
			ends[source] = append(ends[source], w.start(source))
		}
		for _, source := range []string{"a", "a", "b", "c", "a", "b", "a"} {
			w.want(t, source)
			ends[source][0]()
			ends[source] = ends[source][1:]
		}
		w.want(t)
		if n := w.Sources(); n != 0 {
			t.Errorf("%d sources are in memory", n)
		}
	})
}

// A quarter of the slots is not for the source that has the others, however long it
// keeps them.
func TestOneSourceHasAtMostThreeQuartersOfSlots(t *testing.T) {
	for n, most := range map[int]int{1: 1, 3: 3, 4: 3, 5: 4, 8: 6, 64: 48} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{Slots: slots.New(n)}
			var ends []func()
			for range n + 2 {
				ends = append(ends, w.start("a"))
			}
			w.want(t, slices.Repeat([]string{"a"}, most)...)
			for i := range n - most {
				ends = append(ends, w.start(fmt.Sprint("b", i)))
			}
			if len(w.running) != n {
				t.Errorf("%d of %d slots are in use", len(w.running), n)
			}
			for _, end := range ends {
				end()
			}
			w.want(t)
		})
	}
}

// A call that ends before it has a slot takes none, and does not delay others.
func TestCallThatEndsWhileItWaitsGetsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{Slots: slots.New(1)}
		first, second, third := w.start("a"), w.start("b"), w.start("c")
		second()
		w.want(t, "a")
		first()
		w.want(t, "c")
		third()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		end := w.start("a")
		if err := w.Acquire(ctx, "b"); err != context.Canceled {
			t.Errorf("error %v", err)
		}
		end()
		if n := w.Sources(); n != 0 {
			t.Errorf("%d sources are in memory", n)
		}
	})
}

// With random calls, some of which end while they wait, no slot is used twice or lost.
func TestSlotsAreNeitherSharedNorLost(t *testing.T) {
	const n = 5
	synctest.Test(t, func(t *testing.T) {
		s := slots.New(n)
		var mu sync.Mutex
		running, bySource := 0, map[string]int{}
		var wg sync.WaitGroup
		for range 2000 {
			source := fmt.Sprint(rand.N(7))
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), rand.N(time.Second))
				defer cancel()
				time.Sleep(rand.N(time.Second))
				if s.Acquire(ctx, source) != nil {
					return
				}
				mu.Lock()
				running++
				bySource[source]++
				if running > n || bySource[source] > n-1 {
					t.Errorf("%d calls run, %d of one source", running, bySource[source])
				}
				mu.Unlock()
				time.Sleep(rand.N(5 * time.Millisecond))
				mu.Lock()
				running--
				bySource[source]--
				mu.Unlock()
				s.Release(source)
			})
		}
		wg.Wait()
		if got := s.Sources(); got != 0 {
			t.Errorf("%d sources are in memory", got)
		}
		for i := range n {
			if err := s.Acquire(t.Context(), fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestSourceIsIPv4AddressOrIPv6Prefix(t *testing.T) {
	at := func(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: rand.N(65536)} }
	for _, same := range [][2]string{{"10.0.0.1", "10.0.0.1"}, {"10.0.0.1", "::ffff:10.0.0.1"}, {"2001:db8::1", "2001:db8:0:0:ffff::"}} {
		if slots.Source(at(same[0])) != slots.Source(at(same[1])) {
			t.Errorf("%v differ", same)
		}
	}
	for _, other := range [][2]string{{"10.0.0.1", "10.0.0.2"}, {"2001:db8:0:1::1", "2001:db8::1"}} {
		if slots.Source(at(other[0])) == slots.Source(at(other[1])) {
			t.Errorf("%v are the same", other)
		}
	}
	if s := slots.Source(&net.UnixAddr{Name: "x"}) + slots.Source(nil); s != "" {
		t.Errorf("source %q of peers without an IP address", s)
	}
}
