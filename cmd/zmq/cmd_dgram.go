package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/zerobroker/zmq"
)

type dgramCmd struct {
	//lint:ignore SA5008 kong takes as many of them as there are variables to set
	socketFlags `set:"bind=Receive at an endpoint: udp://127.0.0.1:5570, udp://*:5570, udp://239.192.1.1:5571. Only one." set:"connect=Not here: datagrams need no connection. See --to."`
	sendFlags   `set:"frames="`
	bothCount
	echoFlag
	To string `placeholder:"HOST:PORT" help:"Send everything to this address; messages are written without one then, and -b is not needed."`
}

// Help is shown by zmq dgram --help.
func (dgramCmd) Help() string {
	return `Talks to anything over udp, but ZeroMQ. It is bound with one -b, to an address or a multicast group, and connects to none. It
prints each datagram as the sender's address, a tab, and the body. What it sends is written the same way and goes to that
address, which is in numbers; with --to it is the body alone. With --json the address is "addr" beside "frames". A newline is
not sent. A body has at most 8192 bytes.

With --to and without -b it binds a port that the system chooses, on the address of this machine that the way there begins
at. Answers come back to it, from whatever address.

Datagrams get lost, and nobody says so: that all was sent means that it has left. What comes faster than it can be taken is
lost too: the system does not tell how much, and what was lost after that is told at the end. Anybody may send under any
address, and --echo answers there; two that echo to each other do not end.

` + bothHelp + `    zmq dgram -b udp://127.0.0.1:5570 --echo
    zmq dgram --to 127.0.0.1:5570 -n 1 hello
    zmq dgram -b udp://127.0.0.1:5570    # then type an address that was printed, a tab, and an answer
    zmq dgram -b udp://239.192.1.1:5571 --json
    zmq dgram --to 239.192.1.1:5571 -n 0 --interval 1s tick tick tick
    zmq dgram --to syslog.example.org:514 -n 0 '<14>disk full'`
}

// Run prints and sends datagrams.
func (c *dgramCmd) Run(ctx context.Context, e *env) error {
	to, err := c.destination(ctx)
	if err != nil {
		return err
	}
	l := layout{name: byAddress, single: true}
	if to.IsValid() {
		l.need = absent
	}
	j, err := c.answerer(e, &c.sendFlags, c.Count, c.Echo, l)
	if err != nil {
		return err
	}
	s, err := zmq.NewDgram(c.options(e))
	if err != nil {
		return err
	}
	j.losses = []zmq.DropReason{zmq.DropUnreachable}
	return j.runBound(ctx, s.Socket, j.answering(dgram{s, &j.out.rec.addr}, func(ctx context.Context, r *record) error {
		if to.IsValid() {
			r.addr = to.String()
		}
		return sendTo(ctx, s, r)
	}, byAddress))
}

// sendTo sends a datagram to the address of r.
func sendTo(ctx context.Context, s *zmq.Dgram, r *record) error {
	to, err := netip.ParseAddrPort(r.addr)
	if err != nil {
		return err
	}
	err = s.SendTo(ctx, to, r.frames[0])
	if errors.Is(err, zmq.ErrMessageTooLarge) {
		return fmt.Errorf("a body of %d bytes: a datagram has room for 8192", len(r.frames[0]))
	}
	return err
}

// destination checks the flags that say where we are and where all goes, which
// is nowhere without --to. Without -b it chooses what to bind.
func (c *dgramCmd) destination(ctx context.Context) (to netip.AddrPort, err error) {
	switch {
	case len(c.Connect) > 0:
		return to, usagef("-c: datagrams need no connection; say with --to where all goes, or begin each message with an address")
	case len(c.Bind) > 1:
		return to, usagef("one -b is all: a DGRAM is bound once")
	case c.To == "" && len(c.Bind) == 0:
		return to, usagef("where? Give an endpoint with -b (bind), or where to send with --to")
	case c.To == "":
		return to, nil
	case c.Echo:
		return to, usagef("--echo sends nothing but what it receives, and back, not --to anywhere")
	}
	to, err = resolve(ctx, strings.TrimPrefix(c.To, "udp://"))
	if err != nil || len(c.Bind) > 0 {
		return to, err
	}
	from, err := wayTo(to)
	if err != nil {
		return to, fmt.Errorf("--to %s: %s", c.To, trouble(err))
	}
	c.Bind, c.bindsQuietly = []string{"udp://" + net.JoinHostPort(from.String(), "*")}, true
	return to, nil
}

// resolve looks up where to send. Of a name with several addresses it takes one
// of IPv4 if there is one, as the library does for a RADIO.
func resolve(ctx context.Context, address string) (netip.AddrPort, error) {
	var none netip.AddrPort
	host, service, err := net.SplitHostPort(address)
	port := 0
	if err == nil {
		port, err = net.DefaultResolver.LookupPort(ctx, "udp", service)
	}
	if err != nil || port == 0 || host == "" {
		return none, usagef("--to %s: not a host and a port, as in 192.0.2.1:5555 or [2001:db8::1]:5555", address)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return none, fmt.Errorf("--to %s: %w", address, err)
	}
	first := max(0, slices.IndexFunc(ips, func(ip netip.Addr) bool { return ip.Unmap().Is4() }))
	return netip.AddrPortFrom(ips[first].Unmap(), uint16(port)), nil
}

// wayTo is the address of this machine that datagrams to an address begin at.
// No datagram is sent to find it.
func wayTo(to netip.AddrPort) (netip.Addr, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

// dgram is a DGRAM as a receiver, which puts the address that a datagram came
// from where the printer finds it.
type dgram struct {
	s    *zmq.Dgram
	addr *string
}

func (d dgram) Recv(ctx context.Context) (zmq.Message, error) {
	m, err := d.s.Recv(ctx)
	return d.addressed(m, err)
}

func (d dgram) TryRecv() (zmq.Message, error) {
	m, err := d.s.TryRecv()
	return d.addressed(m, err)
}

func (d dgram) addressed(m zmq.Datagram, err error) (zmq.Message, error) {
	if err == nil {
		*d.addr = m.Addr.String()
	}
	return m.Message, err
}
