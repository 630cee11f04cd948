package peer

import (
	"fmt"
	"time"
)

// The kinds of proxies: the types of the front and back socket. The proxy binds
// both, prints the endpoint of the front and then that of the back, and forwards
// messages until its standard input ends. The sender connects to the front and the
// receiver to the back, as a DEALER each or as a PUB and a SUB. No socket drops
// messages.
const (
	RouterDealer = "router-dealer"
	XSubXPub     = "xsub-xpub"
)

func (c Commands) proxy(name string, operands []string) error {
	if len(operands) == 0 {
		return fmt.Errorf("%s needs KIND", name)
	}
	kind, rest := operands[0], operands[1:]
	if kind != RouterDealer && kind != XSubXPub {
		return fmt.Errorf("%s: unknown KIND %q", name, kind)
	}
	if name == "proxy" {
		if c.Proxy == nil {
			return fmt.Errorf("%s: not supported by this library", name)
		}
		return c.Proxy(kind)
	}
	command := c.ProxySend
	if name == "proxy_recv" {
		command = c.ProxyRecv
	}
	if command == nil {
		return fmt.Errorf("%s: not supported by this library", name)
	}
	return timed(name, func(a Args) (time.Duration, error) { return command(kind, a) }, rest)
}
