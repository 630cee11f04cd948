package pipe

import "sync"

// Order is the order in which messages came to several pipes, for a pattern
// that must receive them in it: each message queued to a pipe is pushed, and
// each pop names the pipe to take the next one from. Its lock is a leaf.
type Order struct {
	mu    sync.Mutex
	pipes []*Pipe
	head  int
}

// Push notes that a message was queued to p.
func (o *Order) Push(p *Pipe) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.head == len(o.pipes) {
		o.pipes, o.head = o.pipes[:0], 0
	} else if o.head > len(o.pipes)/2 && len(o.pipes) == cap(o.pipes) {
		n := copy(o.pipes, o.pipes[o.head:])
		clear(o.pipes[n:])
		o.pipes, o.head = o.pipes[:n], 0
	}
	o.pipes = append(o.pipes, p)
}

// Pop returns the pipe that the oldest message was queued to, or nil.
func (o *Order) Pop() *Pipe {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.head == len(o.pipes) {
		return nil
	}
	p := o.pipes[o.head]
	o.pipes[o.head] = nil
	o.head++
	return p
}

// Len is the number of messages not popped.
func (o *Order) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.pipes) - o.head
}
