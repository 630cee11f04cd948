package transport

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// tcpHost is a parsed "host:port". The host has one of three forms: an IP
// address (ip is valid), a name (name is set), or the wildcard "*" (neither).
type tcpHost struct {
	ip   netip.Addr // not IPv4-mapped; may have a zone
	name string     // a DNS name, or where allowed the name of an interface
	port uint16
}

// tcpDial is a parsed connect address: "dst" or "src;dst".
type tcpDial struct {
	src *tcpHost // nil: the system chooses the source
	dst tcpHost
}

// parseListen parses "*:port", "ip:port", "[v6]:port", "[v6%zone]:port",
// "ifname:port" or "name:port". A port of "*" or "0" means an ephemeral port.
func parseListen(text string) (tcpHost, error) {
	h, reason := parseHostPort(text, true)
	if reason != "" {
		return tcpHost{}, &AddrError{Addr: text, Reason: reason}
	}
	return h, nil
}

// parseDial parses "host:port" or "src:port;host:port". src has the forms that
// parseListen accepts, but a name in it is always that of an interface.
func parseDial(text string) (tcpDial, error) {
	var d tcpDial
	var reason string
	to := text
	if from, rest, ok := strings.Cut(text, ";"); ok {
		src, why := parseHostPort(from, true)
		if why != "" {
			return d, &AddrError{Addr: text, Reason: "source address: " + why}
		}
		d.src, to = &src, rest
	}
	if d.dst, reason = parseHostPort(to, false); reason != "" {
		return tcpDial{}, &AddrError{Addr: text, Reason: reason}
	}
	return d, nil
}

// parseHostPort parses "host:port". If the text is malformed, it returns the
// reason. wild permits "*" as the host, and "*" and 0 as the port.
func parseHostPort(text string, wild bool) (tcpHost, string) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || strings.HasSuffix(text, "]") {
		return tcpHost{}, "no port"
	}
	if i == 0 && len(text) > 1 {
		if wild {
			return tcpHost{}, "no host: write *" + text + " for every interface"
		}
		return tcpHost{}, "no host: write 127.0.0.1" + text + " for this machine"
	}
	h, reason := parseHost(text[:i], wild)
	if reason != "" {
		return tcpHost{}, reason
	}
	if ip := h.ip; ip.Is6() && ip.IsLinkLocalUnicast() && ip.Zone() == "" {
		// The error of the system would only be EINVAL.
		return tcpHost{}, "a link-local address needs a zone, the interface: [" + ip.String() + "%eth0]"
	}
	h.port, reason = parsePort(text[i+1:], wild)
	return h, reason
}

func parseHost(s string, wild bool) (tcpHost, string) {
	switch {
	case s == "":
		return tcpHost{}, "no host"
	case s == "*" && wild:
		return tcpHost{}, ""
	case s == "*":
		return tcpHost{}, "host * can only be bound"
	case strings.IndexByte(s, ',') >= 0 && wild:
		return tcpHost{}, "one endpoint only: call Bind once for each"
	case strings.IndexByte(s, ',') >= 0:
		return tcpHost{}, "one endpoint only: call Connect once for each"
	case s[0] == '[':
		return parseV6(s)
	case strings.IndexByte(s, ':') >= 0:
		// It is not clear where the address ends and the port begins.
		return tcpHost{}, "an IPv6 address needs brackets: [::1]:5555"
	case strings.Trim(s, "0123456789.") == "":
		// A host of digits and dots only is meant as an address. A DNS lookup
		// of 0.0.0.1000000 would only hide the mistake.
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return tcpHost{}, "not an IPv4 address"
		}
		return tcpHost{ip: ip}, ""
	case !validName(s):
		return tcpHost{}, "not a host name"
	}
	return tcpHost{name: s}, ""
}

func parseV6(s string) (tcpHost, string) {
	if len(s) < 2 || s[len(s)-1] != ']' {
		return tcpHost{}, "unbalanced bracket"
	}
	ip, err := netip.ParseAddr(s[1 : len(s)-1])
	if err != nil || !ip.Is6() {
		return tcpHost{}, "not an IPv6 address"
	}
	if z := ip.Zone(); z != "" && (!validName(z) || strings.Trim(z, "0") == "") {
		return tcpHost{}, "not an IPv6 zone"
	}
	return tcpHost{ip: ip.Unmap()}, ""
}

// parsePort accepts only 0 to 65535 in decimal. libzmq uses atoi, which reads
// 80xyz as port 80 and 65617 as port 81.
func parsePort(s string, wild bool) (uint16, string) {
	switch {
	case s == "":
		return 0, "no port"
	case s == "*" && wild:
		return 0, ""
	case s == "*":
		return 0, "port * can only be bound"
	case strings.Trim(s, "0123456789") != "":
		return 0, "the port is not a number"
	case len(s) > 1 && s[0] == '0':
		return 0, "the port has a leading zero"
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, "the port is over 65535"
	}
	if n == 0 && !wild {
		return 0, "port 0 can only be bound"
	}
	return uint16(n), ""
}

// validName reports whether s may be the name of a host or an interface: labels
// of letters, digits, '-' and '_', separated by dots. International host names
// must be in their ASCII form.
func validName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !nameByte(label[i]) {
				return false
			}
		}
	}
	return true
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// String returns the address in the form that parseListen accepts.
func (h tcpHost) String() string {
	switch {
	case h.ip.IsValid():
		return netip.AddrPortFrom(h.ip, h.port).String()
	case h.name != "":
		return h.name + ":" + strconv.Itoa(int(h.port))
	}
	return "*:" + strconv.Itoa(int(h.port))
}

// String returns the address in the form that parseDial accepts.
func (d tcpDial) String() string {
	if d.src == nil {
		return d.dst.String()
	}
	return d.src.String() + ";" + d.dst.String()
}

// numeric returns a TCP address in the form that parseListen accepts.
func numeric(a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return a.String()
	}
	p := t.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port()).String()
}
