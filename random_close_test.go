package zmq_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

var randomCloses = flag.Int("random.closes", 10_000,
	"how many sockets TestCloseAtRandomPoints closes; the seed of the first round is random.seed, or 1")

// A round of TestCloseAtRandomPoints.
const (
	closeRoundSockets = 8
	closeRoundWorkers = 8
	closesPerRound    = 50
)

// TestCloseAtRandomPoints closes sockets of all types while other goroutines make
// random calls on them, over inproc and a network in memory that delays, splits and
// cuts connections: during sends, receives, requests, connects, handshakes,
// reconnects, changes of subscriptions, and proxies. It is in virtual time. Each
// Close returns within the linger time, so within a second. When all calls have
// returned, no message is queued, and each message that the socket had accepted is
// written or dropped with a reason; unaccounted names the types. A round fails if a goroutine remains at its end.
//
// The long form is go test -race -timeout 0 -run TestCloseAtRandomPoints
// -random.closes=1000000.
func TestCloseAtRandomPoints(t *testing.T) {
	seed := *randomSeed
	if seed == 0 {
		seed = 1
	}
	for closes := 0; closes < *randomCloses && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) { closes += closeRound(t, seed) })
	}
}

// closeRound runs one round, and returns how many sockets were closed.
func closeRound(t *testing.T, seed uint64) int {
	defer func() {
		if e := recover(); e != nil {
			panic(fmt.Sprintf("seed %d: %v", seed, e))
		}
	}()
	r := rand.New(rand.NewPCG(seed, 0))
	w := &randomWorld{seed: seed, space: zmq.NewNamespace(), mem: true}
	w.focus = socketTypes[seed%uint64(len(socketTypes))].family
	w.bound.of = make(map[string][]string)
	zmq.NewMemory(t).OnLink(disturb(seed))
	slots := w.slots[:closeRoundSockets]
	for i := range slots {
		slots[i].Store(w.newSocket(r))
	}
	var closes atomic.Int32
	var working sync.WaitGroup
	for i := range closeRoundWorkers {
		working.Go(func() { w.workAndClose(slots, &w.calls[i], uint64(i+1), &closes) })
	}
	working.Wait()
	for i := range slots {
		working.Go(func() {
			s := slots[i].Load()
			w.do(&w.calls[i], "last close", s, func() error { return w.close(context.Background(), s) })
		})
	}
	working.Wait()
	w.checkClosed()
	for _, err := range w.failures() {
		t.Errorf("-random.seed=%d: %v", seed, err)
	}
	return len(w.closed.list)
}

// workAndClose makes random calls, and closes sockets between them, until enough
// are closed.
func (w *randomWorld) workAndClose(slots []atomic.Pointer[randomSocket], c *randomCall, id uint64, closes *atomic.Int32) {
	r := rand.New(rand.NewPCG(w.seed, id))
	for closes.Load() < closesPerRound {
		slot := &slots[r.IntN(len(slots))]
		s := slot.Load()
		switch r.IntN(30) {
		case 0:
			time.Sleep(time.Duration(r.IntN(5_000_000))) // a point between two events of the network
			next := w.newSocket(r)
			if !slot.CompareAndSwap(s, next) {
				next.Close()
				continue
			}
			closes.Add(1)
			w.do(c, "close", s, func() error { return w.close(context.Background(), s) })
		case 1:
			other := slots[r.IntN(len(slots))].Load()
			w.do(c, "proxy", s, func() error {
				ctx, cancel := context.WithTimeout(context.Background(), callWait)
				defer cancel()
				return zmq.Proxy(ctx, handle(s), handle(other), &zmq.ProxyOptions{Transform: forwardSlowly})
			})
		default:
			op := w.operation(r, s, slot)
			w.do(c, op.name, s, op.run)
		}
	}
}

// forwardSlowly takes time to forward a message. Proxies and inproc links can form a
// loop in which messages circulate without end; in virtual time the clock would never
// advance while they do, so no context would end.
func forwardSlowly(_ zmq.Socket, m zmq.Message) (zmq.Message, bool) {
	time.Sleep(10 * time.Microsecond)
	return m, true
}

// handle returns the Socket that a type embeds.
func handle(s *randomSocket) zmq.Socket {
	return reflect.ValueOf(s.anySocket).Elem().FieldByName("Socket").Interface().(zmq.Socket)
}

// disturb returns a function that delays, splits, stalls or cuts connections.
func disturb(seed uint64) func(*memnet.Link) {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 1<<32))
	return func(l *memnet.Link) {
		mu.Lock()
		defer mu.Unlock()
		one := func() *memnet.Flow {
			if r.IntN(2) == 0 {
				return l.Up()
			}
			return l.Down()
		}
		if r.IntN(2) == 0 {
			l.SetLatency(time.Duration(r.IntN(3000)) * time.Microsecond)
		}
		if r.IntN(3) == 0 {
			one().SetBuffer(1 + r.IntN(200))
		}
		if r.IntN(3) == 0 {
			one().SetChunk(1 + r.IntN(50))
		}
		switch how := memnet.Cut(r.IntN(2)); r.IntN(6) {
		case 0:
			one().CutAfterDelivery(int64(r.IntN(500)), how)
		case 1:
			one().CutAfterWrite(int64(r.IntN(500)), how)
		case 2:
			one().Stall()
		}
	}
}

// close closes a socket and checks that this takes no longer than its linger time.
// In real time only the watch over all calls bounds it.
func (w *randomWorld) close(ctx context.Context, s *randomSocket) error {
	limit := s.linger
	if limit == zmq.NoLinger {
		limit = 0
	} else if limit > time.Second {
		limit = callWait
	}
	start := time.Now()
	err := s.end(ctx)
	if took := time.Since(start); w.mem && took > limit {
		w.fail(fmt.Errorf("close of %s took %v, with a linger time of %v", s.name, took, limit))
	}
	w.closed.Lock()
	defer w.closed.Unlock()
	w.closed.list = append(w.closed.list, s)
	return err
}

// checkClosed checks the accounting of all closed sockets. No call may be in
// progress.
func (w *randomWorld) checkClosed() {
	for _, s := range w.closed.list {
		if err := s.unaccounted(); err != nil {
			w.fail(fmt.Errorf("%s after close: %w", s.name, err))
		}
	}
}

// unaccounted returns an error if a closed socket has messages in its queues, or if
// a message that it has accepted is neither written nor dropped.
func (s *randomSocket) unaccounted() error {
	st := s.Stats()
	if st.QueuedSend != 0 || st.QueuedRecv != 0 {
		return fmt.Errorf("queued: %+v", st)
	}
	switch s.typ {
	case zmq.TypePub, zmq.TypeXPub, zmq.TypeXSub, zmq.TypeRadio:
		return nil // a message counts once as sent, and once for each peer as written or dropped
	}
	n := sendBalance(st)
	if s.conflate && n < 0 {
		n = min(0, n+int(st.Drops[zmq.DropConflated])) // some of them were received
	}
	if n != 0 {
		return fmt.Errorf("%d messages are not accounted for: %+v", n, st)
	}
	return nil
}
