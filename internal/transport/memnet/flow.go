package memnet

import (
	"bytes"
	"io"
	"math/rand/v2"
	"syscall"
	"time"
)

// defaultBuffer is the default capacity of a flow in bytes, similar to that of
// a TCP connection on the loopback interface.
const defaultBuffer = 256 << 10

// packet is the maximum number of bytes that arrive together on a flow with
// limited bandwidth.
const packet = 1 << 10

// never is the offset of a cut that is not set.
const never = -1

// Flow is one direction of a link.
type Flow struct {
	link *Link
	rand *rand.Rand

	// All below is guarded by link.mu.

	latency   time.Duration
	bandwidth int // bytes per second; 0 is no limit
	buffer    int
	chunk     int // most bytes per Read; 0 is no limit
	stalled   bool
	heldReads bool // HoldReads was called
	onAccept  func(b []byte)
	onDestroy func(offset int64, b []byte)

	cutWrite, cutDelivery          int64 // stream offsets, or never
	howWrite, howDelivery          Cut
	accepted, delivered, destroyed int64

	queue   []segment
	pending int       // bytes in queue
	lineAt  time.Time // when all bytes are sent, with limited bandwidth
	lastAt  time.Time // when the last byte in queue arrives

	end          error     // error of Read when queue is empty; nil: the flow is open
	endAt        time.Time // when end arrives
	writeErr     error     // error of Write
	readerClosed bool      // the reading end is closed
}

// segment is a sequence of bytes that arrive together.
type segment struct {
	b  []byte
	at time.Time
}

// Stats are the counters of a flow, in bytes.
type Stats struct {
	Accepted  int64 // counted by Write
	Delivered int64 // returned by Read
	Destroyed int64 // accepted, but will not be delivered
	Pending   int64 // accepted, but neither delivered nor destroyed yet
}

func (f *Flow) init(l *Link, r *rand.Rand) {
	*f = Flow{link: l, rand: r, buffer: defaultBuffer, cutWrite: never, cutDelivery: never}
}

// set calls change with the link locked and wakes all blocked calls.
func (f *Flow) set(change func()) {
	f.link.mu.Lock()
	defer f.link.mu.Unlock()
	change()
	f.link.cond.Broadcast()
}

// SetLatency sets the delay of bytes that are accepted from now on. They do not
// overtake earlier bytes.
func (f *Flow) SetLatency(d time.Duration) { f.set(func() { f.latency = d }) }

// SetBandwidth limits the bandwidth for bytes that are accepted from now on.
// Zero means no limit.
func (f *Flow) SetBandwidth(bytesPerSecond int) { f.set(func() { f.bandwidth = bytesPerSecond }) }

// SetBuffer sets the number of pending bytes at which Write blocks. Zero or
// less sets the default of 256 KiB.
func (f *Flow) SetBuffer(bytes int) {
	if bytes <= 0 {
		bytes = defaultBuffer
	}
	f.set(func() { f.buffer = bytes })
}

// SetChunk makes each Read return a random number of bytes between 1 and most.
// The sizes of Reads then do not depend on those of Writes. Zero means no
// limit: Read returns all bytes that have arrived.
func (f *Flow) SetChunk(most int) { f.set(func() { f.chunk = most }) }

// Stall stops the delivery of bytes and of the FIN until Resume. Write blocks
// when the buffer is full. A reset is still delivered.
func (f *Flow) Stall() { f.set(func() { f.stalled = true }) }

// Resume ends a Stall. Bytes that would have arrived by now arrive at once.
func (f *Flow) Resume() { f.set(func() { f.stalled = false }) }

// HoldReads makes Read and WaitRead wait until ReleaseReads although bytes have
// arrived, as in a stopped process. Deadlines and Close still end them.
func (f *Flow) HoldReads() { f.set(func() { f.heldReads = true }) }

// ReleaseReads ends HoldReads.
func (f *Flow) ReleaseReads() { f.set(func() { f.heldReads = false }) }

// CutAfterDelivery cuts the link when Read has returned the first n bytes of
// this flow. The reader gets exactly these bytes, then the end. All other
// accepted bytes are destroyed. If n bytes were read already, the link is cut
// at once. A later call replaces an earlier one.
func (f *Flow) CutAfterDelivery(n int64, how Cut) {
	f.set(func() {
		f.cutDelivery, f.howDelivery = n, how
		f.checkDeliveryLocked()
	})
}

// CutAfterWrite cuts the link when Write has accepted the first n bytes of this
// flow. A Write beyond that returns the number of accepted bytes and an error.
// With FIN the reader still gets all n bytes. If n bytes were written already,
// the link is cut at once. A later call replaces an earlier one.
func (f *Flow) CutAfterWrite(n int64, how Cut) {
	f.set(func() {
		f.cutWrite, f.howWrite = n, how
		f.checkWriteLocked()
	})
}

// OnAccept sets a function that is called with the bytes that Write accepts from
// now on, in order. It is called with the link locked, must not use the link and
// must not keep the bytes.
func (f *Flow) OnAccept(hook func(b []byte)) { f.set(func() { f.onAccept = hook }) }

// OnDestroy sets a function that is called with the bytes of this flow that are
// destroyed from now on, and their offset in the stream. The function owns the
// bytes. It is called with the link locked and must not use the link.
func (f *Flow) OnDestroy(hook func(offset int64, b []byte)) { f.set(func() { f.onDestroy = hook }) }

// Stats returns the counters of the flow.
func (f *Flow) Stats() Stats {
	f.link.mu.Lock()
	defer f.link.mu.Unlock()
	return Stats{Accepted: f.accepted, Delivered: f.delivered, Destroyed: f.destroyed, Pending: int64(f.pending)}
}

// checkDeliveryLocked cuts the link if CutAfterDelivery demands it now.
func (f *Flow) checkDeliveryLocked() {
	if f.cutDelivery == never || f.delivered < f.cutDelivery {
		return
	}
	f.cutDelivery = never
	f.destroyLocked(0)
	f.endAt = time.Time{} // at once, because no bytes precede it
	if f.end == nil {
		f.end = io.EOF
	}
	f.link.cutLocked(f.howDelivery)
}

// checkWriteLocked cuts the link if CutAfterWrite demands it now.
func (f *Flow) checkWriteLocked() {
	if f.cutWrite == never || f.accepted < f.cutWrite {
		return
	}
	f.cutWrite = never
	f.link.cutLocked(f.howWrite)
}

// scheduleLocked returns the time at which n bytes that are written now arrive.
func (f *Flow) scheduleLocked(n int) time.Time {
	now := time.Now()
	if f.lineAt.Before(now) {
		f.lineAt = now
	}
	if f.bandwidth > 0 {
		f.lineAt = f.lineAt.Add(time.Duration(float64(n) / float64(f.bandwidth) * float64(time.Second)))
	}
	if at := f.lineAt.Add(f.latency); at.After(f.lastAt) {
		f.lastAt = at
	}
	return f.lastAt
}

// destroyLocked destroys all pending bytes except the first keep bytes.
func (f *Flow) destroyLocked(keep int) {
	offset := f.delivered
	kept := f.queue[:0]
	for _, s := range f.queue {
		k := min(keep, len(s.b))
		if keep -= k; k > 0 {
			kept = append(kept, segment{s.b[:k], s.at})
		}
		if k < len(s.b) {
			f.countDestroyedLocked(offset+int64(k), s.b[k:])
			f.pending -= len(s.b) - k
		}
		offset += int64(len(s.b))
	}
	f.queue = kept
}

// countDestroyedLocked counts destroyed bytes and calls the OnDestroy function.
func (f *Flow) countDestroyedLocked(offset int64, b []byte) {
	f.destroyed += int64(len(b))
	if f.onDestroy != nil {
		f.onDestroy(offset, bytes.Clone(b))
	}
}

// abortLocked ends a flow whose writing end has reset the connection. Bytes
// that have arrived can still be read; the others are destroyed.
func (f *Flow) abortLocked() {
	f.destroyLocked(f.arrivedLocked())
	f.end, f.endAt = syscall.ECONNRESET, time.Time{}
}

// arrivedLocked returns the number of bytes that have arrived and are unread.
func (f *Flow) arrivedLocked() int {
	if f.stalled {
		return 0
	}
	now, n := time.Now(), 0
	for _, s := range f.queue {
		if s.at.After(now) {
			break
		}
		n += len(s.b)
	}
	return n
}
