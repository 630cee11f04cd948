package main

import (
	"context"

	"github.com/zerobroker/zmq"
)

// curveFlag is the optional last argument of libzmq's throughput programs.
type curveFlag struct {
	Curve int `arg:"" optional:"" name:"enable-curve" help:"0: CURVE encryption is not in this command yet."`
}

func (c curveFlag) check() error {
	if c.Curve != 0 {
		return usagef("this command has no CURVE encryption; leave the last argument out")
	}
	return nil
}

// open binds or connects one end of a measurement.
func openEnd(e *env, s zmq.Socket, bind, connect string) error {
	if connect != "" {
		return s.Connect(connect)
	}
	bound, err := s.Bind(bind)
	if err != nil {
		return err
	}
	e.announce(bind, bound)
	if exposed(bound) {
		e.warnExposed(bound)
	}
	return nil
}

type localThrCmd struct {
	BindTo string `arg:"" name:"bind-to" help:"Endpoint to bind."`
	load
	curveFlag
}

// Run measures what comes in.
func (c *localThrCmd) Run(ctx context.Context, e *env) error {
	if err := firstError(c.load.check(), c.curveFlag.check()); err != nil {
		return err
	}
	s, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := openEnd(e, s, c.BindTo, ""); err != nil {
		return err
	}
	d, err := c.receiveFlood(ctx, s)
	if err != nil {
		return err
	}
	return firstError(c.printLoad(e, "message"), c.printThroughput(e, c.throughput(d)))
}

type remoteThrCmd struct {
	ConnectTo string `arg:"" name:"connect-to" help:"Endpoint to connect to."`
	load
	curveFlag
}

// Run sends to local_thr.
func (c *remoteThrCmd) Run(ctx context.Context, e *env) error {
	if err := firstError(c.load.check(), c.curveFlag.check()); err != nil {
		return err
	}
	s, err := zmq.NewPush(nil)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := openEnd(e, s, "", c.ConnectTo); err != nil {
		return err
	}
	return firstError(c.sendFlood(ctx, s), s.Shutdown(ctx))
}

type localLatCmd struct {
	BindTo string `arg:"" name:"bind-to" help:"Endpoint to bind."`
	load
}

// Run answers remote_lat.
func (c *localLatCmd) Run(ctx context.Context, e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	s, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := openEnd(e, s, c.BindTo, ""); err != nil {
		return err
	}
	return firstError(c.answer(ctx, s), s.Shutdown(ctx))
}

type remoteLatCmd struct {
	ConnectTo string `arg:"" name:"connect-to" help:"Endpoint to connect to."`
	load
}

// Run measures round trips.
func (c *remoteLatCmd) Run(ctx context.Context, e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	s, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := openEnd(e, s, "", c.ConnectTo); err != nil {
		return err
	}
	d, err := c.roundTrips(ctx, s)
	if err != nil {
		return err
	}
	return firstError(c.printLoad(e, "roundtrip"), c.printLatency(e, d))
}

// firstError is the first that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
