package ppp_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/ppp"
)

// script is a system of clients, a queue and workers, in which participants fail.
type script struct {
	t   *testing.T
	net simnet.Network
	rnd *rand.Rand
	ctx context.Context

	queue   *ppp.Queue
	workers []*ppp.Worker

	mu   sync.Mutex
	done map[string]int // how often each request was carried out; guarded by mu
}

// TestRepliesArriveInSpiteOfFaults: a request that was answered has been carried out at
// least once, the reply is that of the request, and when the faults have ended every
// request is answered.
func TestRepliesArriveInSpiteOfFaults(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				s := &script{t: t, net: simnet.New(seed), rnd: rand.New(rand.NewPCG(seed, 0)), ctx: ctx, done: map[string]int{}}
				s.run()
			})
		})
	}
}

func (s *script) run() {
	s.openQueue()
	for range 3 {
		s.workers = append(s.workers, s.openWorker())
	}
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() { s.client(i) })
	}
	for range 30 {
		time.Sleep(time.Duration(s.rnd.IntN(3000)) * time.Millisecond)
		s.fault()
	}
	clients.Wait()
	for _, w := range s.workers {
		w.Close()
	}
	s.queue.Close()
}

func (s *script) fault() {
	switch s.rnd.IntN(4) {
	case 0, 1:
		i := s.rnd.IntN(len(s.workers))
		s.workers[i].Close()
		s.workers[i] = s.openWorker()
	case 2:
		s.net.Cut()
	case 3:
		s.queue.Close()
		time.Sleep(time.Duration(s.rnd.IntN(2000)) * time.Millisecond)
		s.openQueue()
	}
}

func (s *script) openQueue() {
	q, err := ppp.NewQueue(&ppp.QueueOptions{Socket: s.net.Options()})
	if err != nil {
		s.t.Fatal(err)
	}
	q.BindClients("sim://clients")
	q.BindWorkers("sim://workers")
	s.queue = q
}

func (s *script) openWorker() *ppp.Worker {
	w, err := ppp.NewWorker("sim://workers", func(ctx context.Context, m zmq.Message) (zmq.Message, error) {
		time.Sleep(50 * time.Millisecond)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.done[string(m.Bytes())]++
		return zmq.NewStringMessage("done", string(m.Bytes())), nil
	}, &ppp.WorkerOptions{Socket: s.net.Options()})
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}

// client sends requests. Each has so many attempts that it is answered.
func (s *script) client(i int) {
	o := ppp.ClientOptions{Attempts: 1000}
	o.Socket = s.net.Options()
	c, err := ppp.NewClient([]string{"sim://clients"}, &o)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer c.Close()
	for n := range 50 {
		request := fmt.Sprintf("%d.%d", i, n)
		reply, err := c.Request(s.ctx, []byte(request))
		if err != nil || reply.String() != "done\t"+request {
			s.t.Errorf("request %s: %v, %v", request, reply, err)
		}
		s.mu.Lock()
		if s.done[request] == 0 {
			s.t.Errorf("request %s was answered and not carried out", request)
		}
		s.mu.Unlock()
		time.Sleep(time.Second)
	}
}
