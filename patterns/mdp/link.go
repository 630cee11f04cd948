package mdp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// ErrTimeout is matched by the error of a request that got no reply in time. It matches
// [context.DeadlineExceeded] too.
var ErrTimeout = fmt.Errorf("no reply in time: %w", context.DeadlineExceeded)

// errLinkLost ends the use of a link: the connection is lost, or the other side sent
// DISCONNECT or no heartbeat.
var errLinkLost = errors.New("connection to the broker lost")

// link is a DEALER for one conversation with a broker: from the connection until that is
// lost. Then a new one is made, "on a new socket", as the RFCs say, so that
// nothing of the old conversation arrives in the new one.
type link struct {
	*zmq.Dealer
	broker zmq.PeerInfo // zero if the connection is lost already
}

// linkOptions returns the options of links.
func linkOptions(o *zmq.Options) *zmq.Options {
	var s zmq.Options
	if o != nil {
		s = *o
	}
	s.Immediate = true
	s.Linger = cmp.Or(s.Linger, time.Second)
	s.AutoMessages.Hiccup = []byte{}
	return &s
}

// isLost reports whether m is the message that a DEALER receives when the connection is
// lost.
func isLost(m zmq.Message) bool { return m.NumFrames() == 1 && len(m.Frame(0)) == 0 }

// dial makes a link and waits until it is connected. made is called with the socket
// before that.
func dial(ctx context.Context, endpoint string, o *zmq.Options, made func(*zmq.Dealer)) (*link, error) {
	d, err := zmq.NewDealer(o)
	if err != nil {
		return nil, err
	}
	made(d)
	l := &link{Dealer: d}
	if err = d.Connect(endpoint); err == nil {
		err = d.WaitConnected(ctx)
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	if peers := d.Peers(); len(peers) > 0 {
		l.broker = peers[0]
	}
	return l, nil
}

// checkEndpoint returns the error of an endpoint or of options of a DEALER.
func checkEndpoint(endpoint string, o *zmq.Options) error {
	d, err := zmq.NewDealer(o)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Connect(endpoint)
}

// backoff is the delay between two links.
type backoff struct {
	first, limit, next time.Duration
}

func newBackoff(o *zmq.Options) backoff {
	limit := cmp.Or(o.Reconnect.MaxInterval, 5*time.Second)
	first := min(cmp.Or(o.Reconnect.Interval, 100*time.Millisecond), limit)
	return backoff{first, limit, first}
}

// reset makes the next delay the first one again.
func (b *backoff) reset() { b.next = b.first }

// wait waits for the next delay, which varies by half to either side, and doubles the
// one after it. It returns false if ctx ends first.
func (b *backoff) wait(ctx context.Context) bool {
	t := time.NewTimer(b.next/2 + rand.N(b.next+1))
	defer t.Stop()
	b.next = min(2*b.next, b.limit)
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// register adds a socket to a registry, if there is one.
func register(r *zmqstat.Registry, name string, s zmq.Socket) {
	if r != nil {
		r.Add(name, s)
	}
}
