package memnet

import (
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Cut is a way in which the network ends a connection.
type Cut int

const (
	// RST destroys pending bytes in both directions. Afterwards Read and Write
	// at both ends return ECONNRESET.
	RST Cut = iota
	// FIN ends both directions in order, as a proxy that exits does. Pending
	// bytes are still delivered, then Read at both ends returns io.EOF. Write
	// returns EPIPE at once.
	FIN
)

// Link is one connection of a Network.
type Link struct {
	addr    string
	index   int
	ordinal int
	rand    *rand.Rand

	dialer, acceptor *conn

	mu       sync.Mutex
	cond     sync.Cond // a field below, of a flow or of a conn has changed
	up, down Flow
	accept   time.Duration
}

// newLink returns a connection whose random numbers depend only on the seed,
// the address and the index of the link among those to that address.
func newLink(addr string, index, ordinal int, seed, hash uint64) *Link {
	l := &Link{addr: addr, index: index, ordinal: ordinal}
	l.cond.L = &l.mu
	stream := func(k uint64) *rand.Rand {
		// PCG needs a different second word for each stream. Consecutive
		// numbers are sufficient.
		return rand.New(rand.NewPCG(seed, hash+3*uint64(index)+k))
	}
	l.rand = stream(0)
	l.up.init(l, stream(1))
	l.down.init(l, stream(2))
	here, there := Addr("dialer:"+strconv.Itoa(ordinal)), Addr(addr)
	l.dialer = &conn{link: l, in: &l.down, out: &l.up, local: here, remote: there}
	l.acceptor = &conn{link: l, in: &l.up, out: &l.down, local: there, remote: here}
	return l
}

// Addr returns the address that was dialed.
func (l *Link) Addr() string { return l.addr }

// Index returns the number of this connection among those to the same address,
// counted from 0. Dials that are refused at once or hang are not counted.
func (l *Link) Index() int { return l.index }

// Ordinal returns the number of this connection among all connections of the
// network, counted from 0. The address of the dialer's end is "dialer:" and
// this number.
func (l *Link) Ordinal() int { return l.ordinal }

// Rand returns a source of random numbers for use by tests. The flows do not
// use it. It must not be used concurrently.
func (l *Link) Rand() *rand.Rand { return l.rand }

// Up returns the flow from the dialer to the listener.
func (l *Link) Up() *Flow { return &l.up }

// Down returns the flow from the listener to the dialer.
func (l *Link) Down() *Flow { return &l.down }

// SetLatency sets the latency of both flows. If the function of OnLink calls
// it, Dial takes one round trip of that latency.
func (l *Link) SetLatency(d time.Duration) {
	l.up.SetLatency(d)
	l.down.SetLatency(d)
}

// SetAcceptDelay sets the time between the return of Dial and that of Accept.
// It must be called in the function of OnLink.
func (l *Link) SetAcceptDelay(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accept = d
}

func (l *Link) acceptDelay() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accept
}

func (l *Link) roundTrip() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up.latency + l.down.latency
}

// Cut ends the connection now.
func (l *Link) Cut(how Cut) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cutLocked(how)
}

func (l *Link) cutLocked(how Cut) {
	for _, f := range []*Flow{&l.up, &l.down} {
		if how == RST {
			f.destroyLocked(0)
			f.end, f.endAt, f.writeErr = syscall.ECONNRESET, time.Time{}, syscall.ECONNRESET
			continue
		}
		f.finishLocked()
		if f.writeErr == nil {
			f.writeErr = syscall.EPIPE
		}
	}
	l.cond.Broadcast()
}

// finishLocked ends a flow in order, unless it has ended already: io.EOF
// arrives after the last byte.
func (f *Flow) finishLocked() {
	if f.end == nil {
		f.end, f.endAt = io.EOF, f.scheduleLocked(0)
	}
}
