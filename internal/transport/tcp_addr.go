package transport

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// tcpHost is one "host:port" as written. Exactly one of three forms: a literal
// (ip is valid), a name (name is set), or the wildcard "*" (neither).
type tcpHost struct {
	ip   netip.Addr // unmapped; may carry a zone
	name string     // a DNS name, or an interface's where one may stand
	port uint16
}

// tcpDial is a parsed connect address: "dst" or "src;dst".
type tcpDial struct {
	src *tcpHost // nil: the system chooses
	dst tcpHost
}

// parseListen reads "*:port", "ip:port", "[v6]:port", "[v6%zone]:port",
// "ifname:port" or "name:port". A port of "*" or "0" is ephemeral.
func parseListen(text string) (tcpHost, error) {
	h, reason := parseHostPort(text, true)
	if reason != "" {
		return tcpHost{}, &AddrError{Addr: text, Reason: reason}
	}
	return h, nil
}

// parseDial reads "host:port", or "src:port;host:port" where src may be all
// that parseListen takes, except that a name is an interface's and never DNS.
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

// parseHostPort returns what was read, or the reason why it cannot be an
// address. Wild says whether a "*" host, a "*" port and port 0 mean anything.
func parseHostPort(text string, wild bool) (tcpHost, string) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || strings.HasSuffix(text, "]") {
		return tcpHost{}, "no port"
	}
	h, reason := parseHost(text[:i], wild)
	if reason != "" {
		return tcpHost{}, reason
	}
	if ip := h.ip; ip.Is6() && ip.IsLinkLocalUnicast() && ip.Zone() == "" {
		// The system would only say that the argument is invalid.
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
	case s[0] == '[':
		return parseV6(s)
	case strings.IndexByte(s, ':') >= 0:
		// Where the address ends and the port begins would be a guess.
		return tcpHost{}, "an IPv6 address must stand in brackets"
	case strings.Trim(s, "0123456789.") == "":
		// Nothing but digits and dots is meant as an address: asking DNS for
		// 0.0.0.1000000 would only hide the mistake.
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

// parsePort is strict where libzmq's atoi is not: 80xyz is no port, and 65617
// is not 81.
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

// validName admits host and interface names alike: letters, digits, '-' and
// '_' in dot-separated labels. International names come in their ASCII form.
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

// String is the address in the form parseListen reads.
func (h tcpHost) String() string {
	switch {
	case h.ip.IsValid():
		return netip.AddrPortFrom(h.ip, h.port).String()
	case h.name != "":
		return h.name + ":" + strconv.Itoa(int(h.port))
	}
	return "*:" + strconv.Itoa(int(h.port))
}

// String is the address in the form parseDial reads.
func (d tcpDial) String() string {
	if d.src == nil {
		return d.dst.String()
	}
	return d.src.String() + ";" + d.dst.String()
}

// numeric returns a bound or connected TCP address in the form this package
// prints and parses.
func numeric(a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return a.String()
	}
	p := t.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port()).String()
}
