package diff

import (
	"fmt"
	"slices"
	"time"

	"github.com/zerobroker/zmq"
)

// linger is the default linger time in milliseconds.
const linger = 2000

// options converts libzmq socket options to the Options of a socket type.
func options(typ string, m map[string]any) (*zmq.Options, error) {
	o := &zmq.Options{
		Linger: linger * time.Millisecond,
	}
	if typ != "DGRAM" {
		o.Reconnect = zmq.ReconnectOptions{Interval: 10 * time.Millisecond, MaxInterval: 20 * time.Millisecond}
	}
	if typ == "STREAM" {
		o.Stream.HalfCloseTimeout = zmq.NoHalfClose // as libzmq
	}
	for k, v := range m {
		if types := onlyFor[k]; types != nil && !slices.Contains(types, typ) {
			continue // libzmq ignores it, we refuse it
		}
		if slices.Contains(notFor[k], typ) {
			continue
		}
		if k == "invert_matching" && typ == "SUB" {
			k = "sub invert_matching"
		}
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

// onlyFor maps an option that scenarios also set for other socket types to the
// types that have it.
var onlyFor = map[string][]string{
	"conflate":                 {"PUB", "SUB", "DEALER", "PULL", "PUSH"},
	"routing_id":               {"REQ", "DEALER", "ROUTER"},
	"probe_router":             {"REQ", "DEALER", "ROUTER"},
	"req_relaxed":              {"REQ"},
	"req_correlate":            {"REQ"},
	"router_handover":          {"ROUTER"},
	"router_notify":            {"ROUTER"},
	"stream_notify":            {"STREAM"},
	"xpub_verbose":             {"XPUB"},
	"xpub_verboser":            {"XPUB"},
	"xpub_manual":              {"XPUB"},
	"xpub_manual_last_value":   {"XPUB"},
	"xpub_nodrop":              {"PUB", "XPUB", "RADIO"},
	"xpub_welcome_msg":         {"PUB", "XPUB"},
	"invert_matching":          {"PUB", "XPUB", "SUB"},
	"xsub_verbose_unsubscribe": {"XSUB"},
	"hello_msg":                {"DEALER", "ROUTER", "CLIENT", "SERVER", "PEER"},
	"disconnect_msg":           {"ROUTER", "SERVER", "PEER"},
	"hiccup_msg":               {"DEALER", "CLIENT", "PEER"},
}

// notFor is like onlyFor but has the types that do not have the option.
var notFor = map[string][]string{
	"sndhwm":        {"SUB", "PULL", "GATHER", "DISH"},
	"rcvhwm":        {"PUB", "PUSH", "SCATTER", "RADIO"},
	"reconnect_ivl": {"DGRAM"},
	"maxmsgsize":    {"STREAM", "DGRAM"},
}

// setter sets an option to a number n or to a text.
type setter func(o *zmq.Options, n int, text string) error

// setters are the supported options, by libzmq's names.
var setters = map[string]setter{
	"sndhwm":        func(o *zmq.Options, n int, _ string) error { o.SendHWM = orUnlimited(n); return nil },
	"rcvhwm":        func(o *zmq.Options, n int, _ string) error { o.RecvHWM = orUnlimited(n); return nil },
	"linger":        milliseconds(zmq.NoLinger, func(o *zmq.Options) *time.Duration { return &o.Linger }),
	"reconnect_ivl": milliseconds(zmq.Forever, func(o *zmq.Options) *time.Duration { return &o.Reconnect.Interval }),
	"maxmsgsize":    func(o *zmq.Options, n int, _ string) error { o.Limits.MaxFrameSize = int64(n); return nil },
	"routing_id":    func(o *zmq.Options, _ int, text string) error { o.RoutingID = text; return nil },
	"conflate":      yesno(func(o *zmq.Options) *bool { return &o.Conflate }),
	"handshake_ivl": milliseconds(zmq.Forever, func(o *zmq.Options) *time.Duration { return &o.Limits.HandshakeTimeout }),

	"req_relaxed":      yesno(func(o *zmq.Options) *bool { return &o.Req.Relaxed }),
	"req_correlate":    yesno(func(o *zmq.Options) *bool { return &o.Req.Correlate }),
	"probe_router":     yesno(func(o *zmq.Options) *bool { return &o.AutoMessages.ProbeRouter }),
	"router_mandatory": always,
	"router_handover": func(o *zmq.Options, n int, _ string) error {
		if n != 0 {
			o.Router.Handover = zmq.RouterHandoverAny
		}
		return nil
	},
	"router_notify": func(o *zmq.Options, n int, _ string) error {
		o.Router.Notify = zmq.RouterNotify(n)
		return nil
	},
	"stream_notify": func(o *zmq.Options, n int, _ string) error {
		if o.Stream.Notify = zmq.On; n == 0 {
			o.Stream.Notify = zmq.Off
		}
		return nil
	},

	"xpub_verbose":           verbose(zmq.XPubNotifyEverySubscribe),
	"xpub_verboser":          verbose(zmq.XPubNotifyEveryChange),
	"xpub_manual":            yesno(func(o *zmq.Options) *bool { return &o.XPub.Manual }),
	"xpub_manual_last_value": yesno(func(o *zmq.Options) *bool { return &o.XPub.LastValue }),
	"xpub_nodrop": func(o *zmq.Options, n int, _ string) error {
		if n != 0 {
			o.Overflow = zmq.OverflowBlock
		}
		return nil
	},
	"xpub_welcome_msg":         blob(func(o *zmq.Options) *[]byte { return &o.Pub.Welcome }),
	"invert_matching":          yesno(func(o *zmq.Options) *bool { return &o.Pub.InvertMatching }),
	"sub invert_matching":      yesno(func(o *zmq.Options) *bool { return &o.Sub.InvertMatching }),
	"only_first_subscribe":     always,
	"xsub_verbose_unsubscribe": yesno(func(o *zmq.Options) *bool { return &o.XSub.VerboseUnsubscribe }),

	"hello_msg":      blob(func(o *zmq.Options) *[]byte { return &o.AutoMessages.Hello }),
	"disconnect_msg": blob(func(o *zmq.Options) *[]byte { return &o.AutoMessages.Disconnect }),
	"hiccup_msg":     blob(func(o *zmq.Options) *[]byte { return &o.AutoMessages.Hiccup }),
}

// orUnlimited converts 0, which means no limit in libzmq, to -1.
func orUnlimited(n int) int {
	if n == 0 {
		return zmq.Unlimited
	}
	return n
}

// milliseconds sets a duration, of which libzmq's zero is ours, and -1 Forever.
func milliseconds(zero time.Duration, field func(*zmq.Options) *time.Duration) setter {
	return func(o *zmq.Options, n int, _ string) error {
		switch {
		case n < 0:
			*field(o) = zmq.Forever
		case n == 0:
			*field(o) = zero
		default:
			*field(o) = time.Duration(n) * time.Millisecond
		}
		return nil
	}
}

func yesno(field func(*zmq.Options) *bool) setter {
	return func(o *zmq.Options, n int, _ string) error { *field(o) = n != 0; return nil }
}

func blob(field func(*zmq.Options) *[]byte) setter {
	return func(o *zmq.Options, _ int, text string) error { *field(o) = []byte(text); return nil }
}

func verbose(which zmq.XPubNotify) setter {
	return func(o *zmq.Options, n int, _ string) error {
		if n != 0 {
			o.XPub.Notify = max(o.XPub.Notify, which)
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
