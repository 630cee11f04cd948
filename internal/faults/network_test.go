package faults

import (
	"context"
	"math/rand/v2"
	"net"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// station is the transport "mem" of one socket.
type station struct {
	sc    *script
	owner *instance
}

// Dial connects, and fails while a partition separates the socket from others.
func (s *station) Dial(ctx context.Context, addr string) (net.Conn, error) {
	for s.owner.node.isCut() {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	c, err := s.sc.net.Dial(ctx, addr, nil)
	if err != nil {
		return nil, err
	}
	s.sc.attach(ordinal(c.LocalAddr()), s.owner, nil)
	return c, nil
}

func (s *station) Listen(_ context.Context, addr string) (net.Listener, error) {
	l, err := s.sc.net.Listen(addr, nil)
	if err != nil {
		return nil, err
	}
	return &stationListener{l, s}, nil
}

type stationListener struct {
	transport.Listener
	s *station
}

func (l *stationListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.s.sc.attach(ordinal(c.RemoteAddr()), nil, l.s.owner)
	return c, nil
}

func (l *stationListener) Addr() net.Addr { return memnet.Addr(l.Listener.Addr()) }

// ordinal returns the number of the connection with that address of its dialer, or
// -1.
func ordinal(a net.Addr) int {
	if a == nil {
		return -1
	}
	if name, ok := strings.CutPrefix(a.String(), "dialer:"); ok {
		if n, err := strconv.Atoi(name); err == nil {
			return n
		}
	}
	return -1
}

// link is a connection, with the sockets at its ends and the messages on it.
type link struct {
	*memnet.Link
	dialer, acceptor *instance
	epoch            int // how often the dialer had joined
	up, down         counter
}

// counter finds the messages in the bytes of one direction of a connection. It does
// not use the library, so that it finds errors of the library.
type counter struct {
	mu     sync.Mutex // a connection may write while the script counts
	sealed bool       // CURVE
	skip   int        // bytes of the greeting or a body that follow
	head   [9]byte
	got    int // bytes of head
	open   bool
	at     int64
	starts []int64 // offset of the first byte of each message that has begun
	ends   []int64 // offset after the last byte of each message
}

const (
	flagMore, flagLong, flagCommand = 1, 2, 4

	greetingSize = 64
	// sealedOverhead is what CURVE adds to a frame: "\x07MESSAGE", a nonce of 8
	// bytes, an authenticator of 16, and the flags. The frames that are smaller than
	// those with our header and leastSealed bytes are commands and envelopes.
	sealedOverhead = 8 + 8 + 16 + 1
	leastSealed    = 32
)

func (c *counter) accept(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(b) > 0 {
		if c.skip > 0 {
			n := min(c.skip, len(b))
			c.skip -= n
			c.at += int64(n)
			if b = b[n:]; c.skip == 0 {
				c.endFrame()
			}
			continue
		}
		c.head[c.got] = b[0]
		c.got++
		c.at++
		b = b[1:]
		flags := c.head[0]
		if c.got == 1 && flags&flagCommand == 0 && !c.open && !c.sealed {
			c.open = true
			c.starts = append(c.starts, c.at-1)
		}
		switch {
		case flags&flagLong == 0 && c.got == 2:
			c.skip = int(c.head[1])
		case flags&flagLong != 0 && c.got == 9:
			for _, x := range c.head[1:] {
				c.skip = c.skip<<8 | int(x)
			}
		default:
			continue
		}
		if c.sealed && flags&flagCommand == 0 && c.skip >= sealedOverhead+headerSize+leastSealed {
			c.open = true
			c.starts = append(c.starts, c.at-int64(c.got))
		}
		if c.skip == 0 {
			c.endFrame()
		}
	}
}

func (c *counter) endFrame() {
	if c.got > 0 && c.open && c.head[0]&(flagCommand|flagMore) == 0 {
		c.open = false
		c.ends = append(c.ends, c.at)
	}
	c.got = 0
}

// whole returns the number of messages that end in the first n bytes, and torn
// whether these end within another one.
func (c *counter) whole(n int64) (whole int, torn bool) {
	before := func(list []int64, n int64) int {
		return sort.Search(len(list), func(i int) bool { return list[i] >= n })
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	whole = before(c.ends, n+1)
	return whole, before(c.starts, n) > whole
}

// direction is one direction of a connection after the script, or at a stop.
type direction struct {
	from, to         *instance
	written, arrived int  // messages of which all bytes were written, and read
	tornOut, tornIn  bool // a further message was written, and read, in part
}

func (k *link) directions() [2]direction {
	of := func(f *memnet.Flow, c *counter, from, to *instance) direction {
		s := f.Stats()
		d := direction{from: from, to: to}
		d.written, d.tornOut = c.whole(s.Accepted)
		d.arrived, d.tornIn = c.whole(s.Delivered)
		return d
	}
	return [2]direction{of(k.Up(), &k.up, k.dialer, k.acceptor), of(k.Down(), &k.down, k.acceptor, k.dialer)}
}

// register begins to count the messages of a new connection, and gives it faults.
func (sc *script) register(l *memnet.Link) {
	k := &link{Link: l}
	for _, c := range []*counter{&k.up, &k.down} {
		c.skip, c.sealed = greetingSize, sc.security == curveSecurity
	}
	l.Up().OnAccept(k.up.accept)
	l.Down().OnAccept(k.down.accept)
	sc.mu.Lock()
	for len(sc.links) <= l.Ordinal() {
		sc.links = append(sc.links, nil)
	}
	sc.links[l.Ordinal()] = k
	healed := sc.healed
	sc.mu.Unlock()
	sc.shape(l, healed)
}

// attach records the socket at one end of a connection.
func (sc *script) attach(n int, dialer, acceptor *instance) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	k := sc.links[n]
	if dialer != nil {
		k.dialer, k.epoch = dialer, dialer.epoch
	}
	if acceptor != nil {
		k.acceptor = acceptor
	}
	for _, l := range []*instance{k.dialer, k.acceptor} {
		if l != nil && l.node.cut && !sc.healed {
			k.Up().Stall()
			k.Down().Stall()
		}
	}
}

// shape gives a new connection latency, limits and at most one fault at random.
func (p *plan) shape(l *memnet.Link, healed bool) {
	r := l.Rand()
	one := func() *memnet.Flow {
		if r.IntN(2) == 0 {
			return l.Up()
		}
		return l.Down()
	}
	if r.IntN(2) == 0 {
		l.SetLatency(time.Duration(r.IntN(20000)) * time.Microsecond)
	}
	if r.IntN(4) == 0 {
		// Connections that are made one after the other begin in another order.
		l.SetAcceptDelay(time.Duration(r.IntN(50)) * time.Millisecond)
	}
	total := p.messages * (p.size/2 + 20) // bytes that a sender sends
	if r.IntN(6) == 0 {
		one().SetBandwidth(total + r.IntN(4*total))
	}
	if r.IntN(4) == 0 {
		one().SetBuffer(1 + total/200 + r.IntN(4096))
	}
	if r.IntN(4) == 0 {
		one().SetChunk(1 + total/200 + r.IntN(1+total/20))
	}
	if p.lossless || healed {
		return
	}
	how := memnet.Cut(r.IntN(2))
	// At any byte: the greeting, the handshake, the first messages, or later ones.
	at := int64(r.IntN([]int{64, 200, 1000, 1 + total/2}[r.IntN(4)]))
	switch r.IntN(8) {
	case 0:
		one().CutAfterDelivery(at, how)
	case 1:
		one().CutAfterWrite(at, how)
	}
}

// cutLater cuts a connection after a few more bytes.
func cutLater(r *rand.Rand, l *link) {
	f := l.Up()
	if r.IntN(2) == 0 {
		f = l.Down()
	}
	how := memnet.Cut(r.IntN(2))
	s := f.Stats()
	if r.IntN(2) == 0 {
		f.CutAfterDelivery(s.Delivered+int64(r.IntN(500)), how)
	} else {
		f.CutAfterWrite(s.Accepted+int64(r.IntN(500)), how)
	}
}
