package mdp

import (
	"slices"
	"time"

	"github.com/zerobroker/zmq"
)

// core is the broker as a state machine: it gets messages and the time, and puts
// messages for peers into their queues (peer.out). It has no socket, goroutine or clock.
type core struct {
	cfg      coreConfig
	peers    map[string]*peer // by routing ID, from their first message until they disconnect
	services map[string]*service
	workers  list[*worker]
	changed  []*peer // those with messages in out
	build    builder
	spare    [][]zmq.Message // memory for peer.out
	state    coreState

	queued, inFlight, bytes int // requests, as in BrokerStats
	unused                  *request

	stats BrokerStats // without the fields that snapshot sets
	drops [dropReasons]uint64
}

// coreConfig has the options of a broker with their defaults applied.
type coreConfig struct {
	heartbeat, workerTimeout, requestTimeout time.Duration
	redispatch                               int

	maxServices, maxWorkers, maxConcurrency         int
	maxRequests, maxRequestBytes, requestsPerClient int

	maxFrames, maxSize int // of a message that can be forwarded

	concurrency func(ready zmq.Message) int // X-MDP-Concurrency of the peer that sent a message, 0 if it has none
}

// peer is a connected client or worker, or both.
type peer struct {
	id       string
	out      []zmq.Message // to be sent; empty outside of a step of the core
	requests int           // requests of the client that the core holds
	gone     bool          // it has disconnected

	worker   *worker // if it is registered
	expelled bool    // DISCONNECT was sent to it or received from it
}

// service is a name with workers or queued requests.
type service struct {
	name     string
	wire     []byte // the name as a frame
	queue    queue
	free     list[*worker] // workers that can get a request; none if the queue is not empty
	workers  int
	inFlight int
}

// coreState is the lifetime of a broker.
type coreState uint8

const (
	stateServing  coreState = iota
	stateDraining           // no request or worker is accepted; those that it has are served
	stateClosed             // it has neither requests nor workers
)

func newCore(cfg coreConfig) *core {
	return &core{cfg: cfg, peers: make(map[string]*peer), services: make(map[string]*service)}
}

// handle processes a message of the peer with a routing ID.
func (c *core) handle(now time.Time, id string, m zmq.Message) {
	p := c.peers[id]
	if p == nil {
		p = &peer{id: id}
		c.peers[id] = p
	}
	k, err := decode(m)
	switch {
	case err != nil || m.NumFrames() > c.cfg.maxFrames || m.Size() > c.cfg.maxSize:
		c.invalid(now, p)
	case k.worker:
		c.handleWorker(now, p, m, &k)
	case k.cmd != cmdRequest || !validService(k.service):
		c.invalid(now, p)
	case isManagement(k.service):
		c.manage(p, m, &k)
	default:
		c.handleRequest(now, p, m, &k)
	}
}

// invalid drops a message that is not MDP. A worker that sends one is removed: "SHOULD
// respond to invalid messages by dropping them and treating that peer as invalid".
func (c *core) invalid(now time.Time, p *peer) {
	c.drops[DropMalformed]++
	if p.worker != nil {
		c.expel(now, p)
	}
}

// handleRequest accepts a request, or drops it if a limit is reached.
func (c *core) handleRequest(now time.Time, p *peer, m zmq.Message, k *packet) {
	size := m.Size()
	reason := DropReason(dropReasons)
	switch {
	case c.state != stateServing:
		reason = DropClosing
	case p.requests >= c.cfg.requestsPerClient:
		reason = DropClientLimit
	case c.queued+c.inFlight >= c.cfg.maxRequests || c.bytes+size > c.cfg.maxRequestBytes:
		reason = DropRequestLimit
	}
	if reason != dropReasons {
		c.drops[reason]++
		return
	}
	s := c.services[string(k.service)]
	if s == nil {
		if len(c.services)-c.workers.n >= c.cfg.maxServices {
			c.drops[DropServiceLimit]++
			return
		}
		s = c.service(k.service)
	}
	r := c.newRequest()
	*r = request{client: p, service: s, version: k.version, msg: m, envelope: k.envelope, body: k.body, size: size, arrived: now}
	c.stats.Requests++
	p.requests++
	c.bytes += size
	if e := s.free.front; e != nil {
		c.dispatch(now, e.value, r)
		return
	}
	s.queue.pushBack(r)
	c.queued++
}

// service returns a service, which it creates if there is none of that name.
func (c *core) service(name []byte) *service {
	if s := c.services[string(name)]; s != nil {
		return s
	}
	s := &service{name: string(name), wire: []byte(string(name))}
	c.services[s.name] = s
	return s
}

// tidy removes a service that has neither workers nor requests.
func (c *core) tidy(s *service) {
	if s.workers == 0 && s.queue.n == 0 && c.services[s.name] == s {
		delete(c.services, s.name)
	}
}

// newRequest returns memory for a request.
func (c *core) newRequest() *request {
	if r := c.unused; r != nil {
		c.unused = r.next
		return r
	}
	return new(request)
}

// finish forgets a request that is neither queued nor in flight.
func (c *core) finish(r *request) {
	r.client.requests--
	c.bytes -= r.size
	*r = request{next: c.unused}
	c.unused = r
}

// dropQueued drops a request that was taken from its queue.
func (c *core) dropQueued(r *request, reason DropReason) {
	s := r.service
	c.queued--
	c.drops[reason]++
	c.finish(r)
	c.tidy(s)
}

// reply sends a partial or final reply to a request to its client. body is the index of
// its first frame in m.
func (c *core) reply(r *request, cmd command, m zmq.Message, body int) {
	switch {
	case r.client.gone:
		c.drops[DropClientLost]++
		return
	case cmd == cmdPartial && r.version == V01:
		c.drops[DropPartial]++
		return
	case cmd == cmdPartial:
		r.partial = true
		c.stats.Partials++
	default:
		c.stats.Replies++
	}
	b := &c.build
	b.begin(r.envelope + 3 + m.NumFrames() - body)
	b.addFrom(r.msg, 0, r.envelope)
	b.clientHeader(r.version, cmd, r.service.wire)
	b.addFrom(m, body, m.NumFrames())
	c.send(r.client, b.end())
}

// send queues a message for a peer.
func (c *core) send(p *peer, m zmq.Message) {
	if len(p.out) == 0 {
		c.changed = append(c.changed, p)
		if n := len(c.spare); n > 0 {
			p.out, c.spare = c.spare[n-1], c.spare[:n-1]
		}
	}
	p.out = append(p.out, m)
}

// takeOut takes the messages for a peer. recycle gets their memory back.
func (c *core) takeOut(p *peer) []zmq.Message {
	out := p.out
	p.out = nil
	return out
}

// recycle keeps the memory of messages that were sent.
func (c *core) recycle(out []zmq.Message) {
	clear(out)
	if len(c.spare) < maxSpare {
		c.spare = append(c.spare, out[:0])
	}
}

// maxSpare is how many slices are kept: about as many as peers get messages at a time.
const maxSpare = 256

// unsent counts the replies among the messages for a peer that its queue did not take. A
// worker in that state cannot serve requests.
func (c *core) unsent(now time.Time, p *peer, msgs []zmq.Message, reason DropReason) {
	if p.worker != nil {
		c.stats.WorkersLost++
		c.removeWorker(now, p.worker, false)
		p.expelled = true
	}
	for _, m := range msgs {
		if !isWorkerCommand(m) {
			c.drops[reason]++
		}
	}
}

// discardCommands removes the commands for a worker that are not sent yet.
func (p *peer) discardCommands() { p.out = slices.DeleteFunc(p.out, isWorkerCommand) }

// isWorkerCommand reports whether a message of the broker is for a worker; otherwise it
// is a reply.
func isWorkerCommand(m zmq.Message) bool {
	k, _ := decodeHeader(m)
	return k.worker
}

// disconnected forgets a peer whose connection has ended.
func (c *core) disconnected(now time.Time, id string) {
	p := c.peers[id]
	if p == nil {
		return
	}
	delete(c.peers, id)
	p.gone = true
	if p.worker != nil {
		c.stats.WorkersLost++
		c.removeWorker(now, p.worker, false)
	}
	if p.requests == 0 {
		return
	}
	for _, s := range c.services {
		for r := s.queue.popClient(p); r != nil; r = s.queue.popClient(p) {
			c.dropQueued(r, DropClientLost)
		}
	}
}

// tick sends heartbeats, removes workers that are silent and drops requests that have
// waited for too long.
func (c *core) tick(now time.Time) {
	for e := c.workers.front; e != nil; {
		w := e.value
		e = e.next
		switch {
		case now.Sub(w.heard) >= c.cfg.workerTimeout:
			c.stats.WorkersLost++
			c.removeWorker(now, w, false)
		case now.Sub(w.sent) >= c.cfg.heartbeat:
			w.sent = now
			c.send(w.peer, c.build.workerCommand(w.version, cmdHeartbeat))
		}
	}
	before := now.Add(-c.cfg.requestTimeout)
	for _, s := range c.services {
		for r := s.queue.popExpired(before); r != nil; r = s.queue.popExpired(before) {
			c.dropQueued(r, DropExpired)
		}
	}
}

// close sends DISCONNECT to all workers and drops all requests.
func (c *core) close(now time.Time) {
	c.state = stateClosed
	for _, s := range c.services {
		for s.queue.n > 0 {
			c.dropQueued(s.queue.pop(), DropClosing)
		}
	}
	for e := c.workers.front; e != nil; e = c.workers.front {
		c.expel(now, e.value.peer)
	}
}
