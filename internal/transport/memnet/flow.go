package memnet

import (
	"bytes"
	"io"
	"math/rand/v2"
	"syscall"
	"time"
)

// defaultBuffer is how many bytes a flow holds unless told otherwise: about
// what a kernel does on loopback.
const defaultBuffer = 256 << 10

// packet is the most that arrives in one piece on a flow of limited bandwidth.
const packet = 1 << 10

// never is a cut's position when there is none.
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
	unread    bool // HoldReads
	onDestroy func(offset int64, b []byte)

	cutWrite, cutDelivery       int64 // stream offsets, or never
	howWrite, howDelivery       Cut
	accepted, delivered, killed int64

	queue   []segment
	pending int       // bytes in queue
	lineAt  time.Time // when the sender's line is free again
	lastAt  time.Time // when the youngest byte arrives; nothing overtakes it

	end   error     // what the reader gets after the queue; nil while it is open
	endAt time.Time // when end arrives
	werr  error     // what the writer gets
	gone  bool      // the reader has closed
}

// segment is bytes that arrive together.
type segment struct {
	b  []byte
	at time.Time
}

// Stats are the accounts of a flow, in bytes.
type Stats struct {
	Accepted  int64 // counted by Write
	Delivered int64 // returned by Read
	Destroyed int64 // accepted, and never to be delivered
	Pending   int64 // accepted, and neither yet
}

func (f *Flow) init(l *Link, r *rand.Rand) {
	*f = Flow{link: l, rand: r, buffer: defaultBuffer, cutWrite: never, cutDelivery: never}
}

// set changes a flow under its lock and wakes whoever may care.
func (f *Flow) set(change func()) {
	f.link.mu.Lock()
	defer f.link.mu.Unlock()
	change()
	f.link.cond.Broadcast()
}

// SetLatency delays the bytes accepted from now on. They never overtake older
// ones.
func (f *Flow) SetLatency(d time.Duration) { f.set(func() { f.latency = d }) }

// SetBandwidth limits the bytes accepted from now on to so many per second.
// Zero is no limit.
func (f *Flow) SetBandwidth(bytesPerSecond int) { f.set(func() { f.bandwidth = bytesPerSecond }) }

// SetBuffer has Write block while so many bytes are pending. Zero or less sets
// it back to 256 KiB.
func (f *Flow) SetBuffer(bytes int) {
	if bytes <= 0 {
		bytes = defaultBuffer
	}
	f.set(func() { f.buffer = bytes })
}

// SetChunk has every Read return between one byte and most, a number drawn
// each time. Whatever the sizes of the Writes, the reader then sees the stream
// split and merged anywhere. Zero is no limit: a Read returns all that has
// arrived, and so merges.
func (f *Flow) SetChunk(most int) { f.set(func() { f.chunk = most }) }

// Stall stops the delivery of bytes, and of the end, until Resume. Write goes
// on until the buffer is full. A reset still comes through.
func (f *Flow) Stall() { f.set(func() { f.stalled = true }) }

// Resume ends a Stall: all that would have arrived by now arrives at once.
func (f *Flow) Resume() { f.set(func() { f.stalled = false }) }

// HoldReads keeps Read and WaitRead waiting although bytes have arrived, as in
// a process that is stopped, until ReleaseReads. Deadlines and Close still end
// them.
func (f *Flow) HoldReads() { f.set(func() { f.unread = true }) }

// ReleaseReads ends HoldReads.
func (f *Flow) ReleaseReads() { f.set(func() { f.unread = false }) }

// CutAfterDelivery cuts the link when Read has returned the first n bytes of
// this flow. The reader gets exactly these, then the end; whatever else the
// writer had accepted is destroyed. It acts at once if they have been read
// already. A later call replaces an earlier one.
func (f *Flow) CutAfterDelivery(n int64, how Cut) {
	f.set(func() {
		f.cutDelivery, f.howDelivery = n, how
		f.checkDeliveryLocked()
	})
}

// CutAfterWrite cuts the link when Write has accepted the first n bytes of
// this flow: a Write that goes beyond returns how many it got rid of and an
// error. With FIN the reader still gets all n. It acts at once if they have
// been written already. A later call replaces an earlier one.
func (f *Flow) CutAfterWrite(n int64, how Cut) {
	f.set(func() {
		f.cutWrite, f.howWrite = n, how
		f.checkWriteLocked()
	})
}

// OnDestroy has hook called with all bytes of this flow that are destroyed
// from now on, and their offset in the stream. The bytes are the hook's; it
// runs under the link's lock and must not use the link.
func (f *Flow) OnDestroy(hook func(offset int64, b []byte)) { f.set(func() { f.onDestroy = hook }) }

// Stats returns the accounts, which always add up.
func (f *Flow) Stats() Stats {
	f.link.mu.Lock()
	defer f.link.mu.Unlock()
	return Stats{Accepted: f.accepted, Delivered: f.delivered, Destroyed: f.killed, Pending: int64(f.pending)}
}

func (f *Flow) checkDeliveryLocked() {
	if f.cutDelivery == never || f.delivered < f.cutDelivery {
		return
	}
	f.cutDelivery = never
	f.destroyLocked(0)
	f.endAt = time.Time{} // with nothing left to travel behind
	if f.end == nil {
		f.end = io.EOF
	}
	f.link.cutLocked(f.howDelivery)
}

func (f *Flow) checkWriteLocked() {
	if f.cutWrite == never || f.accepted < f.cutWrite {
		return
	}
	f.cutWrite = never
	f.link.cutLocked(f.howWrite)
}

// scheduleLocked returns when n bytes written now will arrive.
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

// destroyLocked destroys all pending bytes but the first keep.
func (f *Flow) destroyLocked(keep int) {
	offset := f.delivered
	left := f.queue[:0]
	for _, s := range f.queue {
		k := min(keep, len(s.b))
		if keep -= k; k > 0 {
			left = append(left, segment{s.b[:k], s.at})
		}
		if k < len(s.b) {
			f.killLocked(offset+int64(k), s.b[k:])
			f.pending -= len(s.b) - k
		}
		offset += int64(len(s.b))
	}
	f.queue = left
}

func (f *Flow) killLocked(offset int64, b []byte) {
	f.killed += int64(len(b))
	if f.onDestroy != nil {
		f.onDestroy(offset, bytes.Clone(b))
	}
}

// abortLocked ends a flow whose writer was thrown out: what has arrived can
// still be read, the rest is destroyed.
func (f *Flow) abortLocked() {
	f.destroyLocked(f.arrivedLocked())
	f.end, f.endAt = syscall.ECONNRESET, time.Time{}
}

// arrivedLocked counts the bytes a Read could return now.
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
