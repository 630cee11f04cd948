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
	//lint:ignore SA5008 kong reads every set tag of a field
	socketFlags `set:"bind=Receive at an endpoint: udp://127.0.0.1:5570, udp://*:5570, udp://239.192.1.1:5571. At most one." set:"connect=Not available: a DGRAM does not connect. See --to."`
	sendFlags   `set:"frames="`
	bothCount
	echoFlag
	To string `placeholder:"HOST:PORT" help:"Send every message to this address. Messages to send then have no address, and -b is optional."`
}

// Help is shown by zmq dgram --help.
func (dgramCmd) Help() string {
	return `Sends and receives udp datagrams of programs that do not use ZeroMQ. -b binds an address or a multicast group. Each datagram
is printed as the address of its sender, a tab, and the body. Messages to send are written the same way: the address of the
receiver, as an IP address and port, a tab, and the body. With --to they are only the body. With --json the address is "addr",
in addition to "frames". The newline of a line is not sent. A body has at most 8192 bytes.

With --to and without -b it binds a port that the system chooses, on the local address from which the destination is reached.
Datagrams to that port are printed, whatever address they are from.

Exit status 0 means that every datagram was passed to the system, not that it arrived. Datagrams that arrive faster than they
are printed are dropped: by the system, which does not report how many, or by the command, which reports their number at the end.
The address of a sender may be forged, and --echo replies to it. Two programs that echo to each other do not stop.

` + bothHelp + `    zmq dgram -b udp://127.0.0.1:5570 --echo
    zmq dgram --to 127.0.0.1:5570 -n 1 hello
    zmq dgram -b udp://127.0.0.1:5570    # then type a printed address, a tab, and a reply
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
	j, err := c.addressedJob(e, &c.sendFlags, c.Count, c.Echo, l)
	if err != nil {
		return err
	}
	s, err := zmq.NewDgram(c.options())
	if err != nil {
		return err
	}
	j.losses = []zmq.DropReason{zmq.DropUnreachable}
	return j.runBound(ctx, s.Socket, j.addressedBody(dgram{s, &j.out.rec.addr}, func(ctx context.Context, r *record) error {
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
		return fmt.Errorf("a body of %d bytes is too large: a datagram has at most 8192", len(r.frames[0]))
	}
	return err
}

// destination checks -b, -c and --to, and returns the address of --to, which is
// invalid without that flag. Without -b it chooses the endpoint to bind.
func (c *dgramCmd) destination(ctx context.Context) (to netip.AddrPort, err error) {
	switch {
	case len(c.Connect) > 0:
		return to, usagef("-c: a DGRAM does not connect; use --to, or begin each message with an address")
	case len(c.Bind) > 1:
		return to, usagef("-b: a DGRAM binds only one endpoint")
	case c.To == "" && len(c.Bind) == 0:
		return to, usagef("no endpoint: give one with -b (bind), or a destination with --to")
	case c.To == "":
		return to, nil
	case c.Echo:
		return to, usagef("--echo sends each message back to its sender: --to cannot be used with it")
	}
	to, err = resolve(ctx, strings.TrimPrefix(c.To, "udp://"))
	if err != nil || len(c.Bind) > 0 {
		return to, err
	}
	from, err := localAddrFor(to)
	if err != nil {
		return to, fmt.Errorf("--to %s: %s", c.To, connectFailure(err))
	}
	c.Bind, c.bindsQuietly = []string{"udp://" + net.JoinHostPort(from.String(), "*")}, true
	return to, nil
}

// resolve looks up the address of --to. Of the addresses of a name it returns
// the first IPv4 address, if there is one, as the library does for a RADIO.
func resolve(ctx context.Context, address string) (netip.AddrPort, error) {
	var none netip.AddrPort
	host, service, err := net.SplitHostPort(address)
	port := 0
	if err == nil {
		port, err = net.DefaultResolver.LookupPort(ctx, "udp", service)
	}
	if err != nil || port == 0 || host == "" {
		return none, usagef("--to %s: want a host and a port, such as 192.0.2.1:5555 or [2001:db8::1]:5555", address)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return none, fmt.Errorf("--to %s: %w", address, err)
	}
	first := max(0, slices.IndexFunc(ips, func(ip netip.Addr) bool { return ip.Unmap().Is4() }))
	return netip.AddrPortFrom(ips[first].Unmap(), uint16(port)), nil
}

// localAddrFor returns the local address that the system would send from to an
// address. It sends no datagram.
func localAddrFor(to netip.AddrPort) (netip.Addr, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

// dgram is a DGRAM as a receiver. It stores the source address of each datagram
// in addr, for the printer.
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
