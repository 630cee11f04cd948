package mdp

import (
	"time"

	"github.com/zerobroker/zmq"
)

// request is a request of a client, from its arrival to its final reply.
type request struct {
	client   *peer
	service  *service
	version  Version // of the client
	msg      zmq.Message
	envelope int // as in packet
	body     int
	size     int

	arrived time.Time
	tries   int  // how many times it was sent to a worker that was then lost
	partial bool // a partial reply was sent
	next    *request
}

// queue holds the requests of a service that wait for a worker. Clients get their turns
// one after the other, so that one with many requests does not delay the others ("SHOULD
// serve clients on a fair basis", RFC 7 and 18).
type queue struct {
	byClient map[*peer]*clientQueue
	turns    list[*clientQueue] // the client whose turn it is first; none is empty
	n        int
	unused   *clientQueue // an empty one that is used again
}

// clientQueue holds the requests of one client in the order of arrival.
type clientQueue struct {
	client      *peer
	front, back *request
	turn        node[*clientQueue]
}

// of returns the queue of a client, a new one if it has none.
func (q *queue) of(client *peer) *clientQueue {
	if cq := q.byClient[client]; cq != nil {
		return cq
	}
	cq := q.unused
	q.unused = nil
	if cq == nil {
		cq = new(clientQueue)
		cq.turn.value = cq
	}
	cq.client = client
	if q.byClient == nil {
		q.byClient = make(map[*peer]*clientQueue)
	}
	q.byClient[client] = cq
	q.turns.pushBack(&cq.turn)
	return cq
}

// pushBack adds a new request.
func (q *queue) pushBack(r *request) {
	cq := q.of(r.client)
	if cq.back == nil {
		cq.front = r
	} else {
		cq.back.next = r
	}
	cq.back = r
	q.n++
}

// pushFront adds a request that was taken before.
func (q *queue) pushFront(r *request) {
	cq := q.of(r.client)
	if r.next = cq.front; r.next == nil {
		cq.back = r
	}
	cq.front = r
	q.n++
}

// pop takes the next request. The queue is not empty.
func (q *queue) pop() *request {
	cq := q.turns.front.value
	r := q.take(cq)
	if cq.turn.listed {
		q.turns.moveToBack(&cq.turn)
	}
	return r
}

// take takes the first request of a client.
func (q *queue) take(cq *clientQueue) *request {
	r := cq.front
	cq.front, r.next = r.next, nil
	q.n--
	if cq.front == nil {
		cq.back = nil
		delete(q.byClient, cq.client)
		q.turns.remove(&cq.turn)
		cq.client = nil
		q.unused = cq
	}
	return r
}

// popClient takes the first request of a client, or returns nil.
func (q *queue) popClient(client *peer) *request {
	if cq := q.byClient[client]; cq != nil {
		return q.take(cq)
	}
	return nil
}

// popExpired takes a request that arrived before a time, or returns nil.
func (q *queue) popExpired(before time.Time) *request {
	for e := q.turns.front; e != nil; e = e.next {
		if r := e.value.front; r.arrived.Before(before) {
			return q.take(e.value)
		}
	}
	return nil
}
