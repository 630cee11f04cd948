package diff

import (
	"fmt"
	"slices"
	"strings"
)

// Scenario is a dialogue between sockets of one implementation. It is data:
// the workers get it as JSON, with endpoints made real (plan_test.go).
type Scenario struct {
	Name    string   `json:"name"`
	Rows    []string `json:"-"` // of the conformance inventory, as "3.4 PAIR"
	Over    []string `json:"-"` // the transports it makes sense over
	Skip    string   `json:"-"` // why it is known to fail and not run
	Only    string   `json:"-"` // the one version of libzmq it is for; empty for all
	Why     string   `json:"-"` // it is for that one
	Sockets []Socket `json:"sockets"`
	Steps   []Step   `json:"steps"`
}

// Socket is one socket. Type is libzmq's name, so that a worker which knows
// more types than we do needs no change; so are the names of options, in lower
// case and without ZMQ_, with a number or a text for value. A TCP is no socket
// of ZeroMQ but a stream of bytes, for the peers of a STREAM.
type Socket struct {
	Name    string         `json:"name"`
	Type    string         `json:"type"`
	Options map[string]any `json:"options,omitempty"`
}

// Step is one call on one socket, or on the sockets of a pool. When it is over
// its effects on connections and subscriptions have settled.
type Step struct {
	Do     string    `json:"do"`
	Socket string    `json:"socket,omitempty"`
	At     string    `json:"at,omitempty"`     // an endpoint: a word, made real by the plan
	As     string    `json:"as,omitempty"`     // connect: the routing id of whoever is there
	Frames []string  `json:"frames,omitempty"` // a byte is a character up to U+00FF; "$x" is what recv kept
	Count  int       `json:"count"`            // of messages, or of bytes
	Keep   []string  `json:"keep,omitempty"`   // names for the frames of the first message received; empty for none
	Topic  string    `json:"topic,omitempty"`
	Of     []string  `json:"of,omitempty"` // the sockets of a pool
	Plan   *stepPlan `json:"plan,omitempty"`

	Refused bool       `json:"-"` // connect: the far side will not have us
	Ousts   string     `json:"-"` // connect, send: whose link this ends
	Order   string     `json:"-"` // anyOrder or perSource: which orders of delivery are the same
	Want    *Outcome   `json:"-"` // what must come of it at libzmq, if the rules say so; else nil
	Differs *Deviation `json:"-"`
}

// What a step does.
const (
	doBind        = "bind"
	doUnbind      = "unbind"
	doConnect     = "connect"
	doDisconnect  = "disconnect"
	doClose       = "close"
	doSubscribe   = "subscribe"
	doUnsubscribe = "unsubscribe"
	doSend        = "send"  // one message, without waiting
	doFill        = "fill"  // numbered messages until one would have to wait
	doRecv        = "recv"  // Count messages, waiting for them
	doDrain       = "drain" // all there are when everything has settled
	doPool        = "pool"  // drain of several sockets, together

	doAssign   = "assign"   // a topic to the peer whose subscription XPUB received last
	doUnassign = "unassign" // it from it
	doTopics   = "topics"   // how many different ones a publisher or subscriber knows
	doJoin     = "join"     // a group
	doLeave    = "leave"
	doHangUp   = "hangup" // a TCP ends its connection, and listens on
	doEOF      = "eof"    // a TCP waits for the far side to do that
)

// Orders of delivery that are the same; without one, each is another.
const (
	anyOrder  = "any"
	perSource = "source" // messages whose last frame has the same text before a dot keep their order
	onlyCount = "count"  // nor does it matter which they are
	newest    = "newest" // the last is all that matters
	together  = "pool"   // any, and how many each socket of a pool gets is free too
)

// Deviation is a difference that is meant.
type Deviation struct {
	Why  string
	Ours Outcome
}

// Outcome is what came of a step.
type Outcome struct {
	Err    string     `json:"err,omitempty"` // the name of an error of libzmq's
	Got    [][]string `json:"got,omitempty"`
	Counts []int      `json:"counts,omitempty"` // fill: messages sent; pool: received by each
}

// Trace is what came of a scenario, step by step.
type Trace []Outcome

// types are the socket types that scenarios may be about, with those that each
// talks to.
var types = map[string][]string{
	"PAIR":     {"PAIR"},
	"PUB":      {"SUB", "XSUB"},
	"SUB":      {"PUB", "XPUB"},
	"REQ":      {"REP", "ROUTER"},
	"REP":      {"REQ", "DEALER"},
	"DEALER":   {"REP", "DEALER", "ROUTER"},
	"ROUTER":   {"REQ", "DEALER", "ROUTER"},
	"PULL":     {"PUSH"},
	"PUSH":     {"PULL"},
	"XPUB":     {"SUB", "XSUB"},
	"XSUB":     {"PUB", "XPUB"},
	"STREAM":   {"STREAM", byteStream},
	byteStream: {"STREAM"},

	"CLIENT":  {"SERVER"},
	"SERVER":  {"CLIENT"},
	"PEER":    {"PEER"},
	"SCATTER": {"GATHER"},
	"GATHER":  {"SCATTER"},
	"CHANNEL": {"CHANNEL"},
	"RADIO":   {"DISH"},
	"DISH":    {"RADIO"},
}

// byteStream is the type of what is no socket.
const byteStream = "TCP"

// drafts are the types and options that are in libzmq's draft interface alone.
var drafts = []string{
	"CLIENT", "SERVER", "PEER", "SCATTER", "GATHER", "CHANNEL", "RADIO", "DISH",
	"router_notify", "hello_msg", "disconnect_msg", "hiccup_msg", "xsub_verbose_unsubscribe", doTopics,
}

// needsDraft is the first thing in a scenario that only a libzmq with drafts
// has, or empty.
func (s *Scenario) needsDraft() string {
	for _, so := range s.Sockets {
		if slices.Contains(drafts, so.Type) {
			return so.Type
		}
		for _, d := range drafts {
			if _, ok := so.Options[d]; ok {
				return d
			}
		}
	}
	for _, st := range s.Steps {
		if slices.Contains(drafts, st.Do) {
			return st.Do
		}
	}
	return ""
}

func (s *Scenario) socket(name string) *Socket {
	i := slices.IndexFunc(s.Sockets, func(x Socket) bool { return x.Name == name })
	if i < 0 {
		panic(fmt.Sprintf("%s: no socket %q", s.Name, name))
	}
	return &s.Sockets[i]
}

// String is the step as scripts have it, without what must come of it.
func (s *Step) String() string {
	words := []string{s.Socket, s.Do, s.At}
	switch s.Do {
	case doSubscribe, doUnsubscribe, doAssign, doUnassign, doJoin, doLeave:
		words = append(words, quote(s.Topic))
	case doSend:
		words = append(words, showMessage(s.Frames))
	case doFill, doRecv:
		words = append(words, fmt.Sprint(s.Count))
	case doPool:
		words = append(words, s.Of...)
	}
	if s.Refused {
		words = append(words, "refused")
	}
	if s.As != "" {
		words = append(words, "as", quote(s.As))
	}
	if s.Ousts != "" {
		words = append(words, "ousts", s.Ousts)
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

func (o Outcome) String() string {
	var b strings.Builder
	for i, m := range o.Got {
		if i > 0 {
			b.WriteString(" ; ")
		}
		b.WriteString(showMessage(m))
	}
	if o.Counts != nil {
		fmt.Fprintf(&b, " %v", o.Counts)
	}
	if o.Err != "" {
		b.WriteString(" -> " + o.Err)
	}
	if b.Len() == 0 {
		return "ok"
	}
	return strings.TrimSpace(b.String())
}

func showMessage(frames []string) string {
	shown := make([]string, len(frames))
	for i, f := range frames {
		shown[i] = quote(f)
	}
	return strings.Join(shown, " | ")
}

// quote shows a frame, quoted only if it could be misread, and a long one by
// its beginning.
func quote(f string) string {
	if len(f) > 60 {
		return fmt.Sprintf("%q...(%d)", f[:20], len(f))
	}
	if f == "" || strings.ContainsFunc(f, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '|' || r == ';' }) {
		return fmt.Sprintf("%q", f)
	}
	return f
}
