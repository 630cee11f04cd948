package memnet

import (
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/zerobroker/zmq/internal/transport"
)

// Network is a network in memory. Each Network has addresses of its own.
type Network struct {
	seed uint64

	mu        sync.Mutex
	listeners map[string]*listener
	faults    map[string]*dialFault
	made      map[string]int // number of links per address
	links     []*Link
	onLink    func(*Link)
	port      int // the last ephemeral port
}

var _ transport.Transport = (*Network)(nil)

// New returns a network without listeners, whose random numbers depend on seed.
func New(seed uint64) *Network {
	return &Network{
		seed:      seed,
		listeners: make(map[string]*listener),
		faults:    make(map[string]*dialFault),
		made:      make(map[string]int),
		port:      40000,
	}
}

// OnLink sets a function that the goroutine of Dial calls for every connection
// before it is established. The function can change settings and schedule
// faults.
func (n *Network) OnLink(f func(*Link)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onLink = f
}

// Links returns all connections since New in the order in which they were
// dialed, including closed ones. Their Stats remain available.
func (n *Network) Links() []*Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.links)
}

// CheckListen accepts names without white space, such as "name" and "name:7".
// Listen chooses an ephemeral port for "*", "name:0" and "name:*".
func (n *Network) CheckListen(addr string) error {
	switch {
	case addr == "":
		return &transport.AddrError{Addr: addr, Reason: "no name"}
	case strings.ContainsAny(addr, " \t\r\n\x00"):
		return &transport.AddrError{Addr: addr, Reason: "blank in the name"}
	case addr[0] == ':':
		return &transport.AddrError{Addr: addr, Reason: "no name before the port"}
	}
	return nil
}

// CheckDial accepts the same addresses as CheckListen, except those for which
// Listen chooses a port.
func (n *Network) CheckDial(addr string) error {
	if err := n.CheckListen(addr); err != nil {
		return err
	}
	if _, wild := ephemeral(addr); wild {
		return &transport.AddrError{Addr: addr, Reason: "a wildcard can only be bound"}
	}
	return nil
}

// ephemeral returns the name of an address without its port, if Listen has to
// choose the port.
func ephemeral(addr string) (name string, ok bool) {
	if addr == "*" {
		return "any", true
	}
	for _, port := range []string{":0", ":*"} {
		if name, ok := strings.CutSuffix(addr, port); ok {
			return name, true
		}
	}
	return "", false
}

// Listen binds an address of this network. It ignores the options.
func (n *Network) Listen(addr string, _ *transport.Options) (transport.Listener, error) {
	if err := n.CheckListen(addr); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if name, ok := ephemeral(addr); ok {
		n.port++
		addr = name + ":" + strconv.Itoa(n.port)
	}
	if n.listeners[addr] != nil {
		return nil, opError("listen", nil, Addr(addr), syscall.EADDRINUSE)
	}
	l := newListener(n, addr)
	n.listeners[addr] = l
	return l, nil
}

// Addr is an address of a memory network.
type Addr string

// Network returns "mem".
func (Addr) Network() string { return "mem" }

func (a Addr) String() string { return string(a) }

// opError returns a net.OpError as package net does, so that errors.Is matches
// the error number and the method Timeout works.
func opError(op string, from, to net.Addr, err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: "mem", Source: from, Addr: to, Err: err}
}
