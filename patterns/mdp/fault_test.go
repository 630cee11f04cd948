package mdp_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/mdp"
)

// faults is a random script of cut connections, and of workers and brokers that stop
// and start.
type faults struct {
	*world
	rng     *rand.Rand
	workers []*mdp.Worker
	options func() *mdp.BrokerOptions

	mu       sync.Mutex
	executed map[string]int
}

// TestFaultsExecuteEachRequestAtMostOnce: by default no request is executed twice, and each
// request has its own reply or an error.
func TestFaultsExecuteEachRequestAtMostOnce(t *testing.T) {
	for seed := range uint64(8) {
		runFaults(t, seed, mdp.ClientOptions{Timeout: 20 * time.Second}, 0, func(f *faults, id string, err error) {
			if n := f.executed[id]; n > 1 || err == nil && n != 1 {
				t.Errorf("seed %d: request %s with error %v was executed %d times", seed, id, err, n)
			}
		})
	}
}

// TestFaultsWithRetriesLoseNoRequest: with enough retries each request has a reply.
func TestFaultsWithRetriesLoseNoRequest(t *testing.T) {
	for seed := range uint64(8) {
		runFaults(t, seed, mdp.ClientOptions{Timeout: 20 * time.Second, Retries: 1000}, 2, func(f *faults, id string, err error) {
			if n := f.executed[id]; n < 1 || err != nil {
				t.Errorf("seed %d: request %s with error %v was executed %d times", seed, id, err, n)
			}
		})
	}
}

func runFaults(t *testing.T, seed uint64, o mdp.ClientOptions, redispatch int, check func(f *faults, id string, err error)) {
	bubble(t, &mdp.BrokerOptions{Redispatch: redispatch}, func(w *world) {
		f := &faults{world: w, rng: rand.New(rand.NewPCG(seed, 1)), executed: make(map[string]int)}
		f.options = func() *mdp.BrokerOptions {
			return &mdp.BrokerOptions{Redispatch: redispatch, Socket: w.net.Options()}
		}
		for range 3 {
			f.startWorker()
		}
		o.Version = mdp.Version(1 + seed%2)
		c := w.client(o)
		var wg sync.WaitGroup
		results := make(map[string]error)
		var mu sync.Mutex
		stop := make(chan struct{})
		wg.Go(func() { f.disturb(stop) })
		var requests sync.WaitGroup
		for i := range 100 {
			id := strconv.Itoa(i)
			requests.Go(func() {
				m, err := c.Do(w.ctx, "echo", []byte(id))
				if err == nil && m.String() != "reply to "+id {
					t.Errorf("seed %d: request %s has the reply %q", seed, id, m)
				}
				mu.Lock()
				defer mu.Unlock()
				results[id] = err
			})
			time.Sleep(100 * time.Millisecond)
		}
		requests.Wait()
		close(stop)
		wg.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		for id, err := range results {
			check(f, id, err)
		}
		if len(results) != 100 {
			t.Errorf("seed %d: %d results", seed, len(results))
		}
	})
}

func (f *faults) startWorker() {
	f.workers = append(f.workers, f.worker("echo", func(ctx context.Context, r *mdp.Request) zmq.Message {
		f.mu.Lock()
		f.executed[r.Body.String()]++
		f.mu.Unlock()
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
		return zmq.NewStringMessage("reply to " + r.Body.String())
	}, mdp.WorkerOptions{Concurrency: f.rng.IntN(4), Version: mdp.Version(f.rng.IntN(3))}))
}

// disturb runs the script.
func (f *faults) disturb(stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(f.rng.IntN(3000)) * time.Millisecond):
		}
		switch f.rng.IntN(5) {
		case 0, 1:
			links := f.net.Links()
			links[f.rng.IntN(len(links))].Cut(0)
		case 2:
			f.net.Cut()
		case 3:
			i := f.rng.IntN(len(f.workers))
			if f.rng.IntN(2) == 0 {
				f.workers[i].Close()
			} else {
				f.workers[i].Shutdown(f.ctx)
			}
			f.workers = append(f.workers[:i], f.workers[i+1:]...)
			f.startWorker()
		case 4:
			f.broker.Close()
			f.broker = f.startBroker(f.options())
		}
		synctest.Wait()
	}
}
