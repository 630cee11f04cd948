package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
)

type proxyCmd struct {
	Front   []string `sep:"none" required:"" placeholder:"TYPE:EP" help:"Socket type and endpoint of one side: router:tcp://*:5555 binds, and so does router:@tcp://*:5555; 'xsub:>tcp://host:5555' connects. Quote >, which has a meaning in the shell. Repeatable for more endpoints of the same socket."`
	Back    []string `sep:"none" required:"" placeholder:"TYPE:EP" help:"The other side."`
	Capture []string `sep:"none" placeholder:"TYPE:EP" help:"Send a copy of every forwarded message to this socket: a pub, push, pair or dealer. A copy that cannot be sent at once is dropped and counted."`
	Control []string `sep:"none" placeholder:"TYPE:EP" help:"Receive PAUSE, RESUME, TERMINATE and STATISTICS on this socket: a rep, pair, pull or sub. Every program that can connect to it controls the proxy: use ipc."`
	Metrics *string  `placeholder:"ADDR" help:"Serve the counters over HTTP at this address, such as 127.0.0.1:9100: for Prometheus at /metrics, and as a page at /."`
	JSON    bool     `name:"json" help:"Print the counters at the end as a line of JSON on standard output, instead of as text on standard error."`
	Verbose bool     `short:"v" help:"Log the events of connections to standard error."`

	Drain time.Duration `default:"5s" placeholder:"D" help:"After Ctrl-C or SIGTERM, forward what is queued, and await the replies to forwarded requests, for at most this time. Default 5s."`

	FrontHeartbeat heartbeatFlags `embed:"" prefix:"front-"`
	BackHeartbeat  heartbeatFlags `embed:"" prefix:"back-"`
	FrontSecurity  securityFlags  `embed:"" prefix:"front-"`
	BackSecurity   securityFlags  `embed:"" prefix:"back-"`
}

// Help is shown by zmq proxy --help.
func (proxyCmd) Help() string {
	return `Forwards the messages that each side receives to the other, until Ctrl-C, SIGTERM or TERMINATE. Then it prints how many messages
passed and how many were dropped, and why. On a terminal, a line on standard error shows the rates.

The usual pairs:

    --front router --back dealer    requests of REQ and DEALER clients to REP and DEALER workers, and their replies
    --front xsub --back xpub        messages of PUB to SUB; the subscriptions go the other way
    --front pull --back push        tasks to workers

A sub subscribes to every message, as front, back or control. An xsub has the subscriptions of the peers of its xpub: with a sub, every
message passes the network to the proxy.

With --json the counters at the end are an object with

    front_to_back.received  messages that the front has received
    front_to_back.sent      messages that were sent to the back
    front_to_back.bytes     bytes of those sent
    back_to_front.received  the same for the other direction
    back_to_front.sent
    back_to_front.bytes
    dropped                 messages by the reason for which they were dropped. Of the proxy: no_route (no peer has the routing ID of a
                            reply), peer_full (its queue is full) and refused (the socket cannot send the message). Of the queues: front_
                            or back_ and a reason of the library (DropReason). Reasons without a message are absent
    capture.dropped         copies that were not sent; absent without --capture

Each side has its own security: --front-curve-server applies to all endpoints of the front, and not to the back. An ipc endpoint can
only be used by the same user of the machine.

When it ends, it accepts no more connections, receives what the peers of a pull have written, forwards what is queued, and awaits the
replies to the requests that it has forwarded, for at most the time of --drain. The exit status is 0. What it could not forward is
counted: "unread" was received and not sent, "linger" was sent and not written. A request that has no reply must be sent again by its
client. A second Ctrl-C or SIGTERM ends it at once, without the counters; the same signal within 100 ms of the first does not count,
because timeout sends it twice. Clients and workers may be started before or after it, and connect again when it is restarted.

When a worker of a dealer dies, its connection ends at once, or after 10 to 20 s without an answer to heartbeats if it hangs or its machine
is gone; --back-heartbeat and --back-heartbeat-timeout change that. From then on the other workers receive the requests. A request that was
sent to the dead worker has no reply, and its client must send it again after a timeout. A worker that hangs before it has read its requests
is not noticed while its machine acknowledges them, because it may be slow: it receives further requests until its queue is full. While there
is no worker, requests wait in the queues of the proxy (1,000 for each client).

Examples:

    zmq proxy --front router:tcp://*:5555 --back dealer:tcp://*:5556
    zmq proxy --front router:tcp://*:5555 --front-curve-server server --front-curve-allow clients --back dealer:ipc:///run/workers
    zmq proxy --front 'xsub:>tcp://feed1:5555' --front 'xsub:>tcp://feed2:5555' --back xpub:tcp://*:5556
    zmq proxy --front pull:tcp://*:5557 --back push:tcp://*:5558 --capture pub:ipc:///tmp/copies --control rep:ipc:///tmp/control
    zmq proxy --front router:tcp://*:5555 --back dealer:tcp://*:5556 --metrics 127.0.0.1:9100
    zmq req -c ipc:///tmp/control PAUSE    # and RESUME, STATISTICS, TERMINATE

Queue devices: a broker that notices within 2 s that a worker or its machine is gone, and a streamer and a forwarder.

    zmq proxy --front router:tcp://*:5555 --back dealer:tcp://*:5556 --back-heartbeat 1s
    zmq proxy --front pull:tcp://*:5557 --back push:tcp://*:5558 --drain 30s
    zmq proxy --front xsub:tcp://*:5559 --back xpub:tcp://*:5560`
}

// proxySide is a socket of a proxy.
type proxySide struct {
	name      string // "front", "back", "capture" or "control"
	security  *securityFlags
	heartbeat zmq.HeartbeatOptions

	kind          string
	bind, connect []string
	sock          zmq.Connector
}

// Run forwards messages.
func (c *proxyCmd) Run(ctx context.Context, e *env) error {
	if c.Drain < 0 {
		return usagef("--drain must not be negative")
	}
	p := &proxy{e: e, verbose: c.Verbose, drain: c.Drain}
	for _, side := range []struct {
		name      string
		values    []string
		security  *securityFlags
		heartbeat *heartbeatFlags
	}{
		{"front", c.Front, &c.FrontSecurity, &c.FrontHeartbeat}, {"back", c.Back, &c.BackSecurity, &c.BackHeartbeat},
		{"capture", c.Capture, nil, nil}, {"control", c.Control, nil, nil},
	} {
		if len(side.values) == 0 {
			continue
		}
		if err := p.add(side.name, side.values, side.security, side.heartbeat); err != nil {
			return err
		}
	}
	if c.Metrics != nil {
		l, err := p.listenMetrics(*c.Metrics)
		if err != nil {
			return err
		}
		defer l.Close()
		p.metrics = l
	}
	return p.run(ctx, c.JSON)
}

// proxy is the job of a proxyCmd.
type proxy struct {
	e       *env
	verbose bool
	sides   []*proxySide
	metrics net.Listener // nil without --metrics
	control zmq.ProxyControl

	drain    time.Duration // for the end
	draining atomic.Bool   // no connection is accepted any more
}

// side returns the socket of a side, or the zero Socket.
func (p *proxy) side(name string) zmq.Socket {
	for _, s := range p.sides {
		if s.name == name {
			return s.sock.Socket
		}
	}
	return zmq.Socket{}
}

// add checks the flags of a side.
func (p *proxy) add(name string, values []string, security *securityFlags, heartbeat *heartbeatFlags) error {
	s := &proxySide{name: name, security: security}
	var err error
	if s.kind, s.bind, s.connect, err = parseSides("--"+name, values); err != nil {
		return err
	}
	if heartbeat != nil {
		if s.heartbeat, err = heartbeat.options(name + "-"); err != nil {
			return err
		}
	}
	if security == nil {
		s.security = &securityFlags{noMechanism: true}
		if slices.ContainsFunc(slices.Concat(s.bind, s.connect), isTLS) {
			return usagef("--%s: tls+tcp is for the front and the back", name)
		}
	} else {
		s.security.prefix = name + "-"
	}
	if err := s.security.secure(p.e, s.bind, s.connect); err != nil {
		return err
	}
	p.sides = append(p.sides, s)
	return nil
}

// open makes the sockets.
func (p *proxy) open() error {
	for _, s := range p.sides {
		var err error
		if s.sock, err = openSocket(s.kind, p.options(s)); err != nil {
			return err
		}
	}
	// Checks the types and forwards nothing.
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	err := p.forward(ended)
	if op, ok := errors.AsType[*zmq.OpError](err); ok {
		return op.Err // without "proxy", which is the name of the command too
	}
	if !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// options returns the options of a socket.
func (p *proxy) options(s *proxySide) *zmq.Options {
	return &zmq.Options{
		Security: s.security.security, Heartbeat: s.heartbeat,
		Accept: func(zmq.PeerInfo) bool { return !p.draining.Load() },
	}
}

// attach binds and connects the sockets.
func (p *proxy) attach() error {
	for _, s := range p.sides {
		warned := false
		for _, ep := range s.bind {
			bound, err := s.sock.Bind(ep)
			if err != nil {
				return err
			}
			if ephemeral(ep) {
				p.e.logf("%s: %s%s", s.name, listening, bound)
			}
			if exposed(bound) && !warned {
				warned = true
				s.security.warnExposed(p.e, bound)
			}
		}
		for _, ep := range s.connect {
			if err := s.sock.Connect(ep); err != nil {
				return err
			}
		}
	}
	return nil
}

// forward forwards messages until ctx ends.
func (p *proxy) forward(ctx context.Context) error {
	return zmq.Proxy(ctx, p.side("front"), p.side("back"), &zmq.ProxyOptions{
		Capture: p.side("capture"), ControlSocket: p.side("control"), Control: &p.control,
	})
}

// run forwards messages, and closes the sockets when their queues are written or the
// time of --drain is over.
func (p *proxy) run(ctx context.Context, asJSON bool) error {
	err := p.open()
	background, stop := context.WithCancel(ctx)
	deadline := time.Now()
	var helpers sync.WaitGroup
	if err == nil {
		p.watch(background, &helpers)
		err = p.attach()
	}
	if err == nil {
		if p.metrics != nil {
			helpers.Go(func() { p.serveMetrics(background, p.metrics) })
		}
		if p.e.terminal.err {
			helpers.Go(func() { p.showRates(background) })
		}
		deadline, err = p.forwardUntil(ctx)
	}
	stop()
	helpers.Wait()
	p.e.setLive("")
	p.close(deadline)
	if err != nil && !isStopped(err) {
		return err
	}
	return p.report(asJSON)
}

// watch follows the events of all sockets, until ctx ends.
func (p *proxy) watch(ctx context.Context, helpers *sync.WaitGroup) {
	for _, s := range p.sides {
		w := watcher{verbose: p.verbose, socket: s.sock.Type().String(), hint: s.security.hint}
		events := s.sock.Events(ctx)
		helpers.Go(func() { w.run(p.e, events) })
		if lookup := s.security.lookup; lookup != nil {
			helpers.Go(func() { auth.DisconnectRevoked(ctx, s.sock.Socket, lookup) })
		}
	}
}

// close closes the sockets. Queued messages are written until the deadline.
func (p *proxy) close(deadline time.Time) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	var closing sync.WaitGroup
	for _, s := range p.sides {
		if s.sock.Socket != (zmq.Socket{}) {
			closing.Go(func() { s.sock.Shutdown(ctx) })
		}
	}
	closing.Wait()
}

// proxyReport are the counters that a proxy prints at the end.
type proxyReport struct {
	FrontToBack flowReport        `json:"front_to_back"`
	BackToFront flowReport        `json:"back_to_front"`
	Dropped     map[string]uint64 `json:"dropped"` // by reason
	Captured    *capturedReport   `json:"capture,omitempty"`
}

// flowReport are the counters of one direction.
type flowReport struct {
	Received uint64 `json:"received"`
	Sent     uint64 `json:"sent"`
	Bytes    uint64 `json:"bytes"` // sent
}

// capturedReport are the counters of the copies.
type capturedReport struct {
	Dropped uint64 `json:"dropped"`
}

// counters returns the counters. The drops are those of the proxy and those of
// the queues of both sides, whose names begin with that of the side.
func (p *proxy) counters() proxyReport {
	st := p.control.Stats()
	r := proxyReport{
		FrontToBack: flowReport{st.Front.MessagesReceived, st.Back.MessagesSent, st.Back.BytesSent},
		BackToFront: flowReport{st.Back.MessagesReceived, st.Front.MessagesSent, st.Front.BytesSent},
		Dropped:     map[string]uint64{},
	}
	for reason, n := range map[string]uint64{
		"no_route": st.Drops.NoRoute, "peer_full": st.Drops.PeerFull, "refused": st.Drops.Refused,
	} {
		if n > 0 {
			r.Dropped[reason] = n
		}
	}
	for _, s := range p.sides[:2] {
		for reason, n := range s.sock.Stats().Drops {
			r.Dropped[s.name+"_"+reason.String()] = n
		}
	}
	if p.side("capture") != (zmq.Socket{}) {
		r.Captured = &capturedReport{st.Drops.Captures}
	}
	return r
}

// report prints the counters.
func (p *proxy) report(asJSON bool) error {
	r := p.counters()
	if asJSON {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = p.e.stdout.Write(append(line, '\n'))
		return outputError(err)
	}
	p.e.logCommandf("%d messages from front to back, %d from back to front; %s", r.FrontToBack.Sent, r.BackToFront.Sent, r.dropText())
	return nil
}

// dropText lists the drops.
func (r *proxyReport) dropText() string {
	var parts []string
	for reason, n := range r.Dropped {
		parts = append(parts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(reason, "_", " ")))
	}
	if c := r.Captured; c != nil && c.Dropped > 0 {
		parts = append(parts, fmt.Sprintf("%d copies", c.Dropped))
	}
	if len(parts) == 0 {
		return "none dropped"
	}
	slices.Sort(parts)
	return "dropped: " + strings.Join(parts, ", ")
}

// rateInterval is the time between two updates of the line of rates.
const rateInterval = time.Second

// showRates shows the rates on the last line of the terminal, until ctx ends.
func (p *proxy) showRates(ctx context.Context) {
	tick := time.NewTicker(rateInterval)
	defer tick.Stop()
	last, at := p.control.Stats(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			st, now := p.control.Stats(), time.Now()
			p.e.setLive(p.rates(last, st, now.Sub(at)))
			last, at = st, now
		}
	}
}

// rates returns the text of the line, for the time d between two readings.
func (p *proxy) rates(last, now zmq.ProxyStats, d time.Duration) string {
	perSecond := func(from, to uint64) string { return grouped(uint64(float64(to-from)/d.Seconds() + 0.5)) }
	front, back := p.sides[0].sock.Stats(), p.sides[1].sock.Stats()
	r := p.counters()
	var dropped uint64
	for _, n := range r.Dropped {
		dropped += n
	}
	state := ""
	if now.Paused {
		state = "paused  "
	}
	return fmt.Sprintf("%sfront>back %s/s  back>front %s/s  queued %s  peers %d+%d  dropped %s", state,
		perSecond(last.Back.MessagesSent, now.Back.MessagesSent), perSecond(last.Front.MessagesSent, now.Front.MessagesSent),
		grouped(uint64(front.QueuedRecv+front.QueuedSend+back.QueuedRecv+back.QueuedSend)), front.Peers, back.Peers, grouped(dropped))
}

// grouped returns a number with commas between groups of three digits.
func grouped(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
