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

// plain is the sendFunc of sockets that pick the receiver themselves.
func plain(s zmq.Sender) sendFunc {
	return func(ctx context.Context, r *record) error { return s.Send(ctx, r.frames...) }
}

// single is plain for sockets that send messages of one frame.
func single(s zmq.FrameSender) sendFunc {
	return func(ctx context.Context, r *record) error { return s.Send(ctx, r.frames[0]) }
}

// route sends to the peer that a message names. That it is not there is no
// reason to stop.
func (j *job) route(send sendFunc, n naming) sendFunc {
	return func(ctx context.Context, r *record) error {
		err := send(ctx, r)
		if !errors.Is(err, zmq.ErrNoRoute) {
			return err
		}
		j.unrouted.Add(1)
		j.sent.Add(-1) // the caller is about to count it
		j.e.say("no peer has the %s", r.peer(n))
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
			j.e.say("%s is gone, so its message cannot go back", j.out.rec.peer(n))
			return nil
		}
		return err
	}
}

// sendAll sends the whole input. When ctx ends it returns, even if the input
// is waiting for a line.
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
		return nil // Ctrl-C is as good as Ctrl-D when nothing is left unsent
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
			err = j.ready(ctx, &r)
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

// pause waits.
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
