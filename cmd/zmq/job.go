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
)

// interruptDrain is how long messages may still be written after Ctrl-C.
const interruptDrain = 2 * time.Second

// job is one socket command at work: messages from an input to a socket, and
// from the socket to the printer.
type job struct {
	e     *env
	flags *socketFlags
	sock  zmq.Socket
	link  zmq.Connector // the same socket, if its type connects
	bound []string      // endpoints as they are bound; set before anything is sent

	connect  func(ep string) error // Connect of link if nil
	in       *input                // nil if nothing is sent
	did      string                // what was done with a message of it: "sent" if empty
	interval time.Duration
	ready    func(ctx context.Context, first *record) error // before the first message
	awaited  string                                         // who has to come: "peer" if empty
	interest interest                                       // in what a publisher sends

	out      *printer
	receives bool // that messages come is part of the job
	count    *int // how many; nil for until it is ended

	losses   []zmq.DropReason // that count as not sent
	unrouted atomic.Int64     // messages whose receiver is not there

	sent, received atomic.Int64
	waiting        string          // what was still waited for at the end, if that is special
	whole          context.Context // ends by Ctrl-C or --timeout
	connection     context.Context // ends with whole, and with the first connection if single
	hangUp         func()          // ends connection, with errHungUp
	single         bool            // the job ends with its first connection
	watch          watcher
}

// timeoutError is the cause of a context that --timeout ended.
type timeoutError struct{ d time.Duration }

func (t timeoutError) Error() string { return fmt.Sprintf("timed out after %v", t.d) }

// run has body work with a socket that binds and connects, and drains it.
func (j *job) run(ctx context.Context, sock zmq.Connector, body func(ctx context.Context) error) error {
	j.link = sock
	if j.connect == nil {
		j.connect = sock.Connect
	}
	return j.runBound(ctx, sock.Socket, body)
}

// runBound is run for a socket that only binds.
func (j *job) runBound(ctx context.Context, sock zmq.Socket, body func(ctx context.Context) error) error {
	if d := j.flags.Timeout; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, timeoutError{d})
		defer cancel()
	}
	connection, end := context.WithCancelCause(ctx)
	defer end(nil)
	j.sock, j.whole, j.connection = sock, ctx, connection
	j.hangUp = func() { end(errHungUp) }
	if j.single {
		j.watch.disconnected = j.hangUp
	}
	if j.ready == nil {
		j.ready = j.connected
	}
	background, stop := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	events := sock.Events(background)
	helpers.Go(func() { j.watch.run(j.e, events) })
	if j.in != nil && j.in.terminal && (j.e.terminal.err || j.flags.Verbose) {
		j.e.say("reading messages from the terminal, one a line; Ctrl-D ends")
	}
	err := j.attach()
	if err == nil {
		helpers.Go(func() { hint(background, j.awaitPeer, j.sayAlone) })
		err = j.finish(body(ctx))
	} else {
		sock.Close()
	}
	stop()
	helpers.Wait()
	return err
}

// connected waits until there is somebody to send to.
func (j *job) connected(ctx context.Context, _ *record) error { return j.awaitPeer(ctx) }

// awaitPeer waits for a peer, if there is to be one.
func (j *job) awaitPeer(ctx context.Context) error {
	if j.unseen() {
		return nil
	}
	return j.link.WaitConnected(ctx)
}

// unseen reports whether peers may come and go without our knowing.
func (j *job) unseen() bool { return slices.ContainsFunc(j.bound, overUDP) }

// sayAlone says what is waited for. A reason is there only if it is known yet. A
// peer that stays for a moment only may come and leave unseen by awaitPeer.
func (j *job) sayAlone() {
	when := "yet"
	if j.sock.Stats().Events[zmq.EventReady] > 0 {
		when = "any more"
	}
	j.e.sayAs("no %s %s at %s", cmp.Or(j.awaited, "peer"), when, j.where())
}

// attach binds and connects.
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
			j.e.warnExposed(bound)
		}
	}
	for _, ep := range j.flags.Connect {
		if err := j.connect(ep); err != nil {
			return err
		}
	}
	return nil
}

// finish writes what is queued on either side, and says how the job ended.
func (j *job) finish(err error) error {
	drain := j.connection // nothing is queued for another one
	if j.interrupted() {
		var cancel context.CancelFunc
		drain, cancel = context.WithTimeout(context.Background(), interruptDrain)
		defer cancel()
	}
	alone := j.sock.Stats().Peers == 0 && !j.unseen()
	unsent := 0
	if e, ok := errors.AsType[*zmq.UnsentError](j.sock.Shutdown(drain)); ok {
		unsent = e.Messages
	}
	flushed := j.excuse(j.out.flush())
	j.warnOverrun()
	switch {
	case err == errHungUp && unsent == 0 && j.complete():
		return firstError(flushed, j.lost())
	case err == errHungUp:
		return j.ending(unsent, false)
	case ended(err), err == nil && unsent > 0:
		return j.ending(unsent, alone)
	case err != nil:
		return err
	case flushed != nil:
		return flushed
	}
	return j.lost()
}

// warnOverrun says how many datagrams found our queue full. It is no failure: as
// many may have been lost before they came to it, of which nobody knows.
func (j *job) warnOverrun() {
	if n := j.sock.Stats().Drops[zmq.DropHWM]; n > 0 && j.unseen() {
		j.e.sayAs("warning: %d more came faster than they were printed, and are lost", n)
	}
}

// ended reports whether err says only that a context or the input was ended.
func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || err == errStopped
}

// interrupted reports whether Ctrl-C, or what is like it, ended the job.
func (j *job) interrupted() bool { return j.whole.Err() != nil && !j.timedOut() }

// timedOut reports whether --timeout did.
func (j *job) timedOut() bool {
	_, ok := errors.AsType[timeoutError](context.Cause(j.whole))
	return ok
}

// hungUp reports whether the only connection of the job has ended.
func (j *job) hungUp() bool { return context.Cause(j.connection) == errHungUp }

// complete reports whether a job whose connection has ended was done: all input
// was sent, and as many messages were received as --count asks for.
func (j *job) complete() bool {
	return (j.count == nil || j.received.Load() >= int64(*j.count)) && (j.in == nil || j.in.terminal || j.in.isOver())
}

// excuse makes nothing of an output that is not wanted any more, if no number
// of messages was asked for.
func (j *job) excuse(err error) error {
	if err == errOutputGone && j.receives && j.count == nil {
		return nil
	}
	return err
}

// ending is the error of a job that was ended before it was done, with that
// many messages still queued, and alone if there was no peer any more.
func (j *job) ending(unsent int, alone bool) error {
	how := "interrupted"
	switch {
	case j.hungUp():
		how = errHungUp.Error()
	case j.whole.Err() == nil:
		how = "connection lost" // or lingering over, before all was sent
	case j.timedOut():
		how = context.Cause(j.whole).Error()
	}
	met := j.sock.Stats().Events[zmq.EventReady] > 0 || j.e.inproc || j.unseen()
	if !met {
		return fmt.Errorf("%s: no peer at %s", how, j.where())
	}
	var parts []string
	if progress := j.progress(unsent); progress != "" {
		parts = append(parts, progress)
	}
	if alone {
		parts = append(parts, "no peer any more at "+j.where())
	}
	if len(parts) == 0 {
		return errors.New(how)
	}
	return errors.New(how + ": " + strings.Join(parts, "; "))
}

// progress says what was done in words.
func (j *job) progress(unsent int) string {
	var parts []string
	if j.in != nil {
		parts = append(parts, fmt.Sprintf("%d %s", j.sent.Load()-int64(unsent), cmp.Or(j.did, "sent")))
	}
	if unsent > 0 && j.waiting == "" {
		parts = append(parts, fmt.Sprintf("%d not sent", unsent))
	}
	if j.receives {
		s := fmt.Sprintf("%d received", j.received.Load())
		if j.count != nil {
			s = fmt.Sprintf("%d of %d received", j.received.Load(), *j.count)
		}
		parts = append(parts, s)
	}
	if j.waiting != "" {
		parts = append(parts, j.waiting)
	}
	return strings.Join(parts, ", ")
}

// lost is the error of messages that were taken and not delivered.
func (j *job) lost() error {
	if n := j.unrouted.Load(); n > 0 {
		return fmt.Errorf("%d not sent: no such peer", n)
	}
	drops := j.sock.Stats().Drops
	for _, reason := range j.losses {
		if n := drops[reason]; n > 0 {
			return fmt.Errorf("%d lost: %s", n, lossWords(reason))
		}
	}
	return nil
}

// lossWords says why messages were lost.
func lossWords(reason zmq.DropReason) string {
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
		return "the system could not send them there"
	}
	return reason.String()
}

// where names the endpoints, and what is wrong with them if that is known.
func (j *job) where() string {
	return j.watch.where(append(j.bound[:len(j.bound):len(j.bound)], j.flags.Connect...))
}
