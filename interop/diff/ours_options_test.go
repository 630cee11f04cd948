package diff

import (
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// linger is the default linger time in milliseconds.
const linger = 2000

// options converts libzmq socket options to Options.
func options(m map[string]any) (*zmq.Options, error) {
	o := &zmq.Options{
		ReconnectInterval: 10 * time.Millisecond,
		ReconnectMax:      20 * time.Millisecond,
		HalfCloseTimeout:  -1, // libzmq has no half-close
		Linger:            linger * time.Millisecond,
	}
	for k, v := range m {
		set, ok := setters[k]
		if !ok {
			return nil, fmt.Errorf("option %q", k)
		}
		n, _ := v.(int)
		if err := set(o, n, string(unlatin(fmt.Sprint(v)))); err != nil {
			return nil, fmt.Errorf("option %q: %w", k, err)
		}
	}
	return o, nil
}

// setter sets an option to a number n or to a text.
type setter func(o *zmq.Options, n int, text string) error

// setters are the supported options, by libzmq's names.
var setters = map[string]setter{
	"sndhwm":        func(o *zmq.Options, n int, _ string) error { o.SendHWM = orUnlimited(n); return nil },
	"rcvhwm":        func(o *zmq.Options, n int, _ string) error { o.RecvHWM = orUnlimited(n); return nil },
	"linger":        milliseconds(func(o *zmq.Options) *time.Duration { return &o.Linger }),
	"reconnect_ivl": milliseconds(func(o *zmq.Options) *time.Duration { return &o.ReconnectInterval }),
	"maxmsgsize":    func(o *zmq.Options, n int, _ string) error { o.MaxFrameSize = int64(n); return nil },
	"routing_id":    func(o *zmq.Options, _ int, text string) error { o.RoutingID = text; return nil },
	"conflate":      yesno(func(o *zmq.Options) *bool { return &o.Conflate }),

	"req_relaxed":      yesno(func(o *zmq.Options) *bool { return &o.ReqRelaxed }),
	"req_correlate":    yesno(func(o *zmq.Options) *bool { return &o.ReqCorrelate }),
	"probe_router":     yesno(func(o *zmq.Options) *bool { return &o.ProbeRouter }),
	"router_mandatory": always,
	"router_handover":  yesno(func(o *zmq.Options) *bool { return &o.RouterHandover }),
	"router_notify": func(o *zmq.Options, n int, _ string) error {
		o.RouterNotify = zmq.RouterNotify(n)
		return nil
	},
	"stream_notify": func(o *zmq.Options, n int, _ string) error { o.StreamNoNotify = n == 0; return nil },

	"xpub_verbose":             verbose(zmq.EverySubscribe),
	"xpub_verboser":            verbose(zmq.EveryChange),
	"xpub_manual":              yesno(func(o *zmq.Options) *bool { return &o.XPubManual }),
	"xpub_manual_last_value":   yesno(func(o *zmq.Options) *bool { return &o.XPubLastValue }),
	"xpub_nodrop":              yesno(func(o *zmq.Options) *bool { return &o.PubNoDrop }),
	"xpub_welcome_msg":         blob(func(o *zmq.Options) *[]byte { return &o.PubWelcome }),
	"invert_matching":          yesno(func(o *zmq.Options) *bool { return &o.InvertMatching }),
	"only_first_subscribe":     always,
	"xsub_verbose_unsubscribe": yesno(func(o *zmq.Options) *bool { return &o.XSubVerboseUnsubscribe }),

	"hello_msg":      blob(func(o *zmq.Options) *[]byte { return &o.HelloMessage }),
	"disconnect_msg": blob(func(o *zmq.Options) *[]byte { return &o.DisconnectMessage }),
	"hiccup_msg":     blob(func(o *zmq.Options) *[]byte { return &o.HiccupMessage }),
}

// orUnlimited converts 0, which means no limit in libzmq, to -1.
func orUnlimited(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

func milliseconds(field func(*zmq.Options) *time.Duration) setter {
	return func(o *zmq.Options, n int, _ string) error {
		*field(o) = time.Duration(orUnlimited(n)) * time.Millisecond
		return nil
	}
}

func yesno(field func(*zmq.Options) *bool) setter {
	return func(o *zmq.Options, n int, _ string) error { *field(o) = n != 0; return nil }
}

func blob(field func(*zmq.Options) *[]byte) setter {
	return func(o *zmq.Options, _ int, text string) error { *field(o) = []byte(text); return nil }
}

func verbose(which zmq.XPubVerbose) setter {
	return func(o *zmq.Options, n int, _ string) error {
		if n != 0 {
			o.XPubVerbose = max(o.XPubVerbose, which)
		}
		return nil
	}
}

// always is the setter of an option that is always on in this library.
func always(_ *zmq.Options, n int, _ string) error {
	if n == 0 {
		return fmt.Errorf("cannot be turned off")
	}
	return nil
}
