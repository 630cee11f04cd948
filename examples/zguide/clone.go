package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

const cloneTTL = 5 * time.Second // after which a silent server is dead

// cloneClient is a client of the Clone pattern, the Guide's class clone: it has a copy of
// the keys of a subtree, and uses the next server if the current one is silent. A real
// program uses the package clone of the module patterns.
//
// The C class has a thread, to which it sends messages. Here set and get use a mutex and
// the socket directly, and the goroutine run only receives.
type cloneClient struct {
	out       io.Writer
	subtree   string
	publisher *zmq.Pub // to all servers
	servers   []*cloneServerPeer

	mu    sync.Mutex
	store kvStore
}

// cloneServerPeer is one server. It has three successive ports: for snapshots, updates
// and the updates of clients.
type cloneServerPeer struct {
	endpoint   string // for snapshots
	subscriber *zmq.Sub
}

func newCloneClient(out io.Writer, subtree string) (*cloneClient, error) {
	publisher, err := zmq.NewPub(&zmq.Options{Linger: zmq.NoLinger})
	return &cloneClient{out: out, subtree: subtree, publisher: publisher, store: kvStore{}}, err
}

func (c *cloneClient) close() {
	c.publisher.Close()
	for _, s := range c.servers {
		s.subscriber.Close()
	}
}

// connect adds a server. It must be called before run.
func (c *cloneClient) connect(at string, port int) error {
	endpoint := fmt.Sprint(at, port)
	fmt.Fprintf(c.out, "I: adding server %s...\n", endpoint)
	subscriber, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	c.servers = append(c.servers, &cloneServerPeer{endpoint, subscriber})
	if err := subscriber.Subscribe(c.subtree, "HUGZ"); err != nil {
		return err
	}
	if err := subscriber.Connect(fmt.Sprint(at, port+1)); err != nil {
		return err
	}
	return c.publisher.Connect(fmt.Sprint(at, port+2))
}

// set sends an update to all servers. The key expires after ttl seconds, or never if ttl
// is 0.
func (c *cloneClient) set(ctx context.Context, key string, value []byte, ttl int) error {
	kv := newKVMsg(key, value, ttl)
	c.mu.Lock()
	c.store.set(kv, 0)
	c.mu.Unlock()
	return c.publisher.Send(ctx, kv.frames()...)
}

// get returns the value of a key.
func (c *cloneClient) get(key string) (value []byte, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kv, ok := c.store[key]
	return kv.body, ok
}

// run receives from the servers, one after the other, until ctx ends.
func (c *cloneClient) run(ctx context.Context) error {
	for i := 0; ; i++ {
		s := c.servers[i%len(c.servers)]
		fmt.Fprintf(c.out, "I: waiting for server %s...\n", s.endpoint)
		err := c.follow(ctx, s)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fmt.Fprintf(c.out, "I: server %s didn't give HUGZ (%v)\n", s.endpoint, err)
	}
}

// follow requests the snapshot of a server and receives its updates, until it is silent
// for too long.
func (c *cloneClient) follow(ctx context.Context, s *cloneServerPeer) error {
	waiting, cancel := context.WithTimeout(ctx, cloneTTL)
	store := kvStore{}
	sequence, err := cloneRequest(waiting, s.endpoint, store, c.subtree)
	cancel()
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "I: received from %s snapshot=%d\n", s.endpoint, sequence)
	c.mu.Lock()
	c.store = store
	c.mu.Unlock()
	for {
		kv, err := cloneRecv(ctx, s.subscriber)
		if err != nil {
			return err
		}
		if kv.key != "HUGZ" && kv.sequence > sequence {
			sequence = kv.sequence
			c.mu.Lock()
			c.store.set(kv, 0) // the server deletes it when it expires
			c.mu.Unlock()
			fmt.Fprintf(c.out, "I: received from %s update=%d\n", s.endpoint, sequence)
		}
	}
}

// cloneRequest requests the keys of a subtree from a server, and stores them. It uses a
// socket of its own, so that no late reply to an earlier request is received.
func cloneRequest(ctx context.Context, endpoint string, store kvStore, subtree string) (sequence int64, err error) {
	client, err := zmq.NewDealer(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return 0, err
	}
	defer client.Close()
	if err := client.Connect(endpoint); err != nil {
		return 0, err
	}
	return clonecli5Snapshot(ctx, client, store, subtree)
}

// cloneRecv waits for the next message of a server.
func cloneRecv(ctx context.Context, socket *zmq.Sub) (kvMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, cloneTTL)
	defer cancel()
	m, err := socket.Recv(ctx)
	if err != nil {
		return kvMsg{}, err
	}
	return parseKVMsg(m)
}
