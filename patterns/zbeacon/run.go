package zbeacon

import (
	"bytes"
	"net/netip"
	"time"
)

// run owns the socket. It sends the published payload, and opens the socket again when
// sending or receiving fails: the interface may have another address by then.
func (b *Beacon) run(conn Conn) {
	defer close(b.done)
	for conn != nil {
		failed := make(chan struct{}) // closed by the reader when it ends
		go b.read(conn, failed)
		b.publish(conn, failed)
		b.setConn(nil)
		conn.Close()
		<-failed
		conn = b.reopen()
	}
}

// publish sends the payload whenever it is due, until sending or the reader fails, or the
// Beacon is closed.
func (b *Beacon) publish(conn Conn, failed <-chan struct{}) {
	for {
		wait, ok := b.sendDue(conn)
		if !ok {
			return
		}
		select {
		case <-time.After(wait):
		case <-b.wake:
		case <-failed:
			return
		case <-b.ctx.Done():
			return
		}
	}
}

// sendDue sends the payload if it is due, and returns the time until the next one. ok is
// false if the system did not send it.
func (b *Beacon) sendDue(conn Conn) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.payload == nil {
		return time.Hour, true // notify ends it
	}
	if now.Before(b.nextAt) {
		return b.nextAt.Sub(now), true
	}
	b.nextAt = now.Add(b.interval)
	return b.interval, b.broadcast(conn, b.payload) == nil
}

// broadcast sends one datagram and counts it. The caller holds b.mu; Broadcast does not
// wait.
func (b *Beacon) broadcast(conn Conn, payload []byte) error {
	if err := conn.Broadcast(payload); err != nil {
		b.stats.SendErrors++
		return err
	}
	b.stats.Sent++
	return nil
}

// reopen opens the socket again, until that succeeds. It returns nil when the Beacon is
// closed.
func (b *Beacon) reopen() Conn {
	for {
		select {
		case <-b.ctx.Done():
			return nil
		case <-time.After(retryInterval):
		}
		conn, err := b.o.Listen(&b.o)
		if err != nil {
			continue
		}
		b.setConn(conn)
		return conn
	}
}

// setConn makes conn the socket of Send; nil is none.
func (b *Beacon) setConn(conn Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conn = conn
	if conn != nil {
		b.addr = conn.Addr()
		b.stats.Reopened++
		b.nextAt = time.Now()
	}
}

// maxDatagram is the size of the largest UDP datagram. Windows reports one that does not
// fit into the buffer as an error.
const maxDatagram = 1 << 16

// read receives datagrams until that fails.
func (b *Beacon) read(conn Conn, failed chan<- struct{}) {
	defer close(failed)
	buf := make([]byte, maxDatagram)
	for {
		n, source, err := conn.Receive(buf)
		if err != nil {
			return
		}
		b.receive(buf[:n], source, time.Now())
	}
}

// receive queues a datagram, or drops it and counts why.
func (b *Beacon) receive(payload []byte, source netip.Addr, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Received++
	switch {
	case len(payload) > MaxPayload:
		b.stats.TooLarge++
		return
	case b.prefix == nil || !bytes.HasPrefix(payload, b.prefix):
		b.stats.Filtered++
		return
	case b.payload != nil && bytes.Equal(payload, b.payload):
		b.stats.Own++
		return
	}
	switch b.limits.admit(source, now) {
	case overRate:
		b.stats.OverRate++
		return
	case overSources:
		b.stats.OverSources++
		return
	}
	select {
	case b.queue <- Signal{Payload: bytes.Clone(payload), Source: source}:
	default:
		b.stats.QueueFull++
	}
}
