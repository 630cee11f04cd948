package memnet

import (
	"context"
	"hash/fnv"
	"net"
	"syscall"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

// dialFault is what happens to dials of one address.
type dialFault struct {
	count int       // refuse so many more
	until time.Time // refuse before then
	hang  bool      // never answer
}

// Refuse has the next count dials of addr fail with ECONNREFUSED, whoever
// listens there. The address "" stands for every one, here and below.
func (n *Network) Refuse(addr string, count int) {
	n.fault(addr, func(f *dialFault) { f.count = count })
}

// RefuseFor has dials of addr fail with ECONNREFUSED for so long from now.
func (n *Network) RefuseFor(addr string, d time.Duration) {
	n.fault(addr, func(f *dialFault) { f.until = time.Now().Add(d) })
}

// Hang switches on or off that dials of addr are never answered, so that they
// end with their context only. Those already hanging go on doing so.
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

// Dial connects to a listener of this network after one round trip of the
// link's latency. Like a kernel, it does not wait for Accept.
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

// answer decides how a dial is received, counting refusals down.
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
