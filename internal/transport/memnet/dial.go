package memnet

import (
	"context"
	"hash/fnv"
	"net"
	"syscall"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

// dialFault is the fault for dials of one address.
type dialFault struct {
	count int       // number of dials to refuse
	until time.Time // refuse dials before this time
	hang  bool      // do not answer dials
}

// Refuse makes the next count dials of addr fail with ECONNREFUSED, also if
// there is a listener. For all functions here, addr "" means every address.
func (n *Network) Refuse(addr string, count int) {
	n.fault(addr, func(f *dialFault) { f.count = count })
}

// RefuseFor makes dials of addr fail with ECONNREFUSED for the duration d.
func (n *Network) RefuseFor(addr string, d time.Duration) {
	n.fault(addr, func(f *dialFault) { f.until = time.Now().Add(d) })
}

// Hang sets whether dials of addr block until their context ends. It has no
// effect on dials that already block.
func (n *Network) Hang(addr string, on bool) {
	n.fault(addr, func(f *dialFault) { f.hang = on })
}

func (n *Network) fault(addr string, set func(*dialFault)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.faults[addr]
	if f == nil {
		f = new(dialFault)
		n.faults[addr] = f
	}
	set(f)
}

// Dial connects to a listener of this network. It takes one round trip of the
// link's latency and, as on TCP, does not wait for Accept.
func (n *Network) Dial(ctx context.Context, addr string, _ *transport.Options) (net.Conn, error) {
	if err := n.CheckDial(addr); err != nil {
		return nil, err
	}
	c, err := n.dial(ctx, addr)
	if err != nil {
		return nil, opError("dial", nil, Addr(addr), err)
	}
	return c, nil
}

func (n *Network) dial(ctx context.Context, addr string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	hang, err := n.answer(addr)
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	l := n.newLink(addr)
	if d := l.roundTrip(); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			l.Cut(RST)
			return nil, ctx.Err()
		}
	}
	n.mu.Lock()
	to := n.listeners[addr]
	n.mu.Unlock()
	if to == nil || !to.push(l) {
		l.Cut(RST)
		return nil, syscall.ECONNREFUSED
	}
	return l.dialer, nil
}

// answer returns the result of a dial according to the faults and listeners.
// hang means that the dial blocks. answer counts the refusals of Refuse.
func (n *Network) answer(addr string) (hang bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range []string{addr, ""} {
		f := n.faults[a]
		switch {
		case f == nil:
		case f.hang:
			return true, nil
		case f.count > 0:
			f.count--
			return false, syscall.ECONNREFUSED
		case time.Now().Before(f.until):
			return false, syscall.ECONNREFUSED
		}
	}
	if n.listeners[addr] == nil {
		return false, syscall.ECONNREFUSED
	}
	return false, nil
}

func (n *Network) newLink(addr string) *Link {
	n.mu.Lock()
	h := fnv.New64a()
	h.Write([]byte(addr))
	l := newLink(addr, n.made[addr], len(n.links), n.seed, h.Sum64())
	n.made[addr]++
	n.links = append(n.links, l)
	f := n.onLink
	n.mu.Unlock()
	if f != nil {
		f(l)
	}
	return l
}
