package memnet

import (
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Cut is a way for the network to end a connection.
type Cut int

const (
	// RST destroys what is pending in both directions; from then on both ends
	// read and write ECONNRESET.
	RST Cut = iota
	// FIN ends both directions in order: what is pending is still delivered,
	// then both ends read io.EOF. Writing fails with EPIPE at once. It is what
	// a proxy in the middle does when it goes.
	FIN
)

// Link is one connection, as its network sees it.
type Link struct {
	addr    string
	index   int
	ordinal int
	rand    *rand.Rand

	dialer, acceptor *conn

	mu       sync.Mutex
	cond     sync.Cond // anything below, or in a flow or a conn, has changed
	up, down Flow
	accept   time.Duration
}

// newLink makes a connection whose randomness depends on the seed, the
// address and its index among that address's links, and on nothing else.
func newLink(addr string, index, ordinal int, seed, hash uint64) *Link {
	l := &Link{addr: addr, index: index, ordinal: ordinal}
	l.cond.L = &l.mu
	stream := func(k uint64) *rand.Rand {
		// PCG wants distinct second words for distinct streams; neighbours
		// are as good as any.
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

// Addr is the address that was dialled.
func (l *Link) Addr() string { return l.addr }

// Index counts the connections to this address, from 0. Refused and hanging
// dials are none.
func (l *Link) Index() int { return l.index }

// Ordinal counts the connections of the whole network, from 0; the dialling
// end's address is "dialer:" and this number.
func (l *Link) Ordinal() int { return l.ordinal }

// Rand is this link's own source of random numbers, for the script of its
// faults. It serves one goroutine, and is not what its flows draw from.
func (l *Link) Rand() *rand.Rand { return l.rand }

// Up is the direction from the dialer to the listener.
func (l *Link) Up() *Flow { return &l.up }

// Down is the direction from the listener to the dialer.
func (l *Link) Down() *Flow { return &l.down }

// SetLatency sets the delay of both directions. Set in OnLink's function, it
// also holds for the handshake: Dial takes one round trip.
func (l *Link) SetLatency(d time.Duration) {
	l.up.SetLatency(d)
	l.down.SetLatency(d)
}

// SetAcceptDelay keeps the connection in the listener's queue for so long
// after the dialer has it. It is to be set in OnLink's function.
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
			f.end, f.endAt, f.werr = syscall.ECONNRESET, time.Time{}, syscall.ECONNRESET
			continue
		}
		f.finishLocked()
		if f.werr == nil {
			f.werr = syscall.EPIPE
		}
	}
	l.cond.Broadcast()
}

// finishLocked ends a flow in order, unless it has an end already: io.EOF
// travels behind the last byte.
func (f *Flow) finishLocked() {
	if f.end == nil {
		f.end, f.endAt = io.EOF, f.scheduleLocked(0)
	}
}
