package interop

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// minHeartbeats is the number of heartbeats after which a test considers them
// continuous.
const minHeartbeats = 10

// Either side or both send heartbeats.
func TestHeartbeatsKeepIdleConnectionOpen(t *testing.T) {
	ms := time.Millisecond
	cases := []struct {
		name        string
		ours        time.Duration
		theirs      int
		oursBeat    bool
		theirsBeats bool
	}{
		{"ours", 10 * ms, 0, true, false},
		{"theirs", zmq.Forever, 10, false, true},
		{"both", 10 * ms, 10, true, true},
	}
	for _, c := range cases {
		for _, oursBinds := range []bool{true, false} {
			t.Run(c.name+boundBy(oursBinds), func(t *testing.T) {
				t.Parallel()
				opts := testOptions()
				opts.Heartbeat.Interval = c.ours
				// Long, so that a slow machine does not look like a dead peer.
				opts.Heartbeat.Timeout, opts.Heartbeat.TTL = waitLimit, waitLimit
				far := options{}
				if c.theirs > 0 {
					far = options{"HEARTBEAT_IVL": c.theirs, "HEARTBEAT_TIMEOUT": waitLimitMS, "HEARTBEAT_TTL": waitLimitMS}
				}
				o, th := newOurs(t, "PAIR", opts), newTheirs(t, "PAIR", far)
				net := joinOver(o, th, oursBinds, heartbeatCommands)
				there, back := way(oursBinds, false), way(oursBinds, true)
				bothWays(o, th, single(10, 1))
				if c.oursBeat {
					net.wait(o.ctx, there, heartbeatCommands[0], minHeartbeats)
					net.wait(o.ctx, back, heartbeatCommands[1], minHeartbeats)
				}
				if c.theirsBeats {
					net.wait(o.ctx, back, heartbeatCommands[0], minHeartbeats)
					net.wait(o.ctx, there, heartbeatCommands[1], minHeartbeats)
				}
				bothWays(o, th, single(10, 1))
				if n := o.count(zmq.EventDisconnected); n > 0 {
					t.Errorf("%d connections were closed", n)
				}
			})
		}
	}
}

// way returns the direction of a relay that leads to our socket, or to the
// peer's.
func way(oursBinds, toUs bool) int {
	if oursBinds == toUs {
		return toBinder
	}
	return toConnector
}

func boundBy(us bool) string {
	if us {
		return "/bound by us"
	}
	return "/bound by them"
}

// joinOver connects the two sockets through a relay that counts commands.
func joinOver(o *ours, th *theirs, oursBinds bool, patterns []string) (net *relay) {
	o.t.Helper()
	var endpoint string
	if oursBinds {
		net, endpoint = newRelay(o.t, o.bind(freeEndpoint(o.t, "tcp")), patterns)
		th.connect(endpoint)
	} else {
		net, endpoint = newRelay(o.t, th.bind(freeEndpoint(o.t, "tcp")), patterns)
		o.connect(endpoint)
	}
	o.connected()
	th.connected()
	return net
}

// silence is a peer that becomes silent, and the heartbeat options of both sides.
type silence struct {
	name  string
	us    func(*zmq.Options)
	them  options
	ours  bool // our side detects the silence
	pings bool // our side sends PING
}

// silenceLimit is the timeout or TTL of the side that detects the silence. It is
// long, so that a slow machine does not look like a silent peer.
const silenceLimit = 3 * time.Second

func silences() []silence {
	const beat = 100 * time.Millisecond
	ms := func(d time.Duration) int64 { return d.Milliseconds() }
	noLimit := waitLimit
	return []silence{
		{"our timeout", func(o *zmq.Options) {
			o.Heartbeat.Interval, o.Heartbeat.Timeout = beat, silenceLimit
		}, options{}, true, true},
		{"their TTL", func(o *zmq.Options) {
			o.Heartbeat.Interval = zmq.Forever
		}, options{"HEARTBEAT_IVL": ms(beat), "HEARTBEAT_TIMEOUT": ms(noLimit), "HEARTBEAT_TTL": ms(silenceLimit)}, true, false},
		{"their timeout", func(o *zmq.Options) {
			o.Heartbeat.Interval = zmq.Forever
		}, options{"HEARTBEAT_IVL": ms(beat), "HEARTBEAT_TIMEOUT": ms(silenceLimit)}, false, false},
		{"our TTL", func(o *zmq.Options) {
			o.Heartbeat.Interval, o.Heartbeat.Timeout, o.Heartbeat.TTL = beat, noLimit, silenceLimit
		}, options{}, false, true},
	}
}

// The relay stops forwarding in one direction. The side whose timeout applies
// closes the connection, and the exchange continues over the next one.
func TestSilentPeerIsDisconnected(t *testing.T) {
	for _, c := range silences() {
		for _, oursBinds := range []bool{true, false} {
			t.Run(c.name+boundBy(oursBinds), func(t *testing.T) {
				t.Parallel()
				opts := testOptions()
				c.us(opts)
				o, th := newOurs(t, "DEALER", opts), newTheirs(t, "DEALER", c.them)
				c.check(t, o, th, oursBinds, heartbeatCommands[1])
			})
		}
	}
}

// check makes one of two connected DEALERs silent. pong is a command that the
// relay can count: PONG, or any frame if they are encrypted.
func (c silence) check(t *testing.T, o *ours, th *theirs, oursBinds bool, pong string) {
	t.Helper()
	events := o.watch()
	net := joinOver(o, th, oursBinds, []string{pong})
	events.wait(zmq.EventReady)
	bothWays(o, th, single(10, 1))
	// The receiver of a PING has its TTL once it sends the PONG. The second PONG
	// from now on answers a PING that was sent after the message.
	net.wait(o.ctx, way(oursBinds, c.pings), pong, net.count(way(oursBinds, c.pings), pong)+2)

	net.block(way(oursBinds, c.ours), true)
	e := events.wait(zmq.EventDisconnected)
	if c.ours && e.Reason != zmq.CloseHeartbeatTimeout {
		t.Errorf("disconnected for the reason %q (%v), want %q", e.Reason, e.Err, zmq.CloseHeartbeatTimeout)
	}
	th.event("DISCONNECTED")
	net.block(way(oursBinds, c.ours), false)
	events.wait(zmq.EventReady)
	th.connected()
	bothWays(o, th, single(10, 1))
}
