package transport

import (
	"net"
	"sync"
)

// listener is a net.Listener with the address for Addr and a function that
// removes its files.
type listener struct {
	net.Listener
	addr    string
	cleanup func() error // removes files; nil when there are none
	once    sync.Once
	err     error
}

func (l *listener) Addr() string { return l.addr }

// Close removes the files before it closes the socket. While the socket still
// accepts connections, no other process considers the file stale and replaces
// it.
func (l *listener) Close() error {
	l.once.Do(func() {
		if l.cleanup != nil {
			l.err = l.cleanup()
		}
		if err := l.Listener.Close(); err != nil {
			l.err = err
		}
	})
	return l.err
}
