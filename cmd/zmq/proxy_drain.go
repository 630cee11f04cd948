package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// heartbeatFlags configure how a side of a proxy notices peers that do not answer.
type heartbeatFlags struct {
	Heartbeat        *time.Duration `placeholder:"D" help:"Send a heartbeat to a peer of this side that is silent for this time. Default 10s; 0s sends none."`
	HeartbeatTimeout *time.Duration `placeholder:"D" help:"Close the connection of a peer that does not answer a heartbeat for this time. Default: the time of the heartbeats."`
}

// options returns the options of the socket. prefix is that of the flags.
func (f *heartbeatFlags) options(prefix string) (o zmq.HeartbeatOptions, err error) {
	if f.Heartbeat != nil {
		switch o.Interval = *f.Heartbeat; {
		case o.Interval < 0:
			return o, usagef("--%sheartbeat must not be negative", prefix)
		case o.Interval == 0:
			o.Interval = zmq.Forever
		}
	}
	if f.HeartbeatTimeout != nil {
		o.Timeout = *f.HeartbeatTimeout
		switch {
		case o.Timeout <= 0:
			return o, usagef("--%sheartbeat-timeout must be positive", prefix)
		case o.Interval == zmq.Forever:
			return o, usagef("--%sheartbeat-timeout needs heartbeats, and --%sheartbeat 0s sends none", prefix, prefix)
		}
	}
	return o, nil
}

// drainPoll is the time between two looks at the queues of a proxy that ends.
const drainPoll = 10 * time.Millisecond

// drainNotice is how long a proxy that ends is silent.
const drainNotice = 500 * time.Millisecond

// forwardUntil forwards messages until ctx ends, then those that are queued, for at
// most the time of --drain. TERMINATE, the command of a control socket, ends it as
// ctx does; a second one ends it at once. It returns when that time is over.
func (p *proxy) forwardUntil(ctx context.Context) (deadline time.Time, err error) {
	forwarding, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.forward(forwarding) }()
	select {
	case err := <-ended:
		if err != nil {
			return time.Now(), err
		}
		go func() { ended <- p.forward(forwarding) }()
	case <-ctx.Done():
	}
	deadline = time.Now().Add(p.drain)
	draining, endNow := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	slow := time.AfterFunc(drainNotice, func() {
		p.e.logCommandf("stopping: forwards what is queued for at most %v; a second Ctrl-C or SIGTERM ends it at once", p.drain)
	})
	defer slow.Stop()
	var moving sync.WaitGroup
	moving.Go(func() {
		p.moveQueued(draining)
		stop()
	})
	err = <-ended
	endNow()
	moving.Wait()
	if isStopped(err) {
		err = nil
	}
	return deadline, err
}

// moveQueued stops accepting peers, and returns when the messages that the proxy has
// received are sent and the requests that it has forwarded are answered, or when ctx
// ends.
func (p *proxy) moveQueued(ctx context.Context) {
	p.draining.Store(true)
	p.control.Resume()
	front, back := p.sides[0], p.sides[1]
	var stopping sync.WaitGroup
	for _, s := range p.sides[:2] {
		if onlyReceives(s.kind) {
			stopping.Go(func() { s.sock.StopReceiving(ctx) })
		}
	}
	stopping.Wait()
	until := p.control.Stats().Front.MessagesReceived + uint64(front.sock.Stats().QueuedRecv)
	poll := time.NewTicker(drainPoll)
	defer poll.Stop()
	stopped := onlyReceives(front.kind)
	for {
		st := p.control.Stats()
		d := &st.Drops
		moved := st.Front.MessagesReceived+st.Back.MessagesReceived == st.Front.MessagesSent+st.Back.MessagesSent+d.NoRoute+d.PeerFull+d.Refused
		if !stopped && st.Front.MessagesReceived >= until {
			// What was queued is moved. Clients that go on would never end it.
			stopped = true
			p.control.StopFront()
		} else if stopped && moved && back.sock.Stats().QueuedRecv == 0 &&
			(!onlyReceives(front.kind) || front.sock.Stats().QueuedRecv == 0) &&
			(front.kind != "router" || st.Back.MessagesReceived >= st.Back.MessagesSent) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
	}
}

// onlyReceives reports whether sockets of a type send nothing.
func onlyReceives(kind string) bool {
	return slices.Contains([]string{"pull", "gather", "sub", "dish"}, kind)
}
