package seq

import (
	"context"

	"github.com/zerobroker/zmq"
)

// replay is the answer to the request of one peer. One more request of the peer may wait
// until it is complete.
type replay struct {
	id      string // routing ID of the peer
	start   uint64
	waiting bool // whether next is valid
	next    uint64
}

// replayBatch is the number of messages that a replay reads from the buffer at a time.
const replayBatch = 64

// serve starts the replays that peers request, until the publisher is closed.
func (p *Publisher) serve() {
	defer p.wg.Done()
	for m, err := range p.router.Messages(p.ctx) {
		if err != nil {
			return
		}
		p.request(m)
	}
}

// request starts a replay, or drops the request.
func (p *Publisher) request(m zmq.Message) {
	start, ok := decodeRequest(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r := p.active[m.RoutingID()]; {
	case !ok:
		p.stats.ReplayMalformed++
	case p.closed:
	case r != nil && !r.waiting:
		r.waiting, r.next = true, start
	case r != nil || len(p.active) >= p.o.MaxReplays:
		p.stats.ReplaysRefused++
	default:
		r = &replay{id: m.RoutingID(), start: start}
		p.active[r.id] = r
		p.wg.Add(1)
		go p.answer(r)
	}
}

// answer sends the replies to the requests of one peer. It has a goroutine of its own,
// because it waits for the peer to read.
func (p *Publisher) answer(r *replay) {
	defer p.wg.Done()
	for {
		sent, err := p.send(r.id, r.start)
		p.mu.Lock()
		p.stats.Replayed += sent
		if err != nil {
			p.stats.ReplaysAborted++
			delete(p.active, r.id)
			p.mu.Unlock()
			return
		}
		p.stats.Replays++
		if !r.waiting {
			delete(p.active, r.id)
			p.mu.Unlock()
			return
		}
		r.start, r.waiting = r.next, false
		p.mu.Unlock()
	}
}

// send sends the messages from start on that were published before the call, and the end.
func (p *Publisher) send(id string, start uint64) (sent uint64, err error) {
	entries := make([]entry, 0, replayBatch)
	msgs := make([]zmq.Message, 0, replayBatch)
	p.mu.Lock()
	end := p.buf.next
	p.mu.Unlock()
	for {
		p.mu.Lock()
		entries = p.buf.read(entries[:0], start, end)
		p.mu.Unlock()
		msgs = msgs[:0]
		for _, e := range entries {
			msgs = append(msgs, encodeReply(e.number, e.payload))
			start = e.number + 1
		}
		last := len(entries) == 0
		if last {
			msgs = append(msgs, encodeReply(endNumber, nil))
		}
		if err := p.sendBatch(id, msgs); err != nil || last {
			return sent, err
		}
		sent += uint64(len(entries))
	}
}

func (p *Publisher) sendBatch(id string, msgs []zmq.Message) error {
	ctx, cancel := context.WithTimeout(p.ctx, p.o.ReplayTimeout)
	defer cancel()
	_, err := p.router.SendBatchTo(ctx, id, msgs)
	return err
}
