package main

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq"
)

// receiver is what receives.
type receiver interface {
	Recv(ctx context.Context) (zmq.Message, error)
	TryRecv() (zmq.Message, error)
}

// handleFunc does what is to be done with a received message.
type handleFunc func(ctx context.Context, m *zmq.Message) error

// printOnly is the handleFunc of commands that only receive.
func (j *job) printOnly(_ context.Context, m *zmq.Message) error { return j.out.print(m) }

// receiveAll receives as many messages as were asked for, or until it is ended.
func (j *job) receiveAll(ctx context.Context, s receiver, handle handleFunc) error {
	for n := 0; j.count == nil || n < *j.count; {
		m, err := j.receive(ctx, s)
		if err != nil {
			return j.receiveEnd(err)
		}
		if err := handle(ctx, &m); err != nil {
			return j.excuse(err)
		}
		if !m.IsConnect() && !m.IsDisconnect() { // nobody sent these
			n++
			j.received.Add(1)
		}
		m.Release()
	}
	return j.out.flush()
}

// receive returns the next message. Before it waits for one, it has everything
// printed that came before.
func (j *job) receive(ctx context.Context, s receiver) (zmq.Message, error) {
	if err := ctx.Err(); err != nil {
		return zmq.Message{}, err
	}
	m, err := s.TryRecv()
	if !errors.Is(err, zmq.ErrWouldBlock) {
		return m, err
	}
	if err := j.out.flush(); err != nil {
		return zmq.Message{}, err
	}
	return s.Recv(ctx)
}

// receiveEnd makes nothing of an end that is the usual one.
func (j *job) receiveEnd(err error) error {
	if ended(err) && j.count == nil && (j.interrupted() || j.timedOut() && j.received.Load() > 0) {
		return nil
	}
	return j.excuse(err)
}
