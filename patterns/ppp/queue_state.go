package ppp

import (
	"container/list"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/zerobroker/zmq"
)

// queueState is the protocol of a queue: it is passed the messages of both sockets and
// the time, and appends the messages to send to out.
//
// A worker has at most one request. It is in idle if it has none. Requests are received
// from clients only while there is an idle worker, so that pending contains only
// requests whose worker has failed, and has at most as many elements as there were
// workers.
type queueState struct {
	ttl         time.Duration // silence after which a worker is considered dead
	maxWorkers  int
	maxAttempts int

	workers map[string]*worker // by routing ID
	idle    list.List          // of *worker, the least recently used first
	pending []*job             // to be given to the next idle workers, in order
	last    uint64             // last token
	out     []output

	stats QueueStats // without the lengths
}

// worker is a worker that has sent READY.
type worker struct {
	id      string
	expires time.Time
	job     *job          // nil if idle
	element *list.Element // in idle, nil if busy
}

// job is a request that was received from a client.
type job struct {
	token    []byte // the address by which the reply names it
	client   string // routing ID
	envelope [][]byte
	body     [][]byte
	attempts int // workers that it was given to
}

// output is a message to a client or to a worker.
type output struct {
	toClient bool
	id       string
	message  zmq.Message
	job      *job // of a REQUEST
}

// free reports whether a request of a client can be given to a worker.
func (q *queueState) free() bool { return q.idle.Len() > 0 && len(q.pending) == 0 }

// fromClient processes a request. The queue must be free.
func (q *queueState) fromClient(m zmq.Message) {
	q.last++
	q.stats.Requests++
	q.pending = append(q.pending, &job{
		token:    binary.BigEndian.AppendUint64(nil, q.last),
		client:   m.RoutingID(),
		envelope: m.Envelope(),
		body:     m.Body().Frames(),
	})
	q.dispatch()
}

// fromWorker processes a message of a worker.
func (q *queueState) fromWorker(now time.Time, m zmq.Message) {
	id := m.RoutingID()
	if m.IsDisconnect() {
		q.remove(id, &q.stats.WorkersDisconnected)
		return
	}
	k, stack, content := decode(m)
	w := q.workers[id]
	switch {
	case k == kindInvalid:
		q.stats.Drops.Malformed++
	case k == kindReady:
		q.begin(now, id)
	case w == nil:
		// "The first message in any conversation MUST be W:READY." The queue sends
		// this worker no heartbeats, so it begins another conversation.
		q.stats.Drops.UnknownWorker++
	case k == kindHeartbeat:
		w.expires = now.Add(q.ttl)
	default:
		w.expires = now.Add(q.ttl)
		q.reply(w, stack, content)
	}
}

// begin begins a conversation with a worker. The request of an earlier one, which the
// worker has given up, is repeated.
func (q *queueState) begin(now time.Time, id string) {
	w := q.workers[id]
	switch {
	case w != nil:
		q.retry(w)
	case len(q.workers) >= q.maxWorkers:
		q.stats.Drops.WorkerLimit++
		return
	default:
		w = &worker{id: id}
		q.workers[id] = w
		q.stats.WorkersReady++
	}
	w.expires = now.Add(q.ttl)
	q.rest(w)
	q.dispatch()
}

// reply processes a REPLY. Its address stack must be that of the worker's request, so
// that a worker cannot answer requests of others.
func (q *queueState) reply(w *worker, stack, content [][]byte) {
	j := w.job
	if j == nil || len(stack) != 2 || !slices.Equal(stack[0], j.token) {
		q.stats.Drops.StaleReply++
		return
	}
	w.job = nil
	q.out = append(q.out, output{toClient: true, id: j.client, message: zmq.NewMessage(slices.Concat(j.envelope, content)...)})
	q.rest(w)
	q.dispatch()
}

// rest makes a worker idle.
func (q *queueState) rest(w *worker) {
	if w.element == nil {
		w.element = q.idle.PushBack(w)
	}
}

// dispatch gives pending requests to idle workers.
func (q *queueState) dispatch() {
	for len(q.pending) > 0 && q.idle.Len() > 0 {
		j := q.pending[0]
		q.pending = slices.Delete(q.pending, 0, 1)
		w := q.idle.Remove(q.idle.Front()).(*worker)
		w.element, w.job = nil, j
		j.attempts++
		q.out = append(q.out, output{id: w.id, message: encodeWork([][]byte{j.token, nil}, j.body), job: j})
	}
}

// retry takes the request of a worker back, if it has one, and keeps it for another
// worker unless it has been given to too many.
func (q *queueState) retry(w *worker) {
	j := w.job
	w.job = nil
	switch {
	case j == nil:
	case j.attempts >= q.maxAttempts:
		q.stats.Drops.Attempts++
	default:
		q.stats.Retries++
		q.pending = append(q.pending, j)
	}
}

// remove ends the conversation with a worker and counts it. Removing an unknown worker
// does nothing.
func (q *queueState) remove(id string, counter *uint64) {
	w := q.workers[id]
	if w == nil {
		return
	}
	*counter++
	delete(q.workers, id)
	if w.element != nil {
		q.idle.Remove(w.element)
	}
	q.retry(w)
	q.dispatch()
}

// undelivered processes that a message could not be sent. A worker that has no room for
// a REQUEST is treated as dead. A message above the limits of the socket is dropped.
func (q *queueState) undelivered(o output, err error) {
	w := q.workers[o.id]
	mine := !o.toClient && o.job != nil && w != nil && w.job == o.job
	switch {
	case errors.Is(err, zmq.ErrMessageTooLarge):
		q.stats.Drops.TooLarge++
		if mine {
			w.job = nil
			q.rest(w)
			q.dispatch()
		}
	case mine:
		q.remove(o.id, &q.stats.WorkersDisconnected)
	case o.toClient && errors.Is(err, zmq.ErrWouldBlock):
		q.stats.Drops.ClientFull++
	case o.toClient:
		q.stats.Drops.ClientGone++
	}
}

// tick removes dead workers, and sends HEARTBEAT to the others. It is called once each
// heartbeat interval.
func (q *queueState) tick(now time.Time) {
	var dead []string
	for id, w := range q.workers {
		if now.Before(w.expires) {
			q.out = append(q.out, output{id: id, message: heartbeat()})
		} else {
			dead = append(dead, id)
		}
	}
	slices.Sort(dead)
	for _, id := range dead {
		q.remove(id, &q.stats.WorkersExpired)
	}
}
