package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/slots"
	"github.com/zerobroker/zmq/internal/transport"
)

// AuthRequest describes a peer whose credentials are checked.
type AuthRequest struct {
	mechanism.Credentials
	Endpoint      string // as bound or connected
	RoutingID     string // of the socket, as it announces it
	Local, Remote net.Addr
	Conn          net.Conn             // not to be read or written
	TLS           *tls.ConnectionState // nil without TLS
}

// Authenticator checks the credentials of peers. All endpoints of a socket may
// share one.
type Authenticator struct {
	check func(context.Context, *AuthRequest) (mechanism.Verdict, error)
	slots *slots.Slots // of calls of check
}

// NewAuthenticator returns an authenticator that calls check for up to concurrent
// peers at a time, each in a goroutine of its own and with no lock held. The sources of
// waiting peers get their turns one after the other. The
// context ends at the deadline of the handshake, or with the connection. The error
// says why the verdict does not accept the peer; the peer does not receive it. If
// check panics, the peer is refused.
func NewAuthenticator(concurrent int, check func(context.Context, *AuthRequest) (mechanism.Verdict, error)) *Authenticator {
	return &Authenticator{check: check, slots: slots.New(concurrent)}
}

// errNoAnswer is the cause of a refusal after the authenticator has not answered
// within the handshake's deadline.
var errNoAnswer = errors.New("no answer from the authenticator before the deadline of the handshake")

// answer is the result of a check.
type answer struct {
	mechanism.Verdict
	err error
}

// authenticate has the credentials of the peer checked, and continues the
// handshake with the result. It returns buf with the bytes that have arrived meanwhile.
func (c *conn) authenticate(creds mechanism.Credentials, deadline time.Time, buf []byte) ([]byte, error) {
	c.revocations = c.cfg.Host.Revocations()
	if err := c.withdrawn(); err != nil {
		return buf, err
	}
	a, buf, err := c.check(creds, deadline, buf)
	if err != nil {
		return buf, err
	}
	err = c.engine.Resume(a.Verdict)
	if err != nil && a.err != nil {
		err = &engine.Error{Reason: engine.CloseReasonOf(err), Err: fmt.Errorf("%w: %w", errors.Unwrap(err), a.err)}
	}
	return buf, err
}

// maxEarly is how many bytes are read during authentication. Only a peer of NULL that
// does not wait for READY sends more; it is then not noticed if it disconnects.
const maxEarly = 4 << 10

// check returns the answer of the authenticator, or a refusal when the deadline has
// passed. Meanwhile it appends input to buf, because only Read notices that the peer
// disconnects. The error is that of the connection.
func (c *conn) check(creds mechanism.Credentials, deadline time.Time, buf []byte) (answer, []byte, error) {
	if c.cfg.Authenticator == nil {
		return refusedAnswer(errors.New("no authenticator")), buf, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	if !deadline.IsZero() {
		ctx, cancel = context.WithDeadline(context.Background(), deadline)
	}
	defer cancel()
	answers := make(chan answer, 1)
	go c.ask(ctx, &AuthRequest{
		Credentials: creds, Endpoint: c.endpoint, RoutingID: c.cfg.Engine.RoutingID,
		Local: c.nc.LocalAddr(), Remote: c.nc.RemoteAddr(), Conn: c.nc, TLS: c.tls,
	}, answers)
	var err error
	for len(buf) < maxEarly && err == nil {
		buf, err = c.appendRead(buf)
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return answer{}, buf, c.handshakeError(err)
	}
	for {
		if c.closed() {
			return answer{}, buf, net.ErrClosed
		}
		select {
		case a := <-answers:
			if ctx.Err() != nil { // an answer to the end of ctx is too late
				return refusedAnswer(errNoAnswer), buf, nil
			}
			c.nc.SetReadDeadline(deadline)
			return a, buf, nil
		case <-ctx.Done():
			return refusedAnswer(errNoAnswer), buf, nil
		case <-c.room.wait(): // perhaps closed
		}
	}
}

// ask sends the answer of the authenticator. Before that it ends the Read of check: a
// later end of it could hit a Read of the continued handshake. The connection may have
// ended meanwhile.
func (c *conn) ask(ctx context.Context, r *AuthRequest, answers chan<- answer) {
	a := c.cfg.Authenticator.run(ctx, r)
	c.nc.SetReadDeadline(time.Unix(1, 0))
	answers <- a
}

func refusedAnswer(err error) answer {
	return answer{mechanism.Verdict{Status: mechanism.StatusInternalError}, err}
}

// run returns the result of one check.
func (a *Authenticator) run(ctx context.Context, r *AuthRequest) (result answer) {
	source := slots.Source(r.Remote)
	if a.slots.Acquire(ctx, source) != nil {
		return refusedAnswer(errNoAnswer)
	}
	defer func() {
		if p := recover(); p != nil {
			result = refusedAnswer(fmt.Errorf("authenticator %w", transport.PanicError(p)))
		}
		a.slots.Release(source)
	}()
	v, err := a.check(ctx, r)
	return answer{v, err}
}
