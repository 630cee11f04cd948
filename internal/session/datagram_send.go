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

// wakeFlusher has everything queued written.
func (d *Datagrams) wakeFlusher() {
	d.mu.Lock()
	start := d.flusher.request(d.life.State().Writes())
	if start {
		d.busy++
	}
	d.mu.Unlock()
	if start {
		go d.flush()
	}
}

// packetWriter is the memory of a flusher. It is pooled, so an idle endpoint has
// none.
type packetWriter struct {
	batch msg.Batch
	buf   [wire.MaxDatagram]byte
}

var packetWriters = sync.Pool{New: func() any { return new(packetWriter) }}

// flush sends until nothing is queued.
func (d *Datagrams) flush() {
	defer d.goroutineDone()
	if d.conn == nil && !d.open() {
		return
	}
	w := packetWriters.Get().(*packetWriter)
	defer packetWriters.Put(w)
	for {
		d.mu.Lock()
		d.flusher.looking()
		d.mu.Unlock()
		if d.pipe.Out.Take(&w.batch) {
			if !d.write(w) {
				return
			}
		} else if d.endFlusher() {
			return
		}
	}
}

// endFlusher ends the flusher, which has found nothing, unless there was a request
// since it looked.
func (d *Datagrams) endFlusher() bool {
	written := d.written()
	d.mu.Lock()
	state := d.life.State()
	if state.Writes() && !d.flusher.becomeIdle() {
		d.mu.Unlock()
		return false
	}
	d.mu.Unlock()
	if written && !state.Active() {
		d.Abort()
	}
	return true
}

// open looks the address up and opens a connected endpoint, and repeats that after
// a failure. Meanwhile messages are queued up to the high-water mark.
func (d *Datagrams) open() bool {
	for wait := d.cfg.ReconnectInterval; ; {
		d.life.Attempt()
		pc, to, err := d.packets.DialPackets(d.stop, d.address, d.cfg.Transport)
		if err == nil {
			return d.join(pc, to)
		}
		if d.stop.Err() != nil {
			return false
		}
		if wait <= 0 {
			d.life.Fail(err)
			d.Abort()
			return false
		}
		wait = min(wait, d.cfg.maxDelay(err))
		delay := jitter(wait)
		d.life.Retry(err)
		d.cfg.Host.Event(Event{Kind: retryKind(err), Endpoint: d.endpoint, Delay: delay, Err: err})
		if !sleep(d.stop, delay) {
			return false
		}
		wait *= 2
	}
}

// join begins to send from pc. Connected means here that the address is known, not
// that a peer receives.
func (d *Datagrams) join(pc transport.PacketConn, to netip.AddrPort) bool {
	d.mu.Lock()
	if !d.life.State().Writes() {
		d.mu.Unlock()
		pc.Close()
		return false
	}
	d.conn, d.to = pc, to
	d.mu.Unlock()
	peer := peerAt(to)
	if err := d.cfg.Host.Connected(d.pipe, peer); err != nil {
		d.Abort()
		return false
	}
	d.life.Connect()
	d.cfg.Host.Event(Event{Kind: Ready, Endpoint: d.endpoint, Remote: net.UDPAddrFromAddrPort(to), Peer: peer})
	return true
}

// ackEvery is how many messages are sent before they are acknowledged to the queue.
const ackEvery = 32

// write sends the messages of a batch and empties it. It returns false if the
// endpoint was closed: then unsent messages are back in the queue.
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
				// The error belongs to an earlier datagram. This one was not sent.
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
			// Dropped, so that the next messages are sent.
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

// datagram returns the bytes and the destination of a message, whose first frame
// is a group or an address. If it is invalid, why is the reason to drop it; else
// why is NumDrops.
func (d *Datagrams) datagram(w *packetWriter, first, body []byte) (to netip.AddrPort, b []byte, why pipe.Drop) {
	if !d.cfg.Engine.Raw {
		return d.to, wire.Datagram{Group: first, Body: body}.Append(w.buf[:0]), pipe.NumDrops
	}
	// libzmq returns addresses with a NUL at the end, and accepts them.
	to, err := netip.ParseAddrPort(string(bytes.TrimSuffix(first, []byte{0})))
	if err != nil {
		return to, nil, pipe.DropMalformed
	}
	return to, body, pipe.NumDrops
}
