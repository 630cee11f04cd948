package ppp

import (
	"time"

	"github.com/zerobroker/zmq"
)

// phase is the state of the conversation of a worker.
type phase uint8

const (
	phaseOpen    phase = iota // there is a socket, which sends READY whenever it has connected
	phaseWaiting              // the queue was silent; there is no socket until resumeAt
)

// workerState is the protocol of a worker: it is passed the messages of the socket, the
// results of the handler and the time, and appends what is to be done to out.
//
// The socket sends READY as the first message of each of its connections, so that a
// connection is a conversation. At most one request is being handled and one is
// pending: that of a new conversation that began before the handler has ended.
type workerState struct {
	interval               time.Duration // between heartbeats
	ttl                    time.Duration // silence after which the queue is considered dead
	minBackoff, maxBackoff time.Duration

	phase    phase
	expires  time.Time     // when the queue is considered dead
	beatAt   time.Time     // time of the next HEARTBEAT
	backoff  time.Duration // next time to wait
	resumeAt time.Time     // end of phaseWaiting

	current *work // being handled
	pending *work
	out     []action

	stats WorkerStats
}

// work is a request.
type work struct {
	stack   [][]byte
	content [][]byte
	stale   bool // its conversation has ended
}

// do is what an action does.
type do uint8

const (
	doOpen   do = iota // open a socket and connect it
	doClose            // close the socket and discard what is queued
	doSend             // send message
	doStart            // pass work to the handler
	doCancel           // end the context of the handler
)

type action struct {
	do      do
	message zmq.Message
	work    *work
}

func (w *workerState) act(d do)            { w.out = append(w.out, action{do: d}) }
func (w *workerState) send(m zmq.Message)  { w.out = append(w.out, action{do: doSend, message: m}) }
func (w *workerState) alive(now time.Time) { w.expires, w.backoff = now.Add(w.ttl), w.minBackoff }

// open begins phaseOpen.
func (w *workerState) open(now time.Time) {
	w.phase = phaseOpen
	w.expires = now.Add(w.ttl)
	w.beatAt = now.Add(w.interval)
	w.act(doOpen)
}

// receive processes a message of the queue.
func (w *workerState) receive(now time.Time, m zmq.Message) {
	k, stack, content := decode(m)
	if k == kindInvalid || k == kindReady {
		w.stats.Drops.Malformed++
		return
	}
	w.alive(now)
	if k == kindHeartbeat {
		return
	}
	r := &work{stack: stack, content: content}
	switch {
	case w.current == nil:
		w.start(r)
	case w.current.stale && w.pending == nil:
		w.pending = r
	default:
		// The queue must wait for a REPLY before it sends another REQUEST.
		w.stats.Drops.Unexpected++
	}
}

func (w *workerState) start(r *work) {
	w.stats.Requests++
	w.current = r
	w.out = append(w.out, action{do: doStart, work: r})
}

// lost processes that the connection, and with it the conversation, has ended. The
// socket connects again.
func (w *workerState) lost(now time.Time) {
	w.stats.Lost++
	w.expires = now.Add(w.ttl)
	w.discard()
}

// discard drops the requests of an ended conversation, which the queue gives to another
// worker.
func (w *workerState) discard() {
	if w.pending != nil {
		w.pending = nil
		w.stats.Drops.Unexpected++
	}
	if w.current != nil && !w.current.stale {
		w.current.stale = true
		w.act(doCancel)
	}
}

// finished processes the result of the handler. If it has failed, READY begins another
// conversation, and the queue gives the request to another worker.
func (w *workerState) finished(reply zmq.Message, err error) {
	r := w.current
	w.current = nil
	switch {
	case err != nil:
		w.stats.Failures++
		if !r.stale && w.phase == phaseOpen {
			w.send(ready())
		}
	case r.stale || w.phase != phaseOpen:
		w.stats.Drops.StaleReply++
	default:
		w.stats.Replies++
		w.send(encodeWork(r.stack, reply.Frames()))
	}
	if p := w.pending; p != nil {
		w.pending = nil
		w.start(p)
	}
}

// unsent processes that a REPLY could not be sent: because the connection is lost, or,
// if tooLarge, because it is above the limits of the socket, which is a failure as an
// error of the handler is.
func (w *workerState) unsent(tooLarge bool) {
	w.stats.Replies--
	if !tooLarge {
		w.stats.Drops.StaleReply++
		return
	}
	w.stats.Failures++
	w.send(ready())
}

// tick does what is due. connected reports whether the socket is connected: as long as
// it is not, it connects by itself, and the queue is not considered silent.
func (w *workerState) tick(now time.Time, connected bool) {
	switch {
	case w.phase == phaseWaiting:
		if !now.Before(w.resumeAt) {
			w.open(now)
		}
		return
	case !connected:
		w.expires = now.Add(w.ttl)
	case !now.Before(w.expires):
		w.silent(now)
		return
	}
	if !now.Before(w.beatAt) {
		w.beatAt = now.Add(w.interval)
		if connected {
			w.send(heartbeat())
		}
	}
}

// silent ends the conversation because the queue has sent nothing for too long. The
// next one begins after the backoff, on another socket, so that nothing of this one is
// left.
func (w *workerState) silent(now time.Time) {
	w.stats.Expired++
	w.discard()
	w.act(doClose)
	w.phase = phaseWaiting
	w.resumeAt = now.Add(w.backoff)
	w.backoff = min(times(w.backoff, 2), w.maxBackoff)
}

// next returns the time of the next tick.
func (w *workerState) next() time.Time {
	if w.phase == phaseWaiting {
		return w.resumeAt
	}
	if w.expires.Before(w.beatAt) {
		return w.expires
	}
	return w.beatAt
}
