package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// sendFunc sends one message of the input.
type sendFunc func(ctx context.Context, r *record) error

// plain is the sendFunc of socket types that choose the peer.
func plain(s zmq.Sender) sendFunc {
	return func(ctx context.Context, r *record) error { return s.Send(ctx, r.frames...) }
}

// single is like plain for socket types whose messages have one frame.
func single(s zmq.FrameSender) sendFunc {
	return func(ctx context.Context, r *record) error { return s.Send(ctx, r.frames[0]) }
}

// toID is the sendFunc of socket types that send to a routing ID.
func toID(s zmq.SenderToID) sendFunc {
	return func(ctx context.Context, r *record) error { return s.SendTo(ctx, r.id, r.frames...) }
}

// toNumber is the sendFunc of socket types that send to a routing number.
func toNumber(s zmq.SenderToNumber) sendFunc {
	return func(ctx context.Context, r *record) error { return s.SendTo(ctx, r.number, r.frames[0]) }
}

// skipUnroutable reports and counts a message to a peer that is not connected,
// and continues.
func (j *job) skipUnroutable(send sendFunc, n naming) sendFunc {
	return func(ctx context.Context, r *record) error {
		err := send(ctx, r)
		if !errors.Is(err, zmq.ErrNoRoute) {
			return err
		}
		j.unroutable.Add(1)
		j.sent.Add(-1) // the caller is about to count it
		j.e.logf("no peer has the %s", r.peer(n))
		return nil
	}
}

// echo prints a message and sends it back.
func (j *job) echo(send sendFunc, n naming) handleFunc {
	return func(ctx context.Context, m *zmq.Message) error {
		if err := j.out.print(m); err != nil || j.out.rec.event != "" {
			return err
		}
		err := send(ctx, &j.out.rec)
		if errors.Is(err, zmq.ErrNoRoute) {
			j.e.logf("%s has disconnected: its message is not sent back", j.out.rec.peer(n))
			return nil
		}
		return err
	}
}

// sendAll sends the whole input. It returns when ctx ends, even if the input is
// waiting for a line.
func (j *job) sendAll(ctx context.Context, send sendFunc) error {
	done := make(chan error, 1)
	go func() { done <- j.sendLoop(ctx, send) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		if err = errStopped; !j.in.stop() {
			err = <-done
		}
	}
	if err == errStopped && j.in.terminal && j.interrupted() {
		return nil // on a terminal, Ctrl-C ends the input like Ctrl-D
	}
	return err
}

func (j *job) sendLoop(ctx context.Context, send sendFunc) error {
	var r record
	for first := true; ; first = false {
		err := j.in.next(&r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if first {
			err = j.beforeFirst(ctx, &r)
		} else {
			err = pause(ctx, j.interval)
		}
		if err != nil {
			return err
		}
		if err := send(ctx, &r); err != nil {
			return err
		}
		j.sent.Add(1)
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
