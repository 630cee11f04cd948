package freelance_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/freelance"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
)

// Guide, model 1: after a timeout the next server gets the request, and the following
// requests too.
func TestFailoverStaysWithServerThatAnswers(t *testing.T) {
	inWorld(t, func(w *world) {
		mute := w.rawServer("sim://a")
		defer mute.Close()
		s := w.server("sim://b", named("b"), freelance.ServerOptions{Strategy: freelance.Failover})
		defer s.Close()
		c := w.client(freelance.ClientOptions{Strategy: freelance.Failover, Timeout: time.Second}, "sim://a", "sim://b")
		defer c.Close()
		synctest.Wait()
		before := time.Now()
		for range 5 {
			w.request(c, "x", "y").want(t, "b|x|y")
		}
		if got := time.Since(before); got != time.Second {
			t.Errorf("5 requests took %v", got)
		}
		if st := c.Stats(); st.Retries != 1 || st.Replies != 5 {
			t.Errorf("%+v", st)
		}
	})
}

// Guide, model 2: all servers get the request, and the first reply counts.
func TestShotgunReturnsFirstReply(t *testing.T) {
	inWorld(t, func(w *world) {
		var handled sync.Map
		for i, delay := range []time.Duration{30, 10, 20} {
			s := w.server(fmt.Sprintf("sim://%d", i), func(_ context.Context, m zmq.Message) (zmq.Message, error) {
				time.Sleep(delay * time.Millisecond)
				handled.Store(i, text(m))
				return zmq.NewStringMessage(fmt.Sprint(i)), nil
			}, freelance.ServerOptions{Strategy: freelance.Shotgun})
			defer s.Close()
		}
		c := w.client(freelance.ClientOptions{Strategy: freelance.Shotgun}, "sim://0", "sim://1", "sim://2", "sim://dead")
		defer c.Close()
		synctest.Wait()
		w.request(c, "x", "y").want(t, "1")
		time.Sleep(time.Second)
		for i := range 3 {
			if got, _ := handled.Load(i); got != "x|y" {
				t.Errorf("server %d: %v", i, got)
			}
		}
	})
}

// A server of another model returns no sequence number.
func TestShotgunRefusesReplyWithoutSequenceNumber(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.server("sim://a", named("a"), freelance.ServerOptions{Strategy: freelance.Failover})
		defer s.Close()
		c := w.client(freelance.ClientOptions{Strategy: freelance.Shotgun}, "sim://a")
		defer c.Close()
		w.request(c, "x").want(t, "no reply")
		if st := c.Stats(); st.Drops.Malformed != 3 {
			t.Errorf("%+v", st)
		}
	})
}

func TestServersReportsConnectedServers(t *testing.T) {
	for _, s := range []freelance.Strategy{freelance.Tracked, freelance.Failover, freelance.Shotgun} {
		inWorld(t, func(w *world) {
			server := w.server("sim://a", named("a"), freelance.ServerOptions{Strategy: s})
			defer server.Close()
			c := w.client(freelance.ClientOptions{Strategy: s}, "sim://a", "sim://b")
			defer c.Close()
			synctest.Wait()
			got := fmt.Sprint(c.Servers())
			if got != "[{sim://a true} {sim://b false}]" {
				t.Errorf("%v: %s", s, got)
			}
		})
	}
}

// TestRepliesArriveInSpiteOfFaults: while servers fail and return and connections are
// cut, each reply is that to its request, which was carried out at least once, and every
// request is answered in the end.
func TestRepliesArriveInSpiteOfFaults(t *testing.T) {
	for _, strategy := range []freelance.Strategy{freelance.Tracked, freelance.Failover, freelance.Shotgun} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%v/seed=%d", strategy, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &script{t: t, strategy: strategy, net: simnet.New(seed), rnd: rand.New(rand.NewPCG(seed, 0)), done: map[string]bool{}}
					s.run()
				})
			})
		}
	}
}

type script struct {
	t        *testing.T
	strategy freelance.Strategy
	net      simnet.Network
	rnd      *rand.Rand
	servers  []*freelance.Server

	mu   sync.Mutex
	done map[string]bool // requests that were carried out; guarded by mu
}

func (s *script) run() {
	for i := range 3 {
		s.servers = append(s.servers, s.open(i))
	}
	var clients sync.WaitGroup
	for i := range 3 {
		clients.Go(func() { s.client(i) })
	}
	for range 30 {
		time.Sleep(time.Duration(s.rnd.IntN(2000)) * time.Millisecond)
		if s.rnd.IntN(3) == 0 {
			s.net.Cut()
			continue
		}
		i := s.rnd.IntN(len(s.servers))
		s.servers[i].Close()
		time.Sleep(time.Duration(s.rnd.IntN(2000)) * time.Millisecond)
		s.servers[i] = s.open(i)
	}
	clients.Wait()
	for _, server := range s.servers {
		server.Close()
	}
}

func (s *script) open(i int) *freelance.Server {
	server, err := freelance.NewServer(fmt.Sprintf("sim://%d", i), func(_ context.Context, m zmq.Message) (zmq.Message, error) {
		time.Sleep(50 * time.Millisecond)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.done[text(m)] = true
		return zmq.NewStringMessage("done " + text(m)), nil
	}, &freelance.ServerOptions{Strategy: s.strategy, Socket: s.net.Options()})
	if err != nil {
		s.t.Fatal(err)
	}
	return server
}

func (s *script) client(i int) {
	c, err := freelance.NewClient([]string{"sim://0", "sim://1", "sim://2"},
		&freelance.ClientOptions{Strategy: s.strategy, Attempts: 1000, Socket: s.net.Options()})
	if err != nil {
		s.t.Error(err)
		return
	}
	defer c.Close()
	for n := range 60 {
		request := fmt.Sprintf("%d.%d", i, n)
		reply, err := c.Request(context.Background(), []byte(request))
		s.mu.Lock()
		if err != nil || text(reply) != "done "+request || !s.done[request] {
			s.t.Errorf("request %s: %v, %v, carried out: %v", request, reply, err, s.done[request])
		}
		s.mu.Unlock()
		time.Sleep(time.Second)
	}
}
