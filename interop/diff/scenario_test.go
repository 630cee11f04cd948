package diff

import (
	"fmt"
	"slices"
	"strings"
)

// Scenario is a sequence of calls on sockets of one implementation. The workers
// receive it as JSON, with the endpoints that plan_test.go assigns.
type Scenario struct {
	Name    string   `json:"name"`
	Only    string   `json:"-"` // the only version of libzmq that can run it; empty for all
	Why     string   `json:"-"` // reason for Only
	Sockets []Socket `json:"sockets"`
	Steps   []Step   `json:"steps"`
	ZAP     *policy  `json:"zap,omitempty"` // of a ZAP handler; nil without one
}

// Socket describes a socket. Types and options have libzmq's names. Options are
// in lower case and without ZMQ_; a value is a number or a text. The type TCP
// is a plain TCP or Unix-domain connection, the peer of a STREAM.
type Socket struct {
	Name    string         `json:"name"`
	Type    string         `json:"type"`
	Options map[string]any `json:"options,omitempty"`
}

// Step is one call on a socket, or on several sockets for pool. The next step
// starts when the effects of this one on connections and subscriptions are
// visible to all sockets.
type Step struct {
	Do     string    `json:"do"`
	Socket string    `json:"socket,omitempty"`
	At     string    `json:"at,omitempty"`     // placeholder of an endpoint; newPlan replaces it
	As     string    `json:"as,omitempty"`     // connect: ZMQ_CONNECT_ROUTING_ID for the peer
	Frames []string  `json:"frames,omitempty"` // one character up to U+00FF per byte; "$x" is a frame stored by recv
	Count  int       `json:"count"`            // of messages; of bytes for TCP
	Keep   []string  `json:"keep,omitempty"`   // names under which to store the frames of the first message; empty names store nothing
	Topic  string    `json:"topic,omitempty"`
	Of     []string  `json:"of,omitempty"` // pool: the sockets; proxy: the other sockets, "" for none
	Plan   *stepPlan `json:"plan,omitempty"`

	Refused     bool       `json:"-"` // connect: the peer refuses the connection
	Disconnects string     `json:"-"` // connect, send: the socket that the step disconnects
	Order       string     `json:"-"` // which orders of delivery are equivalent; empty if only one is correct
	Want        *Outcome   `json:"-"` // required result of libzmq; nil if unspecified
	Differs     *Deviation `json:"-"` // intended difference of this library
}

// Values of Step.Do.
const (
	doBind        = "bind"
	doUnbind      = "unbind"
	doConnect     = "connect"
	doDisconnect  = "disconnect"
	doClose       = "close"
	doSubscribe   = "subscribe"
	doUnsubscribe = "unsubscribe"
	doSend        = "send"  // one message, without waiting
	doFill        = "fill"  // numbered messages until a send would block
	doRecv        = "recv"  // Count messages, blocking
	doDrain       = "drain" // all messages that are available after pending work is done
	doPool        = "pool"  // drain of several sockets

	doAssign   = "assign"   // XPUB_MANUAL: subscribe the peer of the last received subscription
	doUnassign = "unassign" // XPUB_MANUAL: unsubscribe that peer
	doEvent    = "event"    // wait for the end of the next handshake
	doTopics   = "topics"   // ZMQ_TOPICS_COUNT
	doJoin     = "join"     // join a group
	doLeave    = "leave"    // leave a group
	doHangUp   = "hangup"   // TCP: close the connection but not the listener
	doEOF      = "eof"      // TCP: wait until the peer closes the connection
	doProxy    = "proxy"    // a proxy of the socket and the first of Of; the second is the capture socket, the third the control socket
	doProxyEnd = "proxyend" // wait until the proxy of the socket has ended
)

// Values of Step.Order.
const (
	anyOrder  = "any"    // any order
	perSource = "source" // in order for each sender, which is the text before the dot in the last frame
	onlyCount = "count"  // only the number of messages is compared
	newest    = "newest" // only the last message is compared
	together  = "pool"   // any order and any distribution over the sockets of a pool
)

// Deviation is an intended difference from libzmq.
type Deviation struct {
	Why  string
	Ours Outcome
}

// Outcome is the result of a step.
type Outcome struct {
	Err    string     `json:"err,omitempty"` // the name of a libzmq error
	Got    [][]string `json:"got,omitempty"`
	Counts []int      `json:"counts,omitempty"` // fill: messages sent; pool: messages received by each socket
}

// Trace is the results of all steps of a scenario.
type Trace []Outcome

// types maps each socket type to the compatible types.
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

// byteStream is the type of a plain connection.
const byteStream = "TCP"

// drafts are the types, options and steps that need libzmq's draft API.
var drafts = []string{
	"CLIENT", "SERVER", "PEER", "SCATTER", "GATHER", "CHANNEL", "RADIO", "DISH",
	"router_notify", "hello_msg", "disconnect_msg", "hiccup_msg", "xsub_verbose_unsubscribe", doTopics,
}

// needsDraft returns the first type, option or step that needs the draft API,
// or an empty string.
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

// String returns the step in the syntax of scripts, without its result.
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
	if s.Disconnects != "" {
		words = append(words, "disconnects", s.Disconnects)
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

// quote formats a frame: quoted if it is ambiguous, and shortened if it is
// long.
func quote(f string) string {
	if len(f) > 60 {
		return fmt.Sprintf("%q...(%d)", f[:20], len(f))
	}
	if f == "" || strings.ContainsFunc(f, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '|' || r == ';' }) {
		return fmt.Sprintf("%q", f)
	}
	return f
}
