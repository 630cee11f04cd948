package mdp

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq"
)

// Request is a request of a client to a worker.
type Request struct {
	Body    zmq.Message // the frames of the client, at least one
	Version Version     // of the conversation with the broker

	c       *conversation
	address []byte
}

// Partial sends a partial reply of the frames, which it copies. The final reply is what
// the handler returns. Partial waits while the queue to the broker is full. The
// error matches [zmq.ErrInvalidState] in MDP/0.1, which has no partial replies,
// [zmq.ErrPeerLost] if the conversation has ended, or that of ctx.
func (r *Request) Partial(ctx context.Context, frames ...[]byte) error {
	if r.Version == V01 {
		return fmt.Errorf("mdp: partial reply: %w: %s has none", zmq.ErrInvalidState, r.Version)
	}
	if err := r.send(ctx, cmdPartial, zmq.NewMessage(frames...).Clone()); err != nil {
		return fmt.Errorf("mdp: partial reply: %w", err)
	}
	r.c.w.count(func(s *WorkerStats) { s.Partials++ })
	return nil
}

// reply sends the final reply.
func (r *Request) reply(cmd command, m zmq.Message) {
	err := r.send(r.c.ctx, cmd, m)
	r.c.w.count(func(s *WorkerStats) {
		if err != nil {
			s.Stale++
		} else {
			s.Replies++
		}
	})
}

// send sends a reply.
func (r *Request) send(ctx context.Context, cmd command, m zmq.Message) error {
	c := r.c
	c.w.mu.Lock()
	ended := c.ended
	c.w.mu.Unlock()
	if ended {
		return zmq.ErrPeerLost
	}
	var b builder
	b.frames = make([][]byte, 0, 5+m.NumFrames())
	b.workerHeader(r.Version, cmd)
	b.add(r.address, empty)
	b.addFrom(m, 0, m.NumFrames())
	return c.sendMessage(ctx, b.end())
}
