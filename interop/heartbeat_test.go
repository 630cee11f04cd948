package interop

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// beats is enough of them to be sure that they go on.
const beats = 10

// An idle connection stays while heartbeats of either side go over it.
func TestIdleConnectionStays(t *testing.T) {
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
				// Long, so that a slow machine is not taken for a dead peer.
				opts.Heartbeat.Timeout, opts.Heartbeat.TTL = patience, patience
				far := options{}
				if c.theirs > 0 {
					far = options{"HEARTBEAT_IVL": c.theirs, "HEARTBEAT_TIMEOUT": patienceMS, "HEARTBEAT_TTL": patienceMS}
				}
				o, th := newOurs(t, "PAIR", opts), newTheirs(t, "PAIR", far)
				net := joinOver(o, th, oursBinds)
				there, back := way(oursBinds, false), way(oursBinds, true)
				bothWays(o, th, single(10, 1))
				if c.oursBeat {
					net.wait(o.ctx, there, pulses[0], beats)
					net.wait(o.ctx, back, pulses[1], beats)
				}
				if c.theirsBeats {
					net.wait(o.ctx, back, pulses[0], beats)
					net.wait(o.ctx, there, pulses[1], beats)
				}
				bothWays(o, th, single(10, 1))
				if n := o.count(zmq.EventDisconnected); n > 0 {
					t.Errorf("%d connections were lost", n)
				}
			})
		}
	}
}

// way is the lane of a relay that leads to us, or to them.
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

// joinOver is join with a relay in between.
func joinOver(o *ours, th *theirs, oursBinds bool) (net *relay) {
	o.t.Helper()
	var endpoint string
	if oursBinds {
		net, endpoint = newRelay(o.t, o.bind(anywhere(o.t, "tcp")))
		th.connect(endpoint)
	} else {
		net, endpoint = newRelay(o.t, th.bind(anywhere(o.t, "tcp")))
		o.connect(endpoint)
	}
	o.connected()
	th.connected()
	return net
}

// A connection whose other end has fallen silent is given up by whoever is to
// notice, and exchange goes on over the next one. beat and limit are what
// makes each of them notice; limit is long, so that a slow machine is not taken
// for silence.
func TestSilenceIsNoticed(t *testing.T) {
	const beat, limit = 100 * time.Millisecond, 3 * time.Second
	ms := func(d time.Duration) int64 { return d.Milliseconds() }
	never := patience
	cases := []struct {
		name  string
		us    func(*zmq.Options)
		them  options
		ours  bool // we are to notice
		pings bool // we are to send PINGs
	}{
		{"our timeout", func(o *zmq.Options) {
			o.Heartbeat.Interval, o.Heartbeat.Timeout = beat, limit
		}, options{}, true, true},
		{"their TTL", func(o *zmq.Options) {
			o.Heartbeat.Interval = zmq.Forever
		}, options{"HEARTBEAT_IVL": ms(beat), "HEARTBEAT_TIMEOUT": ms(never), "HEARTBEAT_TTL": ms(limit)}, true, false},
		{"their timeout", func(o *zmq.Options) {
			o.Heartbeat.Interval = zmq.Forever
		}, options{"HEARTBEAT_IVL": ms(beat), "HEARTBEAT_TIMEOUT": ms(limit)}, false, false},
		{"our TTL", func(o *zmq.Options) {
			o.Heartbeat.Interval, o.Heartbeat.Timeout, o.Heartbeat.TTL = beat, never, limit
		}, options{}, false, true},
	}
	for _, c := range cases {
		for _, oursBinds := range []bool{true, false} {
			t.Run(c.name+boundBy(oursBinds), func(t *testing.T) {
				t.Parallel()
				opts := testOptions()
				c.us(opts)
				o, th := newOurs(t, "DEALER", opts), newTheirs(t, "DEALER", c.them)
				happens := o.watch()
				net := joinOver(o, th, oursBinds)
				bothWays(o, th, single(10, 1))
				happens.wait(zmq.EventReady)
				// A TTL is known when the PING that brought it is answered.
				net.wait(o.ctx, way(oursBinds, c.pings), pulses[1], 1)

				net.silence(way(oursBinds, c.ours), true)
				e := happens.wait(zmq.EventDisconnected)
				if c.ours && e.Reason != zmq.CloseSilence {
					t.Errorf("disconnected for the reason %q (%v), want %q", e.Reason, e.Err, zmq.CloseSilence)
				}
				th.event("DISCONNECTED")
				net.silence(way(oursBinds, c.ours), false)
				happens.wait(zmq.EventReady)
				th.connected()
				bothWays(o, th, single(10, 1))
			})
		}
	}
}
