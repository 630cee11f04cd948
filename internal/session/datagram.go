package session

import (
	"context"
	"net"
	"net/netip"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/wire"
)

// Datagrams is the session of one endpoint of datagrams, bound or connected. It has
// no connection, no handshake and no engine: each message is a datagram. It has
// one pipe for its whole lifetime. A bound endpoint has a goroutine that reads.
// Messages to send start a flusher, which first opens a connected endpoint.
//
// A network error does not end the session. Only the socket ends it.
type Datagrams struct {
	base    // Abort changes life under mu
	packets transport.Packets
	address string // of a connected endpoint; empty when bound
	pipe    *pipe.Pipe

	stop   context.Context // ends when life is Closing: conn is closed, and the reader and the flusher end
	cancel context.CancelFunc

	// conn is nil until a connected endpoint's first flusher has opened it. It is
	// set under mu; the flusher and the reader read it without.
	conn transport.PacketConn
	to   netip.AddrPort // the destination of a connected endpoint
	in   datagram       // the reader's

	// mu guards what follows.
	flusher flusherState
	busy    int // goroutines: the reader and the flusher
}

// datagram is the reader's memory for one message, reused for each.
type datagram struct {
	m      msg.Msg
	frames [1][]byte
	from   []byte // the text of an address
}

// newDatagrams returns a Datagrams in its first state. It is not attached to its
// host.
func newDatagrams(cfg *Config, t transport.Packets, first endpoint.State) *Datagrams {
	d := &Datagrams{base: base{cfg: cfg, life: endpoint.New(first)}, packets: t}
	d.stop, d.cancel = context.WithCancel(context.Background())
	d.pipe = cfg.Host.NewPipe(d, d, nil)
	d.pipe.MaxSize = wire.MaxDatagram
	return d
}

// ListenDatagrams binds address and starts a Datagrams. scheme is the prefix of its
// endpoint, as "udp://". It returns the error of the network or of Host.Attach.
func ListenDatagrams(cfg *Config, t transport.Packets, scheme, address string) (*Datagrams, error) {
	pc, err := t.ListenPackets(address, cfg.Transport)
	if err != nil {
		return nil, err
	}
	d := newDatagrams(cfg, t, endpoint.Listening)
	d.endpoint = scheme + pc.Addr()
	d.conn, d.busy = pc, 1
	if err := cfg.Host.Attach(d.pipe); err != nil {
		d.cancel()
		pc.Close()
		return nil, err
	}
	cfg.Host.Event(Event{Kind: Listening, Endpoint: d.endpoint})
	go d.read()
	return d, nil
}

// DialDatagrams returns a Datagrams that sends to an endpoint. Its pipe is attached
// to the host and gets every message, since the receiver filters by group.
func DialDatagrams(cfg *Config, t transport.Packets, ep, address string) (*Datagrams, error) {
	d := newDatagrams(cfg, t, endpoint.Connecting)
	d.endpoint, d.address = ep, address
	d.pipe.Side, d.pipe.TakesAll = pipe.Dialed, true
	d.pipe.MaxSize = wire.MaxDatagram - 1 // the length of the group
	if err := cfg.Host.Attach(d.pipe); err != nil {
		d.cancel()
		return nil, err
	}
	d.wakeFlusher() // to open the endpoint, which includes a name lookup
	return d, nil
}

// Bound reports whether the endpoint is bound and not connected.
func (d *Datagrams) Bound() bool { return d.address == "" }

// Wake starts writing. pipe.Out calls it.
func (d *Datagrams) Wake(*pipe.Queue) { d.wakeFlusher() }

// Room does nothing: the reader does not wait for capacity in pipe.In.
func (d *Datagrams) Room(*pipe.Queue) {}

// Refuse does nothing: there is no peer to disconnect.
func (d *Datagrams) Refuse(error) {}

// Finish closes the endpoint when everything queued is written. An endpoint that
// only receives is closed at once.
func (d *Datagrams) Finish() {
	d.life.Finish()
	d.cfg.Host.Retire(d.pipe)
	if d.written() {
		d.Abort()
	}
}

// written reports whether everything queued is written. The queue is closed.
func (d *Datagrams) written() bool { return d.pipe.Out == nil || d.pipe.Out.Ended() }

// Abort closes the endpoint now, and drops what is queued.
func (d *Datagrams) Abort() {
	d.mu.Lock()
	if !d.life.Abort() {
		d.mu.Unlock()
		return
	}
	conn, idle := d.conn, d.busy == 0
	d.mu.Unlock()
	d.cancel()
	if conn != nil {
		conn.Close()
	}
	if idle {
		d.end()
	}
}

// goroutineDone is called at the end of the reader and of each flusher.
func (d *Datagrams) goroutineDone() {
	d.mu.Lock()
	d.busy--
	last := !d.life.State().Writes() && d.busy == 0
	d.mu.Unlock()
	if last {
		d.end()
	}
}

// end detaches the pipe and drops what is still queued. It runs once, when every
// goroutine has ended and none can start.
func (d *Datagrams) end() {
	defer d.life.Close()
	host := d.cfg.Host
	ev := Event{Kind: ListenerClosed, Endpoint: d.endpoint}
	if !d.Bound() {
		ev.Kind, ev.Peer = Disconnected, d.pipe.Peer()
		host.Disconnected(d.pipe)
	}
	host.Detach(d.pipe)
	if d.pipe.Out != nil {
		d.pipe.Out.CloseRead(pipe.DropLinger)
	}
	if d.pipe.In != nil {
		d.pipe.In.Lock()
		d.pipe.In.Close()
		d.pipe.In.Unlock()
	}
	if d.conn != nil {
		host.Event(ev)
	}
}

// Wait returns when the Datagrams has ended after Finish. When ctx ends it calls
// Abort.
func (d *Datagrams) Wait(ctx context.Context) { d.life.Wait(ctx, d.Abort) }

// peerAt describes the destination of a connected endpoint.
func peerAt(to netip.AddrPort) *msg.Peer {
	return &msg.Peer{Remote: net.UDPAddrFromAddrPort(to), Address: to.Addr().String()}
}
