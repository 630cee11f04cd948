package main

import (
	"context"
	"math"

	"github.com/zerobroker/zmq"
)

type inprocThrCmd struct{ load }

// Run measures from PUSH to PULL in one process.
func (c *inprocThrCmd) Run(ctx context.Context, e *env) error {
	if err := firstError(c.check(), c.printLoad(e, "message")); err != nil {
		return err
	}
	in, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := zmq.NewPush(nil)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := join(in.Connector, out.Connector, "inproc://thr_test"); err != nil {
		return err
	}
	ctx, stop := runConcurrently(ctx, func(ctx context.Context) error { return c.sendFlood(ctx, out.Sender) })
	d, err := c.receiveFlood(ctx, in.Receiver)
	if err := stop(err); err != nil {
		return err
	}
	// inproc_thr of libzmq truncates the messages per second before it computes
	// Mb/s.
	return c.printThroughput(e, math.Trunc(c.throughput(d)))
}

type inprocLatCmd struct{ load }

// Run measures between REQ and REP in one process.
func (c *inprocLatCmd) Run(ctx context.Context, e *env) error {
	if err := firstError(c.check(), c.printLoad(e, "roundtrip")); err != nil {
		return err
	}
	req, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer req.Close()
	rep, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer rep.Close()
	if err := join(req.Connector, rep.Connector, "inproc://lat_test"); err != nil {
		return err
	}
	ctx, stop := runConcurrently(ctx, func(ctx context.Context) error { return c.echo(ctx, rep) })
	d, err := c.roundTrips(ctx, req)
	if err := stop(err); err != nil {
		return err
	}
	return c.printLatency(e, d)
}

// join binds one socket and connects the other to it.
func join(bind, connect zmq.Connector, endpoint string) error {
	if _, err := bind.Bind(endpoint); err != nil {
		return err
	}
	return connect.Connect(endpoint)
}

// runConcurrently runs work in a goroutine, while the caller does its own part
// with the returned context, which ends if work fails. The caller passes the
// error of its part to stop, which waits for work and returns the first error.
func runConcurrently(ctx context.Context, work func(context.Context) error) (part context.Context, stop func(error) error) {
	part, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		err := work(part)
		if err != nil {
			cancel()
		}
		done <- err
	}()
	return part, func(err error) error {
		if err != nil {
			cancel()
		}
		werr := <-done
		cancel()
		if err != nil && (werr == nil || !isStopped(err)) {
			return err
		}
		return werr
	}
}
