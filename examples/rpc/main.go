// Command rpc calls a server with a timeout for each attempt, and repeats a call that
// failed. The server does each call once, also if it arrives twice.
//
//	go run ./rpc serve tcp://127.0.0.1:5555
//	go run ./rpc call tcp://127.0.0.1:5555,tcp://127.0.0.1:5565 20 22    # any number of servers
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// errInvalid is the error for a call with invalid arguments. It is not repeated.
var errInvalid = errors.New("invalid arguments")

// A client calls a server.
type client struct {
	req      *zmq.Req
	timeout  time.Duration // of one attempt
	attempts int
}

// newClient returns a client of the servers at the endpoints. It calls those that are
// connected and that respond.
func newClient(endpoints []string, timeout time.Duration, attempts int) (*client, error) {
	req, err := zmq.NewReq(nil)
	if err != nil {
		return nil, err
	}
	for _, e := range endpoints {
		if err := req.Connect(e); err != nil {
			req.Close()
			return nil, err
		}
	}
	return &client{req, timeout, attempts}, nil
}

func (c *client) Close() error { return c.req.Close() }

// add returns the sum of two numbers. A call that times out, or whose connection is lost,
// may have been done: so each call has an ID, which stays the same in all attempts.
// Any number of goroutines may call add at once.
func (c *client) add(ctx context.Context, a, b int) (int, error) {
	id, call := rand.Text(), fmt.Sprintf("%d %d", a, b)
	var errs []error
	for range c.attempts {
		reply, err := c.attempt(ctx, id, call)
		switch {
		case err == nil && string(reply.Frame(0)) == "sum":
			return strconv.Atoi(string(reply.Frame(1)))
		case err == nil:
			return 0, fmt.Errorf("%w: %s", errInvalid, reply.Frame(1))
		case ctx.Err() != nil || errors.Is(err, zmq.ErrClosed):
			return 0, err
		}
		errs = append(errs, err)
	}
	return 0, fmt.Errorf("%d attempts: %w", c.attempts, errors.Join(errs...))
}

// attempt sends a call once and waits for its reply.
func (c *client) attempt(ctx context.Context, id, call string) (zmq.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.req.Do(ctx, []byte(id), []byte(call))
}

// serve does calls until ctx ends.
func serve(ctx context.Context, endpoint string) error {
	rep, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer rep.Close()
	if _, err := rep.Bind(endpoint); err != nil {
		return err
	}
	done := newReplies(1000)
	for call, err := range rep.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := rep.SendMessage(ctx, done.reply(call)); err != nil {
			return err
		}
	}
	return nil
}

// replies are the last replies of a server by the ID of the call. A call that arrives
// again gets the same reply.
type replies struct {
	byID map[string]zmq.Message
	ids  []string // a ring: the oldest is at next
	next int
	done int // number of calls that were done
}

func newReplies(n int) *replies {
	return &replies{byID: make(map[string]zmq.Message, n), ids: make([]string, n)}
}

// reply returns the reply to a call.
func (r *replies) reply(call zmq.Message) zmq.Message {
	if call.NumFrames() != 2 {
		return zmq.NewStringMessage("error", "a call has an ID and arguments")
	}
	id := string(call.Frame(0))
	if m, ok := r.byID[id]; ok {
		return m.Clone()
	}
	var a, b int
	m := zmq.NewStringMessage("error", "the arguments are not two numbers")
	if n, err := fmt.Sscan(string(call.Frame(1)), &a, &b); n == 2 && err == nil {
		m = zmq.NewStringMessage("sum", strconv.Itoa(a+b))
	}
	r.done++
	delete(r.byID, r.ids[r.next])
	r.ids[r.next], r.byID[id] = id, m
	r.next = (r.next + 1) % len(r.ids)
	return m.Clone()
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "serve":
		if err := serve(ctx, args[1]); ctx.Err() == nil {
			log.Fatal(err)
		}
	case len(args) == 4 && args[0] == "call":
		sum, err := call(ctx, args[1:])
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(sum)
	default:
		log.Fatal("usage: rpc serve ENDPOINT | rpc call ENDPOINT,... A B")
	}
}

func call(ctx context.Context, args []string) (int, error) {
	a, errA := strconv.Atoi(args[1])
	b, errB := strconv.Atoi(args[2])
	if err := errors.Join(errA, errB); err != nil {
		return 0, err
	}
	c, err := newClient(strings.Split(args[0], ","), time.Second, 3)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	return c.add(ctx, a, b)
}
