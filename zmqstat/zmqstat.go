// Package zmqstat collects the counters of several sockets for a program that
// watches them. A [Registry] is a set of named sockets; packages zmqexpvar and
// zmqdebug, and the modules metrics/prometheus and metrics/otel, publish what it
// returns. The package does not know how counters are published, and imports no
// HTTP.
package zmqstat

import (
	"fmt"
	"slices"
	"sync"

	"github.com/zerobroker/zmq"
)

// Registry is a set of sockets, each with a name that is unique in it. A socket
// that is closed is removed. The zero Registry is empty and ready to use. All
// methods may be called concurrently.
type Registry struct {
	mu   sync.Mutex
	list []entry
}

type entry struct {
	name   string
	socket zmq.Socket
}

// Add adds sockets with a name, such as "orders", and removes those that are
// closed. If another open socket has the name, or several sockets are added, a
// number is appended: "orders#2". An empty name stands for the type of each
// socket. A socket that is in the registry already keeps its name. The zero
// [zmq.Socket] is not added.
func (r *Registry) Add(name string, sockets ...zmq.Socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep()
	for _, s := range sockets {
		if s == (zmq.Socket{}) || slices.ContainsFunc(r.list, func(e entry) bool { return e.socket == s }) {
			continue
		}
		base := name
		if base == "" {
			base = s.Type().String()
		}
		unique := base
		for n := 2; slices.ContainsFunc(r.list, func(e entry) bool { return e.name == unique }); n++ {
			unique = fmt.Sprintf("%s#%d", base, n)
		}
		r.list = append(r.list, entry{unique, s})
	}
}

// Remove removes a socket that is still open.
func (r *Registry) Remove(s zmq.Socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(e entry) bool { return e.socket == s })
}

// sweep removes the closed sockets. The caller holds mu.
func (r *Registry) sweep() {
	r.list = slices.DeleteFunc(r.list, func(e entry) bool { return e.socket.Closed() })
}

// Sockets returns the counters of the open sockets, in the order in which they
// were added. Each also has the counters of at most maxPeers of its peers, those
// with the fullest queues first. To collect them, Sockets holds the locks of a
// socket while it reads some numbers of each peer; with maxPeers 0 it does so only
// for their number of queued messages.
func (r *Registry) Sockets(maxPeers int) []Socket {
	list := r.open()
	sockets := make([]Socket, len(list))
	for i, e := range list {
		sockets[i] = describe(e.name, e.socket, maxPeers)
	}
	return sockets
}

// open returns the open sockets.
func (r *Registry) open() []entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep()
	return slices.Clone(r.list)
}
