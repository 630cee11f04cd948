package ppp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/ppp"
)

func client(t *testing.T, n simnet.Network, o ppp.ClientOptions, endpoints ...string) *ppp.Client {
	t.Helper()
	o.Socket = n.Options()
	c, err := ppp.NewClient(endpoints, &o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientGivesUpAfterAllAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		server, err := zmq.NewRouter(n.Options())
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		c := client(t, n, ppp.ClientOptions{}, "sim://server")
		defer c.Close()

		before := time.Now()
		_, err = c.Request(context.Background(), []byte("x"))
		if !errors.Is(err, ppp.ErrNoReply) || !errors.Is(err, zmq.ErrWithdrawn) || !strings.Contains(err.Error(), "after 3 attempts") {
			t.Errorf("without a server: %v", err)
		}
		if _, err := server.Bind("sim://server"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		_, err = c.Request(context.Background(), []byte("x"))
		if !errors.Is(err, ppp.ErrNoReply) || errors.Is(err, zmq.ErrWithdrawn) {
			t.Errorf("with a silent server: %v", err)
		}
		if got := time.Since(before); got != 25*time.Second {
			t.Errorf("took %v, want 2 * 3 * 2.5 s + 10 s", got)
		}
		if got := server.Stats().QueuedRecv; got != 3 {
			t.Errorf("the server received %d attempts", got)
		}
		if s := c.Stats(); s != (ppp.ClientStats{Requests: 2, Retries: 4, Failures: 2}) {
			t.Errorf("%+v", s)
		}
	})
}

func TestClientReturnsErrorOfContextAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, simnet.New(1), ppp.ClientOptions{}, "sim://nobody")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := c.Request(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ppp.ErrNoReply) {
			t.Errorf("after the deadline: %v", err)
		}
		time.AfterFunc(time.Second, func() { c.Close() })
		if _, err := c.Request(context.Background()); !errors.Is(err, ppp.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// The Guide's Lazy Pirate: a server does not answer, and the client repeats the request
// at another one.
func TestClientRepeatsRequestAtOtherServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var servers []*zmq.Router
		for _, endpoint := range []string{"sim://a", "sim://b"} {
			s, err := zmq.NewRouter(n.Options())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			s.Bind(endpoint)
			servers = append(servers, s)
		}
		c := client(t, n, ppp.ClientOptions{}, "sim://a", "sim://b")
		defer c.Close()
		synctest.Wait()
		done := make(chan error, 1)
		go func() {
			_, err := c.Request(ctx, []byte("x"))
			done <- err
		}()
		time.Sleep(time.Second)
		other := servers[0]
		if _, err := servers[0].TryRecv(); err == nil {
			other = servers[1]
		} else if _, err := servers[1].TryRecv(); err != nil {
			t.Fatal("no server received the request")
		}
		m, err := other.Recv(ctx)
		if err != nil {
			t.Fatal(err)
		}
		other.Reply(ctx, m, []byte("done"))
		if err := <-done; err != nil {
			t.Error(err)
		}
		if s := c.Stats(); s.Replies != 1 || s.Retries != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// An attempt that may have arrived makes the outcome uncertain, also if the last attempt
// was withdrawn.
func TestClientDoesNotReportSentRequestAsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		server, err := zmq.NewRouter(n.Options())
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		server.Bind("sim://server")
		c := client(t, n, ppp.ClientOptions{}, "sim://server")
		defer c.Close()
		time.AfterFunc(time.Second, func() { server.Close() })
		_, err = c.Request(context.Background(), []byte("x"))
		if !errors.Is(err, ppp.ErrNoReply) || errors.Is(err, zmq.ErrWithdrawn) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
