package session

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/wire"
)

// Datagrams keeps one endpoint of datagrams alive, bound or connected. There is
// no connection behind it and no handshake, hence no engine either: each message
// is a datagram, and it has one pipe from its beginning to its end. A bound one
// has a goroutine that reads; messages to send start another, which opens what a
// connected one sends from, writes them and ends.
//
// Nothing that the network does ends it: only its socket does.
type Datagrams struct {
	cfg      *Config
	packets  transport.Packets
	endpoint string
	address  string // to open, and to try again; empty when bound
	pipe     *pipe.Pipe
	inLock   sync.Mutex // guards the writing half of pipe.In

	stop   context.Context // ends with closed
	cancel context.CancelFunc
	done   chan struct{} // closed when nothing is left
	status tracker

	conn transport.PacketConn // set before the reader starts, or by the first flusher
	to   netip.AddrPort       // where a connected one sends
	in   datagram             // the reader's

	mu        sync.Mutex // guards what follows
	opened    bool       // conn may be closed
	flushing  bool       // a flusher is at work
	pending   bool       // there may be something new for it
	finishing bool       // close when everything is written
	closed    bool       // nothing is to be read or written any more
	busy      int        // goroutines: the reader and the flusher
}

// datagram is the reader's memory for one message, so that none costs any.
type datagram struct {
	m    msg.Msg
	rest [1][]byte
	from []byte // the text of an address
}

// newDatagrams returns one that is not attached to its host.
func newDatagrams(cfg *Config, t transport.Packets) *Datagrams {
	d := &Datagrams{cfg: cfg, packets: t, done: make(chan struct{})}
	d.stop, d.cancel = context.WithCancel(context.Background())
	d.pipe = cfg.Host.NewPipe(d, d, &d.inLock, nil)
	d.pipe.MaxSize = wire.MaxDatagram
	return d
}

// ListenDatagrams binds. endpoint begins the scheme of the endpoint that the
// address belongs to, as "udp://". The error is the network's, or the host's
// refusal.
func ListenDatagrams(cfg *Config, t transport.Packets, scheme, address string) (*Datagrams, error) {
	pc, err := t.ListenPackets(address, cfg.Transport)
	if err != nil {
		return nil, err
	}
	d := newDatagrams(cfg, t)
	d.endpoint = scheme + pc.Addr()
	d.conn, d.opened, d.busy = pc, true, 1
	if err := cfg.Host.Attach(d.pipe); err != nil {
		d.cancel()
		pc.Close()
		return nil, err
	}
	d.status.enter(StateListening)
	cfg.Host.Event(Event{Kind: Listening, Endpoint: d.endpoint})
	go d.read()
	return d, nil
}

// DialDatagrams returns what sends to an endpoint, its pipe attached to the
// host. The far end gets every message.
func DialDatagrams(cfg *Config, t transport.Packets, endpoint, address string) (*Datagrams, error) {
	d := newDatagrams(cfg, t)
	d.endpoint, d.address = endpoint, address
	d.pipe.Side, d.pipe.TakesAll = pipe.Dialed, true
	d.pipe.MaxSize = wire.MaxDatagram - 1 // the length of the group
	if err := cfg.Host.Attach(d.pipe); err != nil {
		d.cancel()
		return nil, err
	}
	d.status.enter(StateConnecting)
	d.kick() // to open it, and see whether the name is known
	return d, nil
}

// Endpoint is the bound endpoint, wildcards and port filled in, or the text that
// was connected to.
func (d *Datagrams) Endpoint() string { return d.endpoint }

// Bound tells the two kinds apart.
func (d *Datagrams) Bound() bool { return d.address == "" }

// Ready is called by pipe.Out.
func (d *Datagrams) Ready(*pipe.Queue) { d.kick() }

// Room is called by pipe.In, for which nobody waits: what finds no room is
// dropped.
func (d *Datagrams) Room(*pipe.Queue) {}

// Refuse does nothing: there is nobody whom a pattern could want gone.
func (d *Datagrams) Refuse(error) {}

// Finish lets it end when everything queued is written. What is only received
// from ends at once.
func (d *Datagrams) Finish() {
	d.mu.Lock()
	d.finishing = true
	d.mu.Unlock()
	d.cfg.Host.Retire(d.pipe)
	if d.written() {
		d.Abort()
	}
}

// written reports whether nothing is queued, and nothing will be.
func (d *Datagrams) written() bool { return d.pipe.Out == nil || d.pipe.Out.Ended() }

// Abort gives up what is left.
func (d *Datagrams) Abort() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.closed = true
	opened, idle := d.opened, d.busy == 0
	d.mu.Unlock()
	d.cancel()
	if opened {
		d.conn.Close()
	}
	if idle {
		d.end()
	}
}

// leave is the last that a goroutine does.
func (d *Datagrams) leave() {
	d.mu.Lock()
	d.busy--
	last := d.closed && d.busy == 0
	d.mu.Unlock()
	if last {
		d.end()
	}
}

// end gives up what is left in the pipe. It runs once, when no goroutine is
// left and none will start.
func (d *Datagrams) end() {
	defer close(d.done)
	host := d.cfg.Host
	ev := Event{Kind: ListenerClosed, Endpoint: d.endpoint}
	if !d.Bound() {
		ev.Kind, ev.Peer = Disconnected, d.pipe.Peer()
		host.Disconnected(d.pipe)
	}
	d.status.enter(StateClosed)
	host.Detach(d.pipe)
	if d.pipe.Out != nil {
		host.Drops().Add(pipe.DropLinger, d.pipe.Out.CloseRead())
	}
	if d.pipe.In != nil {
		d.inLock.Lock()
		d.pipe.In.Close()
		d.inLock.Unlock()
	}
	if d.Bound() || d.opened {
		host.Event(ev)
	}
}

// Gone reports whether it has ended.
func (d *Datagrams) Gone() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// Wait returns when it has ended after Finish. When ctx ends it gives up what is
// left.
func (d *Datagrams) Wait(ctx context.Context) {
	select {
	case <-d.done:
	case <-ctx.Done():
		d.Abort()
		<-d.done
	}
}

// Pending is how many messages are yet to be written.
func (d *Datagrams) Pending() int { return pending(d.pipe) }

// peerAt describes who is sent to.
func peerAt(to netip.AddrPort) *msg.Peer {
	return &msg.Peer{Remote: net.UDPAddrFromAddrPort(to), Address: to.Addr().String()}
}
