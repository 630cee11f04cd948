package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
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
	slots chan struct{} // an element for each call of check
}

// NewAuthenticator returns an authenticator that calls check for up to concurrent
// peers at a time, each in a goroutine of its own and with no lock held. The
// context ends at the deadline of the handshake, or with the connection. The error
// says why the verdict does not accept the peer; the peer does not receive it. If
// check panics, the peer is refused.
func NewAuthenticator(concurrent int, check func(context.Context, *AuthRequest) (mechanism.Verdict, error)) *Authenticator {
	return &Authenticator{check: check, slots: make(chan struct{}, concurrent)}
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
// handshake with the result.
func (c *conn) authenticate(creds mechanism.Credentials, deadline time.Time) error {
	a := c.check(creds, deadline)
	err := c.engine.Resume(a.Verdict)
	if err != nil && a.err != nil {
		return &engine.Error{Reason: engine.CloseReasonOf(err), Err: fmt.Errorf("%w: %w", errors.Unwrap(err), a.err)}
	}
	return err
}

// check returns the answer of the authenticator, or a refusal when the deadline
// has passed or the connection is closed.
func (c *conn) check(creds mechanism.Credentials, deadline time.Time) answer {
	auth := c.cfg.Authenticator()
	if auth == nil { // it was removed since the handshake began
		return refusedAnswer(errors.New("no authenticator"))
	}
	ctx, cancel := context.WithCancel(context.Background())
	if !deadline.IsZero() {
		ctx, cancel = context.WithDeadline(context.Background(), deadline)
	}
	defer cancel()
	r := &AuthRequest{
		Credentials: creds, Endpoint: c.endpoint, RoutingID: c.cfg.Engine.RoutingID,
		Local: c.nc.LocalAddr(), Remote: c.nc.RemoteAddr(), Conn: c.nc, TLS: c.tls,
	}
	answers := make(chan answer, 1)
	go auth.run(ctx, r, answers)
	for {
		select {
		case a := <-answers:
			return a
		case <-ctx.Done():
			return refusedAnswer(errNoAnswer)
		case <-c.room:
			c.mu.Lock()
			closed := c.state == stateClosed
			c.mu.Unlock()
			if closed {
				return refusedAnswer(net.ErrClosed)
			}
		}
	}
}

func refusedAnswer(err error) answer {
	return answer{mechanism.Verdict{Status: mechanism.StatusInternalError}, err}
}

// run sends the result of one check. The connection may have ended meanwhile.
func (a *Authenticator) run(ctx context.Context, r *AuthRequest, answers chan<- answer) {
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() {
		if p := recover(); p != nil {
			answers <- refusedAnswer(fmt.Errorf("authenticator panicked: %v", p))
		}
		<-a.slots
	}()
	v, err := a.check(ctx, r)
	answers <- answer{v, err}
}
