package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zap"
)

type doctorCmd struct {
	Endpoint string        `arg:"" help:"The endpoint of the peer: tcp, ipc or tls+tcp; or srv+tcp or srv+tls+tcp, whose targets are examined one after another."`
	Type     *string       `placeholder:"TYPE" help:"Connect as this socket type, also if that takes messages from other peers. Default: one that communicates with the type of the peer."`
	Timeout  time.Duration `default:"5s" placeholder:"D" help:"The time for each step. Default 5s."`
	JSON     bool          `name:"json" help:"Print each step as a line of JSON."`

	securityFlags

	lookupSRV func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) // nil: that of the system
}

// Help is shown by zmq doctor --help.
func (doctorCmd) Help() string {
	return `Connects to an endpoint in steps, and prints the result and the time of each: the addresses of the host, the connection, TLS, the
greeting, the version, the mechanism, the socket type of the peer, the handshake, and subscriptions. If a step fails, it says what to
do, and the exit status is 1.

It sends no message. A PUSH, DEALER, REQ, PAIR, CLIENT, SCATTER or CHANNEL could send messages to it, which their receivers would miss:
the handshake with such a peer is made only with --type. The socket type is known without it, except with PLAIN and CURVE.

With --json each line has

    target   the endpoint of the step, one of those that the SRV records name; absent without srv+
    step     srv, resolve, connect, tls, greeting, mechanism, socket type, handshake or subscription
    ok       false if the step failed; no step that needs it follows
    seconds  the time that it took
    text     what was found, or why the step failed
    advice   what to do; absent if the step succeeded
    status   the status code of an authentication that failed: 300, 400 or 500; otherwise absent

Examples:

    zmq doctor tcp://server:5555
    zmq doctor tcp://server:5555 --type sub
    zmq doctor tcp://server:5555 --curve-serverkey server
    zmq doctor srv+tcp://_zmq._tcp.example.org
    zmq doctor tls+tcp://server:5556 --tls-ca ca.pem --json | jq 'select(.ok | not)'`
}

// Run examines the endpoint.
func (c *doctorCmd) Run(ctx context.Context, e *env) error {
	scheme, name, _ := strings.Cut(c.Endpoint, "://")
	srv := scheme == srvPrefix+"tcp" || scheme == srvPrefix+"tls+tcp"
	switch {
	case srv && name == "":
		return usagef("the argument %s: invalid endpoint: the name of the SRV records is missing", c.Endpoint)
	case !srv:
		if _, err := parsePeer("the argument", c.Endpoint); err != nil {
			return err
		}
	}
	if c.Timeout <= 0 {
		return usagef("--timeout must be positive")
	}
	if c.Type != nil {
		*c.Type = strings.ToLower(*c.Type)
		if _, ok := openers[*c.Type]; !ok {
			return flagError("--type", unknownType(*c.Type))
		}
	}
	if err := c.secure(e, nil, []string{c.Endpoint}); err != nil {
		return err
	}
	d := &doctor{e: e, cmd: c}
	if srv {
		for _, target := range d.srvRecords(ctx, strings.TrimPrefix(scheme, srvPrefix), name) {
			d.target = target
			if err := d.examine(ctx, target); err != nil {
				return err
			}
		}
	} else if err := d.examine(ctx, c.Endpoint); err != nil {
		return err
	}
	if d.failed != nil {
		return d.failed
	}
	return d.out
}

// doctor examines an endpoint.
type doctor struct {
	e   *env
	cmd *doctorCmd

	endpoint string // that is examined
	addr     address
	target   string // the endpoint, if SRV records name it

	failed error // the first step that failed, with the endpoint and the cause
	out    error // of standard output
}

// finding is the result of a step.
type finding struct {
	text   string     // what was found
	err    error      // why the step failed
	advice string     // what to do if it failed
	status zap.Status // of an authentication that failed
}

// doctorStep is a step as JSON.
type doctorStep struct {
	Target  string  `json:"target,omitempty"`
	Step    string  `json:"step"`
	OK      bool    `json:"ok"`
	Seconds float64 `json:"seconds"`
	Text    string  `json:"text"`
	Advice  string  `json:"advice,omitempty"`
	Status  string  `json:"status,omitempty"`
}

// step runs a step, prints its result, and reports whether it succeeded.
func (d *doctor) step(ctx context.Context, name string, run func(ctx context.Context) finding) bool {
	ctx, cancel := context.WithTimeout(ctx, d.cmd.Timeout)
	defer cancel()
	start := time.Now()
	f := run(ctx)
	took := time.Since(start)
	s := doctorStep{Target: d.target, Step: name, OK: f.err == nil, Seconds: took.Seconds(), Text: f.text}
	if f.err != nil {
		d.failed = cmp.Or(d.failed, fmt.Errorf("%s: %s failed: %w", cmp.Or(d.endpoint, d.cmd.Endpoint), name, f.err))
		s.Text, s.Advice, s.Status = f.err.Error(), f.advice, string(f.status)
	}
	d.print(&s, took)
	return s.OK
}

func (d *doctor) print(s *doctorStep, took time.Duration) {
	var text []byte
	if d.cmd.JSON {
		text, _ = json.Marshal(s) // cannot fail: no value of s can
	} else {
		state := "ok    "
		if !s.OK {
			state = "FAILED"
		}
		text = showControls(nil, fmt.Appendf(nil, "%s  %-12s %9s  %s", state, s.Step, took.Round(10*time.Microsecond), s.Text))
		if s.Advice != "" {
			text = showControls(append(text, "\n        "...), []byte(s.Advice))
		}
	}
	_, err := d.e.stdout.Write(append(text, '\n'))
	if d.out == nil {
		d.out = outputError(err)
	}
}

// examine makes all steps for an endpoint until one fails. It returns an error only
// if the steps of another endpoint would be of no use.
func (d *doctor) examine(ctx context.Context, endpoint string) (err error) {
	d.endpoint = endpoint
	if d.addr, err = parsePeer("the target", endpoint); err != nil {
		return err
	}
	if d.target != "" && !d.cmd.JSON {
		fmt.Fprintf(d.e.stdout, "        %s\n", showControls(nil, []byte(d.target)))
	}
	p := &doctorProbe{doctor: d}
	defer p.close()
	ok := p.resolve(ctx) && p.connect(ctx) && p.handshakeTLS(ctx) && p.greet(ctx) && p.checkMechanism(ctx) && p.readType(ctx)
	p.close()
	if ok {
		d.join(ctx, p.peerType)
	}
	return cmp.Or(ctx.Err(), d.out)
}

// partner is the socket type with which the doctor connects to a peer.
type partner struct {
	own   string // in lower case
	takes string // why it is not used without --type; empty if it takes nothing
}

const (
	takesMessages = "it would receive messages that other peers are waiting for"
	takesPlace    = "it would be its only peer"
)

// partners has the partner for each type of peer.
var partners = map[string]partner{
	"REP": {"req", ""}, "ROUTER": {"req", ""}, "PUB": {"sub", ""}, "XPUB": {"sub", ""}, "SUB": {"xpub", ""}, "XSUB": {"xpub", ""},
	"PULL": {"push", ""}, "SERVER": {"client", ""}, "RADIO": {"dish", ""}, "DISH": {"radio", ""}, "GATHER": {"scatter", ""}, "PEER": {"peer", ""},
	"PUSH": {"pull", takesMessages}, "DEALER": {"rep", takesMessages}, "REQ": {"rep", takesMessages}, "CLIENT": {"server", takesMessages},
	"SCATTER": {"gather", takesMessages}, "PAIR": {"pair", takesPlace}, "CHANNEL": {"channel", takesPlace},
}

// candidates are the types that are tried in turn if that of the peer is not known.
var candidates = []string{"req", "sub", "xpub", "push", "client", "dish", "radio", "scatter", "peer"}

// join makes the handshake with a socket of the library, and looks for
// subscriptions. peerType is empty if it is not known.
func (d *doctor) join(ctx context.Context, peerType string) {
	kinds := candidates
	switch own, known := partners[peerType]; {
	case d.cmd.Type != nil:
		kinds = []string{*d.cmd.Type}
	case known && own.takes != "":
		d.print(&doctorStep{Target: d.target, Step: "handshake", OK: true, Text: fmt.Sprintf("not made with a %s, because %s; --type %s makes it", peerType, own.takes, own.own)}, 0)
		return
	case known:
		kinds = []string{own.own}
	}
	var sock zmq.Connector
	d.step(ctx, "handshake", func(ctx context.Context) (f finding) {
		for i := 0; i < len(kinds); i++ {
			var peer string
			var next bool
			if sock, peer, f, next = d.tryType(ctx, kinds[i], peerType); f.err == nil || !next {
				return f
			}
			if p, known := partners[peer]; known && d.cmd.Type == nil {
				if p.takes != "" {
					return finding{text: fmt.Sprintf("the peer is a %s; not completed, because %s; --type %s does", peer, p.takes, p.own)}
				}
				if kinds[i] != p.own {
					kinds, i = []string{p.own}, -1
				}
			}
		}
		return f
	})
	if sock.Socket == (zmq.Socket{}) {
		return
	}
	defer sock.Close()
	d.subscriptions(ctx, sock)
}

// tryType makes the handshake as one socket type. next reports whether another
// type may succeed; peer is the type of the peer as far as it is known, and known
// what was known of it before.
func (d *doctor) tryType(ctx context.Context, kind, known string) (sock zmq.Connector, peer string, f finding, next bool) {
	peer = known
	s, err := openQuiet(kind, &zmq.Options{
		Security: d.cmd.security, Linger: zmq.NoLinger, Reconnect: zmq.ReconnectOptions{Interval: zmq.Forever},
		Limits: zmq.Limits{HandshakeTimeout: d.cmd.Timeout},
	})
	if err != nil {
		return sock, "", finding{err: err}, false
	}
	keep := false
	defer func() {
		if !keep {
			s.Close()
		}
	}()
	events := s.Events(ctx)
	if err := s.Connect(d.endpoint); err != nil {
		return sock, "", finding{err: err}, false
	}
	for ev := range events {
		if t := peerType(ev); t != "" {
			peer = t
		}
		switch ev.Kind {
		case zmq.EventReady:
			keep = true
			text := fmt.Sprintf("complete as %s with a %s", s.Type(), peer)
			if m := ev.Peer.Mechanism(); m != "NULL" {
				text += ", authenticated with " + m
			}
			return s, peer, finding{text: text}, false
		case zmq.EventHandshakeFailed, zmq.EventPeerRefused:
			f, next := d.failure(ev, s.Type().String(), peer)
			return sock, peer, f, next
		case zmq.EventRetrying, zmq.EventResolveFailed, zmq.EventDisconnected:
			if ev.Err == nil {
				ev.Err = errors.New("the connection was closed")
			}
			return sock, peer, finding{err: errors.New(connectFailure(ev.Err)), advice: adviceConnect(ev.Err, d.addr)}, false
		}
	}
	return sock, peer, finding{err: errors.New("no answer in time"), advice: "the peer, or its authenticator, is too slow or hangs: look at its log"}, false
}

// failure explains a failed handshake.
func (d *doctor) failure(ev zmq.Event, own, peer string) (f finding, next bool) {
	f.err = fmt.Errorf("as %s: %w", own, ev.Err)
	f.advice, f.status = d.cmd.hint(ev), ev.Status
	switch {
	case ev.Reason == zmq.CloseSocketType:
		f.advice = "this type does not communicate with the peer: compare the socket types of both programs"
		if _, known := partners[peer]; known {
			f.advice = fmt.Sprintf("the peer is a %s: a %s communicates with it", peer, strings.ToUpper(partners[peer].own))
		}
		return f, true
	case ev.Reason == zmq.CloseHandshakeClosed || ev.Reason == zmq.CloseNone:
		if f.advice == "" {
			f.advice = "the peer closes the connection: look at its log; it may refuse the socket type or the address of this machine"
			if p, known := partners[peer]; known && !strings.EqualFold(p.own, own) {
				f.advice += fmt.Sprintf("; the peer is a %s: a %s communicates with it", peer, strings.ToUpper(p.own))
			}
		}
		return f, !errors.Is(ev.Err, zmq.ErrServerKey) // which no other type changes
	case ev.Reason == zmq.CloseRefused && f.advice == "":
		f.advice = "the peer has refused this client: look at its log"
	case ev.Reason == zmq.CloseHandshakeTimeout:
		f.advice = "the peer, or its authenticator, is too slow or hangs: look at its log"
	}
	return f, false
}

// subscriptionWait is the time for subscriptions of the peer to arrive.
const subscriptionWait = time.Second

// subscriptions looks for the subscriptions of a subscriber.
func (d *doctor) subscriptions(ctx context.Context, sock zmq.Connector) {
	if sock.Type() == zmq.TypeSub {
		d.step(ctx, "subscription", func(ctx context.Context) finding {
			if err := (zmq.Subscriber{Receiver: zmq.Receiver{Connector: sock}}).WaitSubscribed(ctx); err != nil {
				return finding{err: err, advice: "the peer does not process subscriptions: does its program hang?"}
			}
			return finding{text: "the publisher has received a subscription"}
		})
	}
	if sock.Type() != zmq.TypeXPub {
		return
	}
	d.step(ctx, "subscription", func(ctx context.Context) finding {
		ctx, cancel := context.WithTimeout(ctx, min(subscriptionWait, d.cmd.Timeout))
		defer cancel()
		var topics []string
		for m, err := range (zmq.Receiver{Connector: sock}).Messages(ctx) {
			if err != nil {
				break
			}
			if b := m.Bytes(); len(b) > 0 && b[0] == 1 {
				topics = append(topics, fmt.Sprintf(`"%.60s"`, printable(string(b[1:]))))
			}
			m.Release()
		}
		if len(topics) == 0 {
			return finding{err: errors.New("none"), advice: "the peer receives nothing until it subscribes: does the program subscribe to a topic?"}
		}
		return finding{text: "the peer subscribes to " + strings.Join(topics[:min(len(topics), 10)], ", ")}
	})
}
