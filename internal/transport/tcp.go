package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// TCP is the "tcp" scheme.
//
// Addresses to listen on are "*:port", "ip:port", "[v6]:port",
// "[v6%zone]:port", "interface:port" and "name:port". For a port of "*" or "0"
// the system chooses the port. The hosts "*" and "[::]" mean all IPv4 and IPv6
// addresses of the machine, "0.0.0.0" means all IPv4 addresses.
//
// Addresses to dial are "host:port" and "source:port;host:port". The source is
// an address, the name of an interface or "*"; its port may be 0. Each Dial
// resolves names again and tries all addresses of the name.
var TCP Transport = tcp{}

type tcp struct{}

func (tcp) CheckListen(addr string) error {
	_, err := parseListen(addr)
	return err
}

func (tcp) CheckDial(addr string) error {
	_, err := parseDial(addr)
	return err
}

func (tcp) Listen(addr string, o *Options) (Listener, error) {
	h, err := parseListen(addr)
	if err != nil {
		return nil, err
	}
	o = o.orZero()
	l, err := listenHost(h, o)
	if err != nil {
		return nil, err
	}
	return &listener{Listener: l, addr: numeric(l.Addr())}, nil
}

func listenHost(h tcpHost, o *Options) (net.Listener, error) {
	port := strconv.Itoa(int(h.port))
	if h.name == "" && (!h.ip.IsValid() || h.ip == netip.IPv6Unspecified()) && !o.IPv4Only {
		l, err := o.listen("tcp", ":"+port)
		if err == nil || !isNoFamily(err) {
			return l, err
		}
		// Without IPv6, all addresses of the machine are IPv4 addresses.
		return o.listen("tcp4", ":"+port)
	}
	if h.name == "" && !h.ip.IsValid() {
		return o.listen("tcp4", ":"+port)
	}
	ip, err := h.bindIP(o)
	if err != nil {
		return nil, err
	}
	return o.listen(familyOf(ip), net.JoinHostPort(ip.String(), port))
}

// listen opens a TCP listener. It sets the options before it binds, so that
// accepted connections inherit them.
func (o *Options) listen(network, addr string) (net.Listener, error) {
	lc := net.ListenConfig{Control: o.control, KeepAlive: -1, KeepAliveConfig: o.KeepAlive}
	// Go uses Multipath TCP by default where the system supports it. Most
	// connections would then fall back to plain TCP, and the socket options
	// here are those of plain TCP.
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(context.Background(), network, addr)
	if err != nil {
		return nil, portable(err)
	}
	return o.limitBacklog(l)
}

func (tcp) Dial(ctx context.Context, addr string, o *Options) (net.Conn, error) {
	d, err := parseDial(addr)
	if err != nil {
		return nil, err
	}
	o = o.orZero()
	if d.src == nil {
		return dialHost(ctx, d.dst, nil, o)
	}
	ips, err := d.src.sourceIPs(o)
	if err != nil {
		return nil, err
	}
	// An interface may have IPv4 and IPv6 addresses. Which family is needed is
	// known only when the name of the destination is resolved.
	var c net.Conn
	for _, ip := range ips {
		c, err = dialHost(ctx, d.dst, localAddr(ip, d.src.port), o)
		if err == nil || !isMismatch(err) {
			break
		}
	}
	return c, err
}

// localAddr returns the source address for net.Dialer, or nil if neither
// address nor port is given and the system chooses.
func localAddr(ip netip.Addr, port uint16) *net.TCPAddr {
	if !ip.IsValid() && port == 0 {
		return nil
	}
	a := &net.TCPAddr{Port: int(port)}
	if ip.IsValid() {
		a.IP, a.Zone = ip.AsSlice(), ip.Zone()
	}
	return a
}

func dialHost(ctx context.Context, h tcpHost, from *net.TCPAddr, o *Options) (net.Conn, error) {
	d := net.Dialer{Control: o.control, KeepAlive: -1, KeepAliveConfig: o.KeepAlive, Resolver: o.network().Resolver}
	d.SetMultipathTCP(false)
	if from != nil {
		d.LocalAddr = from
		d.Control = o.controlFrom
	}
	port := strconv.Itoa(int(h.port))
	if h.ip == netip.IPv6Unspecified() {
		return dialAny(ctx, &d, port, o)
	}
	if !h.ip.IsValid() {
		return o.dial(ctx, &d, anyFamily(o), net.JoinHostPort(h.name, port))
	}
	if o.IPv4Only && h.ip.Is6() {
		return nil, &HostError{Host: h.ip.String(), Reason: "IPv6 is switched off", errno: syscall.EAFNOSUPPORT}
	}
	if err := checkZone(h.ip); err != nil {
		return nil, err
	}
	return o.dial(ctx, &d, familyOf(h.ip), net.JoinHostPort(h.ip.String(), port))
}

// dialAny dials "[::]", the address that a wildcard listener reports, on this
// machine. Such a listener accepts IPv4 and IPv6, so dialAny uses IPv4 if IPv6
// does not work.
func dialAny(ctx context.Context, d *net.Dialer, port string, o *Options) (net.Conn, error) {
	if !o.IPv4Only {
		c, err := o.dial(ctx, d, "tcp6", "[::1]:"+port)
		if err == nil || !isNoFamily(err) && !errors.Is(err, syscall.ECONNREFUSED) && !isMismatch(err) || ctx.Err() != nil {
			return c, err
		}
	}
	return o.dial(ctx, d, "tcp4", "127.0.0.1:"+port)
}

// dial connects with d, or as the application does, through the proxy if there is
// one.
func (o *Options) dial(ctx context.Context, d *net.Dialer, network, addr string) (net.Conn, error) {
	if p := o.network().Proxy; p != nil && network != "unix" {
		return o.dialProxy(ctx, d, p, network, addr)
	}
	return o.dialDirect(ctx, d, network, addr)
}

func (o *Options) dialDirect(ctx context.Context, d *net.Dialer, network, addr string) (net.Conn, error) {
	if dial := o.network().DialContext; dial != nil {
		return checkConn(dial(ctx, network, addr))
	}
	c, err := d.DialContext(ctx, network, addr)
	return c, portable(err)
}

func familyOf(ip netip.Addr) string {
	if ip.Is4() {
		return "tcp4"
	}
	return "tcp6"
}

func anyFamily(o *Options) string {
	if o.IPv4Only {
		return "tcp4"
	}
	return "tcp"
}
