package main

import (
	"context"
	"time"

	"github.com/zerobroker/zmq"
)

// perfFlags are flags of the measurements between two processes. libzmq's
// programs do not have them.
type perfFlags struct {
	Timeout time.Duration `placeholder:"D" help:"Stop after this time, such as 30s, with exit status 1. Default 0s: no timeout."`
}

// bound and connected return the jobs of the two sides of a measurement.
func (f *perfFlags) bound(e *env, endpoint string) (*job, error) {
	return (&socketFlags{Bind: []string{endpoint}, Timeout: f.Timeout, securityFlags: noSecurityFlags}).job(e, layout{})
}

func (f *perfFlags) connected(e *env, endpoint string) (*job, error) {
	return (&socketFlags{Connect: []string{endpoint}, Timeout: f.Timeout, securityFlags: noSecurityFlags}).job(e, layout{})
}

type localThrCmd struct {
	BindTo string `arg:"" name:"bind-to" help:"Endpoint to bind."`
	load
	perfFlags
	curveFlag
}

// Run measures the received messages.
func (c *localThrCmd) Run(ctx context.Context, e *env) error {
	if err := firstError(c.load.check(), c.curveFlag.check()); err != nil {
		return err
	}
	j, err := c.bound(e, c.BindTo)
	if err != nil {
		return err
	}
	s, err := zmq.NewPull(c.server())
	if err != nil {
		return err
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		d, err := c.receiveFlood(ctx, s.Receiver)
		if err != nil {
			return err
		}
		return firstError(c.printLoad(e, "message"), c.printThroughput(e, c.throughput(d)))
	})
}

type remoteThrCmd struct {
	ConnectTo string `arg:"" name:"connect-to" help:"Endpoint to connect to."`
	load
	perfFlags
	curveFlag
}

// Run sends to local_thr.
func (c *remoteThrCmd) Run(ctx context.Context, e *env) error {
	if err := firstError(c.load.check(), c.curveFlag.check()); err != nil {
		return err
	}
	j, err := c.connected(e, c.ConnectTo)
	if err != nil {
		return err
	}
	s, err := zmq.NewPush(c.client())
	if err != nil {
		return err
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		// Without a peer, no messages are queued in memory.
		if err := s.WaitConnected(ctx); err != nil {
			return err
		}
		return c.sendFlood(ctx, s.Sender)
	})
}

type localLatCmd struct {
	BindTo string `arg:"" name:"bind-to" help:"Endpoint to bind."`
	load
	perfFlags
	curveFlag
}

// Run replies to remote_lat.
func (c *localLatCmd) Run(ctx context.Context, e *env) error {
	if err := firstError(c.load.check(), c.curveFlag.check()); err != nil {
		return err
	}
	j, err := c.bound(e, c.BindTo)
	if err != nil {
		return err
	}
	s, err := zmq.NewRep(c.server())
	if err != nil {
		return err
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		return c.echo(ctx, s)
	})
}

type remoteLatCmd struct {
	ConnectTo string `arg:"" name:"connect-to" help:"Endpoint to connect to."`
	load
	perfFlags
	curveFlag
}

// Run measures round trips.
func (c *remoteLatCmd) Run(ctx context.Context, e *env) error {
	if err := firstError(c.load.check(), c.curveFlag.check()); err != nil {
		return err
	}
	j, err := c.connected(e, c.ConnectTo)
	if err != nil {
		return err
	}
	s, err := zmq.NewReq(c.client())
	if err != nil {
		return err
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		// The time must not include connecting.
		if err := s.WaitConnected(ctx); err != nil {
			return err
		}
		d, err := c.roundTrips(ctx, s)
		if err != nil {
			return err
		}
		return firstError(c.printLoad(e, "roundtrip"), c.printLatency(e, d))
	})
}

// firstError returns the first error that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
