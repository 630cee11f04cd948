package transport

import (
	"net"
	"sync"
)

// listener is a bound net.Listener with its printable address and what has to
// go with it.
type listener struct {
	net.Listener
	addr    string
	cleanup func() error // removes files; nil when there are none
	once    sync.Once
	err     error
}

func (l *listener) Addr() string { return l.addr }

// Close removes the files first: as long as the socket still accepts, no other
// binder takes them for leftovers and replaces them under our hands.
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
