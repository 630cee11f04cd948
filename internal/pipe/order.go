package pipe

import "sync"

// Order is the order in which messages came to several pipes, for a pattern
// that must receive them in it. Each message queued to a pipe is pushed, and the
// first names the pipe to take the next one from.
//
// It is true only for who holds its lock: a writer from before a message is
// queued until it is pushed, the reader from before it looks until it has taken
// the message. The lock comes before those of the queues, of which one may be the
// send lock of another socket.
type Order struct {
	mu   sync.Mutex
	due  []OrderEntry
	head int
}

// OrderEntry is a message that an Order knows of.
type OrderEntry struct {
	Pipe *Pipe // it was queued there
	// Change says that it is a change of the subscriptions. Before one of those
	// may lie messages that the order does not know of: what a socket of this
	// process sends it puts in the queue itself.
	Change bool
}

// OrderEntrySize is about how many bytes an Order takes for each message.
const OrderEntrySize = 24

// Lock takes what all other methods need.
func (o *Order) Lock() { o.mu.Lock() }

// Unlock gives it back.
func (o *Order) Unlock() { o.mu.Unlock() }

// Push notes that a message was queued.
func (o *Order) Push(d OrderEntry) {
	if o.head == len(o.due) {
		o.due, o.head = o.due[:0], 0
	} else if o.head > len(o.due)/2 && len(o.due) == cap(o.due) {
		n := copy(o.due, o.due[o.head:])
		clear(o.due[n:])
		o.due, o.head = o.due[:n], 0
	}
	o.due = append(o.due, d)
}

// First is the oldest message, if there is one.
func (o *Order) First() (d OrderEntry, ok bool) {
	if o.head == len(o.due) {
		return OrderEntry{}, false
	}
	return o.due[o.head], true
}

// Pop forgets the oldest message, which there is.
func (o *Order) Pop() {
	o.due[o.head] = OrderEntry{}
	o.head++
}

// Len is the number of messages not popped.
func (o *Order) Len() int { return len(o.due) - o.head }
