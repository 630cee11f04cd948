package session

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/wire"
)

// read receives datagrams until the endpoint is closed. It never waits for capacity
// in the queue, as a connection does: that would not slow the senders, and the
// system would drop datagrams without counting them for us.
func (d *Datagrams) read() {
	defer d.goroutineDone()
	buf := make([]byte, wire.MaxDatagram+1) // one more, to detect truncation
	delay := minAcceptDelay
	for {
		n, from, err := d.conn.ReadPacket(buf)
		switch {
		case err == nil:
			delay = minAcceptDelay
			d.receive(buf[:n], from)
		case errors.Is(err, net.ErrClosed):
			return
		case refused(err):
			d.cfg.Host.Drops().Add(pipe.DropUnreachable, 1)
		default:
			d.cfg.Host.Event(Event{Kind: AcceptFailed, Endpoint: d.endpoint, Delay: delay, Err: err})
			if !sleep(d.stop, delay) {
				return
			}
			delay = min(2*delay, maxAcceptDelay)
		}
	}
}

// refused reports whether an error is the ICMP reply to an earlier datagram. Some
// systems return it from the next call, whichever that is. The reply may be
// forged.
func refused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}

// receive decodes one datagram and gives it to the host.
func (d *Datagrams) receive(b []byte, from netip.AddrPort) {
	in := &d.in
	in.m.Rest = in.frames[:]
	if from.Port() == 0 {
		// Port 0 is invalid: a reply to it would fail.
		d.cfg.Host.Drops().Add(pipe.DropMalformed, 1)
		return
	}
	if d.cfg.Engine.Raw && len(b) <= wire.MaxDatagram {
		in.from = from.AppendTo(in.from[:0])
		in.m.First, in.frames[0] = in.from, b
	} else {
		var dg wire.Datagram
		if dg.Decode(b) != nil {
			d.cfg.Host.Drops().Add(pipe.DropMalformed, 1)
			return
		}
		in.m.First, in.frames[0] = dg.Group, dg.Body
	}
	d.cfg.Host.Datagram(d.pipe, &in.m)
}
