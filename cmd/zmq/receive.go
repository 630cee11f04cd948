package main

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq"
)

// receiver is a socket that receives.
type receiver interface {
	Recv(ctx context.Context) (zmq.Message, error)
	TryRecv() (zmq.Message, error)
}

// handleFunc handles a received message.
type handleFunc func(ctx context.Context, m *zmq.Message) error

// printOnly is the handleFunc of commands that only receive.
func (j *job) printOnly(_ context.Context, m *zmq.Message) error { return j.out.print(m) }

// receiveAll receives the number of messages that --count asks for, or until
// ctx ends.
func (j *job) receiveAll(ctx context.Context, s receiver, handle handleFunc) error {
	for n := 0; j.count == nil || n < *j.count; {
		m, err := j.receive(ctx, s)
		if err != nil {
			return j.receiveEnd(err)
		}
		if err := handle(ctx, &m); err != nil {
			return j.ignoreBrokenPipe(err)
		}
		if !m.IsConnect() && !m.IsDisconnect() { // peers did not send these
			n++
			j.received.Add(1)
		}
		m.Release()
	}
	return j.out.flush()
}

// receive returns the next message. Before it waits for one, it flushes the
// output.
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

// receiveEnd returns the error of receiveAll after Recv returned err. Without
// --count, Ctrl-C is the normal end, and so is --timeout after a message.
func (j *job) receiveEnd(err error) error {
	if isStopped(err) && j.count == nil && (j.interrupted() || j.timedOut() && j.received.Load() > 0) {
		return nil
	}
	return j.ignoreBrokenPipe(err)
}
