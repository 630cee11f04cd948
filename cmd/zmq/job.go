package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
)

// interruptDrain is how long messages may still be written after Ctrl-C.
const interruptDrain = 2 * time.Second

// job runs one socket command: it sends the messages of an input over a socket
// and prints the messages that the socket receives.
type job struct {
	e     *env
	flags *socketFlags
	sock  zmq.Socket
	link  zmq.Connector // the same socket, if its type connects
	bound []string      // endpoints as Bind returned them; set before anything is sent

	connect     func(ep string) error // Connect of link if nil
	in          *input                // nil if the job sends nothing
	verb        string                // what the job does with a message of in, in the past tense; "sent" if empty
	interval    time.Duration
	beforeFirst func(ctx context.Context, first *record) error // called before the first message is sent
	awaitedPeer string                                         // what the job calls the peers it waits for; "peer" if empty
	waitTerms   waitTerms                                      // of a publisher

	out      *printer
	receives bool // the job prints received messages
	count    *int // number of messages to receive; nil: until the job is stopped

	losses     []zmq.DropReason // drops that make the job fail
	malformed  string           // why received messages are malformed, reported at the end with their number; empty to report nothing
	unroutable atomic.Int64     // messages to a peer that is not connected

	sent, received atomic.Int64
	missing        string // what the job waited for when it was stopped, in words; often empty

	ctx           context.Context // ends on Ctrl-C or after --timeout
	oneConnection bool            // the job ends with its first connection
	connection    context.Context // ends with ctx; if oneConnection, also with the connection
	endConnection func()          // ends connection, with the cause errPeerClosed
	watch         watcher
}

// timeoutError is the cause of a context that --timeout ended.
type timeoutError struct{ d time.Duration }

func (t timeoutError) Error() string { return fmt.Sprintf("timed out after %v", t.d) }

// run binds and connects the socket, calls body, and closes the socket when its
// queues are written.
func (j *job) run(ctx context.Context, sock zmq.Connector, body func(ctx context.Context) error) error {
	j.link = sock
	if j.connect == nil {
		j.connect = sock.Connect
	}
	return j.runBound(ctx, sock.Socket, body)
}

// runBound is like run for a socket that does not connect.
func (j *job) runBound(ctx context.Context, sock zmq.Socket, body func(ctx context.Context) error) error {
	if d := j.flags.Timeout; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, timeoutError{d})
		defer cancel()
	}
	connection, end := context.WithCancelCause(ctx)
	defer end(nil)
	j.sock, j.ctx, j.connection = sock, ctx, connection
	j.endConnection = func() { end(errPeerClosed) }
	if j.oneConnection {
		j.watch.disconnected = j.endConnection
	}
	if j.beforeFirst == nil {
		j.beforeFirst = j.connected
	}
	background, stop := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	events := sock.Events(background)
	j.watch.socket = sock.Type().String()
	helpers.Go(func() { j.watch.run(j.e, events) })
	if lookup := j.flags.lookup; lookup != nil {
		helpers.Go(func() { auth.DisconnectRevoked(background, sock, lookup) })
	}
	if j.in != nil && j.in.terminal && (j.e.terminal.err || j.flags.Verbose) {
		j.e.logf("reading messages from the terminal, one per line; Ctrl-D ends the input")
	}
	err := j.attach()
	if err == nil {
		helpers.Go(func() { hint(background, j.awaitPeer, j.reportNoPeer) })
		err = j.finish(body(ctx))
	} else {
		sock.Close()
	}
	stop()
	helpers.Wait()
	return err
}

// connected waits for the first peer.
func (j *job) connected(ctx context.Context, _ *record) error { return j.awaitPeer(ctx) }

// awaitPeer waits until a peer is connected. Over udp no peers are known, and
// it returns at once.
func (j *job) awaitPeer(ctx context.Context) error {
	if j.hasUDP() {
		return nil
	}
	return j.link.WaitConnected(ctx)
}

// hasUDP reports whether the socket is bound to a udp endpoint.
func (j *job) hasUDP() bool { return slices.ContainsFunc(j.bound, isUDP) }

// reportNoPeer reports that no peer is connected, with the last failure of each
// endpoint unless --verbose has printed it. It says "any more" if one was connected: awaitPeer does not notice
// a peer that disconnects at once.
func (j *job) reportNoPeer() {
	when := "yet"
	if j.sock.Stats().Events[zmq.EventReady] > 0 {
		when = "any more"
	}
	where := j.where()
	if j.flags.Verbose {
		where = strings.Join(j.flags.endpoints(), ", ")
	}
	j.e.logCommandf("no %s %s at %s", cmp.Or(j.awaitedPeer, "peer"), when, where)
}

// attach binds and connects the socket.
func (j *job) attach() error {
	warned := false
	for _, ep := range j.flags.Bind {
		bound, err := j.sock.Bind(ep)
		if err != nil {
			return err
		}
		j.bound = append(j.bound, bound)
		if !j.flags.bindsQuietly {
			j.e.announce(ep, bound)
		}
		if !warned && exposed(bound) {
			warned = true
			j.flags.warnExposed(j.e, bound)
		}
	}
	for _, ep := range j.flags.Connect {
		if err := j.connect(ep); err != nil {
			return err
		}
	}
	return nil
}

// finish closes the socket when its queues are written, flushes the output, and
// returns the error of the job, whose body returned err.
func (j *job) finish(err error) error {
	drain := j.connection // queued messages do not wait for another connection
	if j.interrupted() {
		var cancel context.CancelFunc
		drain, cancel = context.WithTimeout(context.Background(), interruptDrain)
		defer cancel()
	}
	noPeer := ""
	if j.sock.Stats().Peers == 0 && !j.hasUDP() {
		noPeer = j.where()
	}
	unsent := 0
	if e, ok := errors.AsType[*zmq.UnsentError](j.sock.Shutdown(drain)); ok {
		unsent = e.Messages
	}
	flushed := j.ignoreBrokenPipe(j.out.flush())
	j.warnOverrun()
	j.reportMalformed()
	switch {
	case err == errPeerClosed && unsent == 0 && j.complete():
		return firstError(flushed, j.lossError())
	case err == errPeerClosed:
		return j.endError(unsent, "")
	case isStopped(err), err == nil && unsent > 0:
		return j.endError(unsent, noPeer)
	case err != nil:
		return err
	}
	return firstError(flushed, j.lossError())
}

// warnOverrun reports how many datagrams were dropped because the receive queue
// was full. It is only a warning: the system may have dropped others, which
// cannot be counted.
func (j *job) warnOverrun() {
	if n := j.sock.Stats().Drops[zmq.DropHWM]; n > 0 && j.hasUDP() {
		j.e.logCommandf("warning: %d datagrams were dropped: they arrived faster than they were printed", n)
	}
}

// reportMalformed reports how many received messages were dropped as malformed.
func (j *job) reportMalformed() {
	n := j.sock.Stats().Drops[zmq.DropMalformed]
	switch {
	case n == 0 || j.malformed == "":
	case n == 1:
		j.e.logCommandf("1 message dropped: %s", j.malformed)
	default:
		j.e.logCommandf("%d messages dropped: %s", n, j.malformed)
	}
}

// isStopped reports whether err means only that a context ended or that the
// input was stopped.
func isStopped(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || err == errStopped
}

// interrupted reports whether Ctrl-C or SIGTERM stopped the job.
func (j *job) interrupted() bool { return j.ctx.Err() != nil && !j.timedOut() }

// timedOut reports whether --timeout stopped the job.
func (j *job) timedOut() bool {
	_, ok := errors.AsType[timeoutError](context.Cause(j.ctx))
	return ok
}

// peerClosed reports whether the only connection of the job has ended.
func (j *job) peerClosed() bool { return context.Cause(j.connection) == errPeerClosed }

// complete reports whether a job whose connection has ended was done: all input
// was sent, and as many messages were received as --count asks for.
func (j *job) complete() bool {
	return (j.count == nil || j.received.Load() >= int64(*j.count)) && (j.in == nil || j.in.terminal || j.in.isOver(j.sent.Load()))
}

// ignoreBrokenPipe drops the error when the reader of standard output has
// exited and the job was not asked for a number of messages.
func (j *job) ignoreBrokenPipe(err error) error {
	if err == errOutputClosed && j.receives && j.count == nil {
		return nil
	}
	return err
}

// endError is the error of a job that was stopped before it was done. unsent is
// the number of messages that were queued and not written. noPeer is the
// endpoints if no peer was connected at the end, and empty otherwise.
func (j *job) endError(unsent int, noPeer string) error {
	how := "interrupted"
	switch {
	case j.peerClosed():
		how = errPeerClosed.Error()
	case j.ctx.Err() == nil:
		how = "connection lost"
	case j.timedOut():
		how = context.Cause(j.ctx).Error()
	}
	if j.sock.Stats().Events[zmq.EventReady] == 0 && noPeer != "" && !j.e.inproc {
		return fmt.Errorf("%s: no peer at %s", how, noPeer)
	}
	var parts []string
	if progress := j.progress(unsent); progress != "" {
		parts = append(parts, progress)
	}
	if noPeer != "" {
		parts = append(parts, "no peer any more at "+noPeer)
	}
	if len(parts) == 0 {
		return errors.New(how)
	}
	return errors.New(how + ": " + strings.Join(parts, "; "))
}

// progress lists how many messages were sent and received.
func (j *job) progress(unsent int) string {
	var parts []string
	if j.in != nil {
		parts = append(parts, fmt.Sprintf("%d %s", j.sent.Load()-int64(unsent), cmp.Or(j.verb, "sent")))
	}
	if unsent > 0 && j.missing == "" {
		parts = append(parts, fmt.Sprintf("%d not sent", unsent))
	}
	if j.receives && (j.count == nil || *j.count > 0) {
		s := fmt.Sprintf("%d received", j.received.Load())
		if j.count != nil {
			s = fmt.Sprintf("%d of %d received", j.received.Load(), *j.count)
		}
		parts = append(parts, s)
	}
	if j.missing != "" {
		parts = append(parts, j.missing)
	}
	return strings.Join(parts, ", ")
}

// lossError returns an error if messages that the socket accepted were not
// delivered.
func (j *job) lossError() error {
	if n := j.unroutable.Load(); n > 0 {
		return fmt.Errorf("%d not sent: no such peer", n)
	}
	drops := j.sock.Stats().Drops
	for _, reason := range j.losses {
		if n := drops[reason]; n > 0 {
			return fmt.Errorf("%d lost: %s", n, lossReason(reason))
		}
	}
	return nil
}

// lossReason describes why messages were dropped.
func lossReason(reason zmq.DropReason) string {
	switch reason {
	case zmq.DropHWM:
		return "a peer was too slow"
	case zmq.DropInFlight, zmq.DropConnLost:
		return "their connection was lost"
	case zmq.DropRejected:
		return "a peer rejected them"
	case zmq.DropTooLarge:
		return "larger than a datagram"
	case zmq.DropUnreachable:
		return "the system could not send them to that destination"
	}
	return reason.String()
}

// where lists the endpoints, each with its last failure.
func (j *job) where() string {
	var list []string
	for _, e := range j.sock.Endpoints() {
		text := e.Endpoint
		if e.Err != nil {
			text += ": " + connectFailure(e.Err)
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}
