package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

type monitorCmd struct {
	Connect []string      `arg:"" optional:"" name:"endpoint" help:"Connect to an endpoint, and again whenever the connection is lost. Repeatable."`
	Bind    []string      `short:"b" sep:"none" placeholder:"EP" help:"Accept peers at an endpoint. Repeatable."`
	Type    *string       `placeholder:"TYPE" help:"Socket type. Default: req, and as soon as a peer of another type answers, one that communicates with it."`
	Count   *int          `short:"n" placeholder:"N" help:"Stop after N events. Default: until Ctrl-C."`
	Timeout time.Duration `placeholder:"D" help:"Stop after this time. Default 0s: no timeout."`
	JSON    bool          `name:"json" help:"Print each event as a line of JSON."`

	securityFlags
}

// Help is shown by zmq monitor --help.
func (monitorCmd) Help() string {
	return `Opens a socket, and prints each event of its connections until Ctrl-C: connections that are made, fail, complete their handshake or
end, with the reason. The socket sends no message, and drops those that it receives.

Without --type it chooses a type that communicates with the peer, but not one that takes messages from other peers: for a PUSH, DEALER,
REQ, PAIR, CLIENT, SCATTER or CHANNEL give --type. With -b it is needed. A connection with a type that does not communicate with the peer
is printed as connected, and its failed handshake is not; the peer reports that handshake as failed, which --type avoids.

With --json each line has the first four of these, and the others where they apply:

    time       when it happened, as in RFC 3339
    event      the kind: connected, ready, handshake_failed, disconnected, retrying and others (EventKind of the library)
    socket     the type of the socket of this command, such as SUB
    endpoint   the endpoint, as given or as bound
    local      the address of this side of the connection
    remote     the address of the peer
    peer       the socket type of the peer, if it has announced it
    mechanism  the security mechanism of the peer, or of the connection
    version    the version of ZMTP, such as "3.1"
    user       the user that the peer has authenticated as
    status     the status code of an authentication that failed: 300, 400 or 500
    delay      seconds until the next attempt
    reason     why the connection was closed (CloseReason of the library)
    error      details
    advice     what to do
    missed     events that were dropped before this one, because printing was too slow

Examples:

    zmq monitor tcp://server:5555
    zmq monitor -b tcp://127.0.0.1:5555 --type pull --json | jq -r .event
    zmq monitor tcp://server:5555 --curve-serverkey server -n 2 --timeout 10s`
}

// Run prints events.
func (c *monitorCmd) Run(ctx context.Context, e *env) error {
	if err := c.check(e); err != nil {
		return err
	}
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, timeoutError{c.Timeout})
		defer cancel()
	}
	kind := "req"
	if c.Type != nil {
		kind = *c.Type
	}
	m := &monitor{e: e, cmd: c}
	for {
		next, err := m.watch(ctx, kind)
		if err != nil || next == "" {
			return err
		}
		e.logCommandf("the peer needs another socket type: trying %s", strings.ToUpper(next))
		kind = next
	}
}

// check checks the flags.
func (c *monitorCmd) check(e *env) error {
	switch {
	case len(c.Connect)+len(c.Bind) == 0:
		return usagef("no endpoint: give one to connect to, or one to bind with -b")
	case len(c.Bind) > 0 && c.Type == nil:
		return usagef("-b needs --type")
	case c.Timeout < 0:
		return usagef("--timeout must not be negative")
	}
	if err := needCount(c.Count, 1); err != nil {
		return err
	}
	for _, ep := range slices.Concat(c.Bind, c.Connect) {
		if strings.HasPrefix(ep, "inproc://") {
			return usagef("%s: inproc connects sockets of one process, and this process has only one; use ipc", ep)
		}
	}
	if c.Type != nil {
		*c.Type = strings.ToLower(*c.Type)
		if _, ok := openers[*c.Type]; !ok {
			return flagError("--type", unknownType(*c.Type))
		}
	}
	return c.secure(e, c.Bind, c.Connect)
}

// monitor prints the events of sockets.
type monitor struct {
	e       *env
	cmd     *monitorCmd
	printed int
	tried   []string // socket types, for a peer whose type is not known
}

// watch opens a socket and prints its events. It returns the type that the peer
// needs instead, or "" at the end.
func (m *monitor) watch(ctx context.Context, kind string) (next string, err error) {
	m.tried = append(m.tried, kind)
	o := &zmq.Options{Security: m.cmd.security, Linger: zmq.NoLinger}
	sock, err := openQuiet(kind, o)
	if err != nil {
		return "", err
	}
	ctx2, stop := context.WithCancel(ctx)
	var discarding sync.WaitGroup
	defer discarding.Wait()
	defer sock.Close()
	defer stop()
	events := sock.Events(ctx2)
	discarding.Go(func() { discard(ctx2, sock) })
	for _, ep := range m.cmd.Bind {
		bound, err := sock.Bind(ep)
		if err != nil {
			return "", err
		}
		m.e.announce(ep, bound)
		if exposed(bound) {
			m.cmd.warnExposed(m.e, bound)
		}
	}
	for _, ep := range m.cmd.Connect {
		if err := sock.Connect(ep); err != nil {
			return "", err
		}
	}
	for ev := range events {
		advice := ""
		switch {
		case ev.Kind == zmq.EventRetrying || ev.Kind == zmq.EventStopped:
			// The advice follows the event of the failure before it.
		case ev.Reason == zmq.CloseSocketType:
			if next, advice = m.otherType(ev); next != "" {
				return next, nil // the failure of a trial is no event of the peer
			}
		default:
			advice = m.cmd.hint(ev)
		}
		if err := m.print(sock, ev, advice); err != nil {
			if err == errOutputClosed && m.cmd.Count == nil {
				return "", nil
			}
			return "", err
		}
		if m.printed++; m.cmd.Count != nil && m.printed == *m.cmd.Count {
			return "", nil
		}
	}
	if m.cmd.Count == nil {
		return "", nil
	}
	how := "interrupted"
	if _, ok := context.Cause(ctx).(timeoutError); ok {
		how = context.Cause(ctx).Error()
	}
	return "", fmt.Errorf("%s: %d of %d events", how, m.printed, *m.cmd.Count)
}

// discard receives and drops messages, so that they do not delay the events of a
// connection. SUB, XSUB, XPUB and others receive; the types that only send do not.
func discard(ctx context.Context, sock zmq.Connector) {
	switch sock.Type() {
	case zmq.TypePub, zmq.TypePush, zmq.TypeRadio, zmq.TypeScatter, zmq.TypeReq, zmq.TypeDish:
		return
	}
	for msg, err := range (zmq.Receiver{Connector: sock}).Messages(ctx) {
		if err != nil && ctx.Err() != nil {
			return
		}
		msg.Release()
	}
}

// otherType returns the type that the peer needs, or what the user can do.
func (m *monitor) otherType(ev zmq.Event) (next, advice string) {
	peer := peerType(ev)
	p, known := partners[peer]
	switch {
	case !known:
		return "", "compare the socket types of both programs"
	case m.cmd.Type == nil && p.takes == "" && !slices.Contains(m.tried, p.own):
		return p.own, ""
	case p.takes == "":
		return "", fmt.Sprintf("a %s communicates with it: --type %s", strings.ToUpper(p.own), p.own)
	}
	return "", fmt.Sprintf("a %s communicates with it (--type %s), but %s", strings.ToUpper(p.own), p.own, p.takes)
}

// peerType returns the socket type of the peer of an event, or "" if it is not known.
func peerType(ev zmq.Event) string {
	if t := ev.Peer.SocketType(); t != 0 {
		return t.String()
	}
	return ""
}

// monitorEvent is an event as JSON.
type monitorEvent struct {
	Time      string  `json:"time"`
	Event     string  `json:"event"`
	Socket    string  `json:"socket"`
	Endpoint  string  `json:"endpoint"`
	Local     string  `json:"local,omitempty"`
	Remote    string  `json:"remote,omitempty"`
	Peer      string  `json:"peer,omitempty"`
	Mechanism string  `json:"mechanism,omitempty"`
	Version   string  `json:"version,omitempty"`
	User      string  `json:"user,omitempty"`
	Status    string  `json:"status,omitempty"`
	Delay     float64 `json:"delay,omitempty"`
	Reason    string  `json:"reason,omitempty"`
	Error     string  `json:"error,omitempty"`
	Advice    string  `json:"advice,omitempty"`
	Missed    int     `json:"missed,omitempty"`
}

// print prints an event.
func (m *monitor) print(sock zmq.Connector, ev zmq.Event, advice string) error {
	out := monitorEvent{
		Event: ev.Kind.String(), Socket: sock.Type().String(), Endpoint: ev.Endpoint, Delay: ev.Delay.Seconds(), Advice: advice, Missed: ev.Missed,
		Peer: peerType(ev), Mechanism: ev.Peer.Mechanism(), User: printable(ev.Peer.UserID()), Status: string(ev.Status),
	}
	if v := ev.Peer.Version(); v != 0 {
		out.Version = v.String()
	}
	if ev.LocalAddr != nil {
		out.Local = ev.LocalAddr.String()
	}
	if ev.RemoteAddr != nil {
		out.Remote = ev.RemoteAddr.String()
	}
	if ev.Reason != zmq.CloseNone {
		out.Reason = ev.Reason.String()
	}
	if ev.Err != nil {
		out.Error = printable(connectFailure(ev.Err))
	}
	var line []byte
	if m.cmd.JSON {
		out.Time = ev.Time.Format(time.RFC3339Nano)
		line, _ = json.Marshal(out) // cannot fail: no value of out can
	} else {
		out.Time = ev.Time.Format("15:04:05.000")
		line = []byte(out.text())
	}
	_, err := m.e.stdout.Write(append(line, '\n'))
	return outputError(err)
}

// text describes an event for a person.
func (v *monitorEvent) text() string {
	text := fmt.Sprintf("%s  %-17s %s", v.Time, strings.ReplaceAll(v.Event, "_", " "), v.Endpoint)
	if v.Remote != "" && !strings.HasSuffix(v.Endpoint, v.Remote) && v.Remote != "@" {
		text += "  remote " + v.Remote
	}
	if v.Event == zmq.EventReady.String() {
		text += fmt.Sprintf("  %s with %s, ZMTP %s, %s", v.Socket, cmp.Or(v.Peer, "a peer that does not announce its type"), v.Version, v.Mechanism)
		if v.User != "" {
			text += ", user " + v.User
		}
	}
	if v.Delay > 0 {
		text += fmt.Sprintf("  again in %v", time.Duration(v.Delay*float64(time.Second)).Round(time.Millisecond))
	}
	if v.Error != "" {
		text += "  " + v.Error
	} else if v.Reason != "" {
		text += "  " + v.Reason
	}
	if v.Advice != "" {
		text += " (" + v.Advice + ")"
	}
	if v.Missed > 0 {
		text += fmt.Sprintf("  after %d events that were dropped", v.Missed)
	}
	return text
}
