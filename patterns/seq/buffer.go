package seq

// entry is one numbered message.
type entry struct {
	number  uint64
	payload []byte
}

// buffer keeps the last payloads of a publisher. Their numbers are consecutive.
type buffer struct {
	maxMessages, maxBytes int

	ring  [][]byte // payloads, the oldest at head; it grows up to maxMessages
	head  int
	count int
	bytes int
	next  uint64 // number of the next payload
}

// add appends a payload, which it keeps, and removes the oldest ones above the limits.
func (b *buffer) add(payload []byte) {
	if b.count == len(b.ring) && b.count < b.maxMessages {
		b.grow()
	}
	if b.count == len(b.ring) {
		b.removeOldest()
	}
	b.ring[(b.head+b.count)%len(b.ring)] = payload
	b.count++
	b.bytes += len(payload)
	b.next++
	for b.bytes > b.maxBytes {
		b.removeOldest()
	}
}

func (b *buffer) removeOldest() {
	b.bytes -= len(b.ring[b.head])
	b.ring[b.head] = nil
	b.head = (b.head + 1) % len(b.ring)
	b.count--
}

func (b *buffer) grow() {
	ring := make([][]byte, min(max(16, 2*len(b.ring)), b.maxMessages))
	n := copy(ring, b.ring[b.head:])
	copy(ring[n:], b.ring[:b.head])
	b.ring, b.head = ring, 0
}

// first returns the number of the oldest payload, or next if there is none.
func (b *buffer) first() uint64 { return b.next - uint64(b.count) }

// read appends to dst the entries from number start on, up to the capacity of dst and
// below end.
func (b *buffer) read(dst []entry, start, end uint64) []entry {
	end = min(end, b.next)
	for n := max(start, b.first()); n < end && len(dst) < cap(dst); n++ {
		dst = append(dst, entry{n, b.ring[(b.head+int(n-b.first()))%len(b.ring)]})
	}
	return dst
}
