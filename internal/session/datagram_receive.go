package session

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/wire"
)

// read takes datagrams in until the socket is closed. It never waits for who
// receives, as a connection does: nobody who sends would hear of that, and the
// system would drop datagrams in our place without a count.
func (d *Datagrams) read() {
	defer d.leave()
	buf := make([]byte, wire.MaxDatagram+1) // one more, to see what was cut
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

// refused reports whether an error is the answer of a far system to an earlier
// datagram, which some systems give to the next call, whatever that is. Anybody
// can forge such an answer.
func refused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}

// receive passes one datagram on, if it is one.
func (d *Datagrams) receive(b []byte, from netip.AddrPort) {
	in := &d.in
	in.m.Rest = in.rest[:]
	if from.Port() == 0 {
		// Nobody who wants an answer sends from there, and who gives one would fail.
		d.cfg.Host.Drops().Add(pipe.DropMalformed, 1)
		return
	}
	if d.cfg.Engine.Raw && len(b) <= wire.MaxDatagram {
		in.from = from.AppendTo(in.from[:0])
		in.m.First, in.rest[0] = in.from, b
	} else {
		var dg wire.Datagram
		if dg.Decode(b) != nil {
			d.cfg.Host.Drops().Add(pipe.DropMalformed, 1)
			return
		}
		in.m.First, in.rest[0] = dg.Group, dg.Body
	}
	d.cfg.Host.Datagram(d.pipe, &in.m)
}
