package session

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/wire"
)

// kick has everything queued written.
func (d *Datagrams) kick() {
	d.mu.Lock()
	d.pending = true
	start := !d.flushing && !d.closed
	if start {
		d.flushing = true
		d.busy++
	}
	d.mu.Unlock()
	if start {
		go d.flush()
	}
}

// packetWriter is a flusher's memory, pooled so that idle endpoints have none.
type packetWriter struct {
	batch msg.Batch
	buf   [wire.MaxDatagram]byte
}

var packetWriters = sync.Pool{New: func() any { return new(packetWriter) }}

// flush writes until there is nothing to write.
func (d *Datagrams) flush() {
	defer d.leave()
	if d.conn == nil && !d.open() {
		return
	}
	w := packetWriters.Get().(*packetWriter)
	defer packetWriters.Put(w)
	for {
		d.mu.Lock()
		d.pending = false
		d.mu.Unlock()
		if d.pipe.Out.Take(&w.batch) {
			if !d.write(w) {
				return
			}
		} else if d.rest() {
			return
		}
	}
}

// rest ends the flusher, unless something came up since it looked.
func (d *Datagrams) rest() bool {
	written := d.written()
	d.mu.Lock()
	if d.pending && !d.closed {
		d.mu.Unlock()
		return false
	}
	d.flushing = false
	finish := d.finishing && written
	d.mu.Unlock()
	if finish {
		d.Abort()
	}
	return true
}

// open looks the far end up and opens what is sent from, and tries again until
// it can. Meanwhile messages gather, up to the high-water mark.
func (d *Datagrams) open() bool {
	for wait := d.cfg.ReconnectInterval; ; {
		d.status.attempt()
		pc, to, err := d.packets.DialPackets(d.stop, d.address, d.cfg.Transport)
		if err == nil {
			return d.join(pc, to)
		}
		if d.stop.Err() != nil {
			return false
		}
		if wait <= 0 {
			d.status.failed(StateClosed, err)
			d.Abort()
			return false
		}
		wait = min(wait, d.cfg.longestWait(err))
		delay := jitter(wait)
		d.status.failed(StateWaiting, err)
		d.cfg.Host.Event(Event{Kind: Connecting, Endpoint: d.endpoint, Delay: delay, Err: err})
		if !sleep(d.stop, delay) {
			return false
		}
		wait *= 2
	}
}

// join begins to send from pc. Nobody knows whether anybody listens; connected
// means here that there is where to send to.
func (d *Datagrams) join(pc transport.PacketConn, to netip.AddrPort) bool {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		pc.Close()
		return false
	}
	d.conn, d.to, d.opened = pc, to, true
	d.mu.Unlock()
	peer := peerAt(to)
	if err := d.cfg.Host.Connected(d.pipe, peer); err != nil {
		d.Abort()
		return false
	}
	d.status.connected()
	d.cfg.Host.Event(Event{Kind: Ready, Endpoint: d.endpoint, Remote: net.UDPAddrFromAddrPort(to), Peer: peer})
	return true
}

// ackEvery is how many messages are written before the queue hears of it.
const ackEvery = 32

// write sends the messages of a batch and empties it. It returns false if the
// socket was closed: what is not written is in the queue again.
func (d *Datagrams) write(w *packetWriter) bool {
	cur := w.batch.Cursor()
	var done, end, acked, ackedEnd int
	acknowledge := func() {
		if w.batch.Counted && done > acked {
			d.pipe.Out.Ack(done-acked, end-ackedEnd)
			acked, ackedEnd = done, end
		}
	}
	for range w.batch.Msgs {
		first, _, _ := cur.Next()
		body, _, _ := cur.Next()
		to, b, why := d.datagram(w, first, body)
		if why == pipe.NumDrops {
			err := d.conn.WritePacket(b, to)
			if err != nil && refused(err) {
				// An answer to an earlier datagram, in whose place this one was not sent.
				acknowledge()
				d.pipe.Out.DropWritten(&w.batch, pipe.DropUnreachable)
				err = d.conn.WritePacket(b, to)
			}
			if errors.Is(err, net.ErrClosed) {
				acknowledge()
				w.batch.Skip(end, done)
				d.pipe.Out.Return(&w.batch)
				return false
			}
			if err != nil {
				why = pipe.DropUnreachable
			}
		}
		if why != pipe.NumDrops {
			// It is dropped, so that it holds up no other.
			acknowledge()
			d.pipe.Out.DropTaken(&w.batch, 1, cur.Pos()-end, why)
			done, end = done+1, cur.Pos()
			acked, ackedEnd = done, end
			continue
		}
		done, end = done+1, cur.Pos()
		if done-acked >= ackEvery {
			acknowledge()
		}
	}
	acknowledge()
	w.batch.Recycle()
	return true
}

// datagram is what to send for a message, whose first frame is a group or an
// address, and where to. If there is nothing to send, why says so; else it is
// NumDrops.
func (d *Datagrams) datagram(w *packetWriter, first, body []byte) (to netip.AddrPort, b []byte, why pipe.Drop) {
	if !d.cfg.Engine.Raw {
		return d.to, wire.Datagram{Group: first, Body: body}.Append(w.buf[:0]), pipe.NumDrops
	}
	// libzmq gives addresses with a NUL behind them, and takes them so.
	to, err := netip.ParseAddrPort(string(bytes.TrimSuffix(first, []byte{0})))
	if err != nil {
		return to, nil, pipe.DropMalformed
	}
	return to, body, pipe.NumDrops
}
