package mdp

import (
	"encoding/binary"
	"time"

	"github.com/zerobroker/zmq"
)

// worker is a registered worker.
type worker struct {
	peer      *peer
	service   *service
	version   Version
	announced bool // it has X-MDP-Concurrency
	capacity  int  // how many requests it may have
	heard     time.Time
	sent      time.Time

	slots    []slot   // the requests that it has
	unused   []uint32 // indices of slots without a request
	inFlight int

	all  node[*worker] // in core.workers
	free node[*worker] // in service.free, if inFlight is less than capacity
}

// slot is the place of a request at a worker. The address in a REQUEST is the routing ID
// of the client, and then the index and the number of the slot, so that replies in any
// order are matched, and each is accepted once.
type slot struct {
	number  uint32
	request *request
}

// slotSize is the size of the index and the number of a slot in an address.
const slotSize = 8

// handleWorker processes a command of MDP/Worker.
func (c *core) handleWorker(now time.Time, p *peer, m zmq.Message, k *packet) {
	w := p.worker
	switch {
	case p.expelled:
		c.drops[DropDisconnected]++
		return
	case k.cmd == cmdDisconnect:
		// "When the broker receives DISCONNECT from a worker it MUST send no further
		// commands to that worker."
		p.expelled = true
		if w != nil {
			c.removeWorker(now, w, w.announced)
		}
		return
	case k.cmd == cmdReady && w == nil:
		c.register(now, p, k, c.cfg.concurrency(m))
		return
	case w == nil || w.version != k.version || k.cmd == cmdReady || k.cmd == cmdRequest:
		c.drops[DropUnexpected]++
		c.expelAs(now, p, k.version)
		return
	}
	w.heard = now
	if k.cmd != cmdHeartbeat {
		c.handleReply(now, w, m, k)
	}
}

// register adds a worker. "It MUST disconnect any workers that attempt to register
// services in this namespace" (RFC 8).
func (c *core) register(now time.Time, p *peer, k *packet, concurrency int) {
	reason := DropReason(dropReasons)
	switch {
	case !validService(k.service):
		reason = DropMalformed
	case isManagement(k.service):
		reason = DropUnexpected
	case c.state != stateServing:
		reason = DropClosing
	case c.workers.n >= c.cfg.maxWorkers:
		reason = DropWorkerLimit
	}
	if reason != dropReasons {
		c.drops[reason]++
		c.expelAs(now, p, k.version)
		return
	}
	s := c.service(k.service)
	w := &worker{peer: p, service: s, version: k.version, announced: concurrency > 0, heard: now, sent: now,
		capacity: min(max(concurrency, 1), c.cfg.maxConcurrency)}
	w.all.value, w.free.value = w, w
	p.worker = w
	c.workers.pushBack(&w.all)
	s.workers++
	s.free.pushBack(&w.free)
	c.serve(now, s)
}

// serve gives queued requests to free workers.
func (c *core) serve(now time.Time, s *service) {
	for s.queue.n > 0 && s.free.n > 0 {
		c.queued--
		c.dispatch(now, s.free.front.value, s.queue.pop())
	}
}

// dispatch sends a request to a free worker. The free workers get their turns one after
// the other.
func (c *core) dispatch(now time.Time, w *worker, r *request) {
	var i uint32
	if n := len(w.unused); n > 0 {
		i, w.unused = w.unused[n-1], w.unused[:n-1]
	} else {
		i = uint32(len(w.slots))
		w.slots = append(w.slots, slot{})
	}
	sl := &w.slots[i]
	sl.number++
	sl.request = r

	b := &c.build
	addr := append(b.grow(len(r.client.id)+slotSize), r.client.id...)
	addr = binary.BigEndian.AppendUint32(addr, i)
	addr = binary.BigEndian.AppendUint32(addr, sl.number)
	b.begin(5 + r.msg.NumFrames() - r.body)
	b.workerHeader(w.version, cmdRequest)
	b.add(addr, empty)
	b.addFrom(r.msg, r.body, r.msg.NumFrames())
	c.send(w.peer, b.end())

	w.sent = now
	c.inFlight++
	w.service.inFlight++
	if w.inFlight++; w.inFlight == w.capacity {
		w.service.free.remove(&w.free)
	} else {
		w.service.free.moveToBack(&w.free)
	}
}

// handleReply forwards a partial or final reply of a worker.
func (c *core) handleReply(now time.Time, w *worker, m zmq.Message, k *packet) {
	i, ok := w.find(k.address)
	if !ok {
		c.drops[DropUnexpected]++
		c.expel(now, w.peer)
		return
	}
	r := w.slots[i].request
	c.reply(r, k.cmd, m, k.body)
	if k.cmd == cmdPartial {
		return
	}
	c.release(w, i)
	c.finish(r)
	if s := w.service; s.queue.n > 0 {
		c.serve(now, s)
	}
}

// find returns the index of the slot that has the request with an address.
func (w *worker) find(address []byte) (i uint32, ok bool) {
	n := len(address) - slotSize
	if n < 0 {
		return 0, false
	}
	i = binary.BigEndian.Uint32(address[n:])
	if i >= uint32(len(w.slots)) {
		return 0, false
	}
	sl := &w.slots[i]
	return i, sl.request != nil && sl.number == binary.BigEndian.Uint32(address[n+4:])
}

// release frees a slot.
func (c *core) release(w *worker, i uint32) {
	w.slots[i].request = nil
	w.unused = append(w.unused, i)
	c.inFlight--
	w.service.inFlight--
	w.inFlight--
	if !w.free.listed {
		w.service.free.pushBack(&w.free)
	}
}

// expel sends DISCONNECT to a registered worker.
func (c *core) expel(now time.Time, p *peer) { c.expelAs(now, p, p.worker.version) }

// expelAs sends DISCONNECT to a peer, "and then no further commands to that worker".
func (c *core) expelAs(now time.Time, p *peer, v Version) {
	p.expelled = true
	if p.worker != nil {
		c.removeWorker(now, p.worker, false)
	}
	c.send(p, c.build.workerCommand(v, cmdDisconnect))
}

// removeWorker removes a worker. Its requests are sent to other workers if that is safe,
// because it has not begun them (unbegun), or if the options permit it.
func (c *core) removeWorker(now time.Time, w *worker, unbegun bool) {
	s := w.service
	w.peer.worker = nil
	w.peer.discardCommands()
	c.workers.remove(&w.all)
	s.workers--
	for i := range w.slots {
		if r := w.slots[i].request; r != nil {
			c.release(w, uint32(i))
			c.retry(r, unbegun)
		}
	}
	s.free.remove(&w.free)
	c.serve(now, s)
	c.tidy(s)
}

// retry queues a request of a worker that is lost, or drops it.
func (c *core) retry(r *request, unbegun bool) {
	reason := DropReason(dropReasons)
	switch {
	case c.state == stateClosed:
		reason = DropClosing
	case r.client.gone:
		reason = DropClientLost
	case r.partial || !unbegun && r.tries >= c.cfg.redispatch:
		reason = DropWorkerLost
	}
	if reason != dropReasons {
		c.drops[reason]++
		c.finish(r)
		return
	}
	if !unbegun {
		r.tries++
	}
	c.stats.Redispatched++
	c.queued++
	r.service.queue.pushFront(r)
}
