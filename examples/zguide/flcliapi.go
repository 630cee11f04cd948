package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
)

const (
	flTimeout  = 3 * time.Second // for a request, on all servers
	flInterval = 2 * time.Second // between two PINGs of a silent server
	flTTL      = 6 * time.Second // after which a silent server is dead
)

var errFLTimeout = errors.New("no server has replied")

// flClient is a client of the Freelance pattern, the Guide's flcliapi: it sends a request
// to one server that is alive, and to the next one if that server dies. A real program
// uses the package freelance of the module patterns.
//
// The agent is a goroutine, and its commands are values in a channel, where the C class
// sends messages over a PAIR.
type flClient struct {
	router   *zmq.Router
	requests chan flRequest
	cancel   context.CancelFunc
	ended    chan struct{}
}

type flRequest struct {
	body  []byte
	reply chan<- [][]byte // receives nil if no server replies in time
}

type flServer struct {
	endpoint string // also the routing ID of the server
	alive    bool   // whether it has answered since it last expired
	ping     time.Time
	expires  time.Time
}

// newFLClient returns a client of the servers at some endpoints.
//
// ConnectAs assigns the endpoint as the routing ID of the server, so that a request can
// be sent before the connection is made. The C class waits 100 ms, and relies on servers
// that announce their endpoint.
func newFLClient(endpoints []string) (*flClient, error) {
	router, err := zmq.NewRouter(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var servers []*flServer
	for _, endpoint := range endpoints {
		if err := router.ConnectAs(endpoint, endpoint); err != nil {
			router.Close()
			return nil, err
		}
		servers = append(servers, &flServer{endpoint, true, now.Add(flInterval), now.Add(flTTL)})
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &flClient{router, make(chan flRequest), cancel, make(chan struct{})}
	go c.agent(ctx, servers)
	return c, nil
}

func (c *flClient) close() {
	c.cancel()
	<-c.ended
	c.router.Close()
}

// request sends a request and returns the frames of its reply.
func (c *flClient) request(ctx context.Context, body []byte) ([][]byte, error) {
	reply := make(chan [][]byte, 1)
	select {
	case c.requests <- flRequest{body, reply}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case frames := <-reply:
		if frames == nil {
			return nil, errFLTimeout
		}
		return frames, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// agent owns the servers. It sends each request to the first server that is alive.
func (c *flClient) agent(ctx context.Context, servers []*flServer) {
	defer close(c.ended)
	messages := make(chan zmq.Message)
	go c.router.Deliver(ctx, messages)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var request *flRequest
	var expires time.Time
	var sequence int
	var current *flServer // the server that has the request
	for {
		requests := c.requests
		if request != nil {
			requests = nil
		}
		select {
		case r := <-requests:
			request, expires, current = &r, time.Now().Add(flTimeout), nil
			sequence++
		case m := <-messages:
			i := slices.IndexFunc(servers, func(s *flServer) bool { return s.endpoint == m.RoutingID() })
			servers[i].alive = true
			servers[i].ping, servers[i].expires = time.Now().Add(flInterval), time.Now().Add(flTTL)
			if request != nil && string(m.Frame(0)) == strconv.Itoa(sequence) {
				request.reply <- m.Frames()[1:]
				request = nil
			}
		case now := <-tick.C:
			for _, s := range servers {
				s.alive = s.alive && now.Before(s.expires)
				if !now.Before(s.ping) {
					c.router.TrySendTo(s.endpoint, []byte("PING")) // if it is dropped, the server expires
					s.ping = now.Add(flInterval)
				}
			}
			if request != nil && !now.Before(expires) {
				request.reply <- nil
				request = nil
			}
		case <-ctx.Done():
			return
		}
		if request != nil && (current == nil || !current.alive) {
			i := slices.IndexFunc(servers, func(s *flServer) bool { return s.alive })
			if i >= 0 && c.router.TrySendTo(servers[i].endpoint, []byte(strconv.Itoa(sequence)), request.body) == nil {
				current = servers[i]
			}
		}
	}
}
