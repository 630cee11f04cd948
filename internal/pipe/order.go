package pipe

import "sync"

// Order records the order in which messages were queued to several pipes, so
// that an XPUB can receive them in this order. A writer pushes an entry for
// each message that it queues. The first entry names the pipe whose message is
// received next.
//
// All other methods require the lock of the Order. A writer holds it while it
// queues a message and pushes the entry. The reader holds it while it looks for
// the first entry and takes the message. The lock is taken before the writer's
// lock of a queue. That lock may be the send lock of another socket.
type Order struct {
	mu      sync.Mutex
	entries []OrderEntry
	head    int // index in entries of the first entry
}

// OrderEntry is one message in an Order.
type OrderEntry struct {
	Pipe *Pipe // the message is in its In queue
	// Change reports that the message is a change of the subscriptions. In the
	// queue, messages without an entry may precede it: a socket of this process
	// writes to the queue itself.
	Change bool
}

// OrderEntrySize is the approximate memory in bytes that an Order uses for each
// message.
const OrderEntrySize = 24

// Lock locks o.
func (o *Order) Lock() { o.mu.Lock() }

// Unlock unlocks o.
func (o *Order) Unlock() { o.mu.Unlock() }

// Push appends an entry.
func (o *Order) Push(e OrderEntry) {
	if o.head == len(o.entries) {
		o.entries, o.head = o.entries[:0], 0
	} else if o.head > len(o.entries)/2 && len(o.entries) == cap(o.entries) {
		n := copy(o.entries, o.entries[o.head:])
		clear(o.entries[n:])
		o.entries, o.head = o.entries[:n], 0
	}
	o.entries = append(o.entries, e)
}

// First returns the oldest entry. ok is false if there is none.
func (o *Order) First() (e OrderEntry, ok bool) {
	if o.head == len(o.entries) {
		return OrderEntry{}, false
	}
	return o.entries[o.head], true
}

// Pop removes the oldest entry. There must be one.
func (o *Order) Pop() {
	o.entries[o.head] = OrderEntry{}
	o.head++
}

// Len returns the number of entries.
func (o *Order) Len() int { return len(o.entries) - o.head }
