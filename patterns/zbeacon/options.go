package zbeacon

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/zerobroker/zmq"
)

const (
	// DefaultPort is the UDP port that IANA has assigned to ZRE-DISC.
	DefaultPort = 5670

	// MaxPayload is the largest payload of a beacon in bytes. CZMQ receives no
	// larger ones.
	MaxPayload = 255
)

// Errors of calls; test for them with errors.Is.
var (
	// ErrInvalidOption is returned for an option that is out of range.
	ErrInvalidOption = zmq.ErrInvalidOption
	// ErrClosed is returned by calls on a closed Beacon. It matches net.ErrClosed.
	ErrClosed = zmq.ErrClosed
	// ErrNoInterface is returned by New if no interface of the machine has the
	// properties that the options demand.
	ErrNoInterface = errors.New("no suitable network interface")
	// ErrPayloadSize is returned for a payload that is empty or above MaxPayload.
	ErrPayloadSize = errors.New("payload of a beacon must have 1 to 255 bytes")
)

// Options configure a Beacon. The zero value of each field is its default.
type Options struct {
	// Port is the UDP port of the beacons, 1 to 65535. Default DefaultPort.
	Port int

	// Interface selects the network interface: its name, such as "eth0", or one of
	// its addresses. Beacons that arrive at other interfaces are ignored, where the
	// system reports the interface. "*" is all interfaces: beacons are then sent to
	// 255.255.255.255 by the route of the system. Default the first interface that
	// is up, is no loopback and can broadcast (or multicast, with Multicast).
	Interface string

	// Multicast is a multicast group to use in place of the broadcast address of
	// IPv4. CZMQ uses ff02::1 for IPv6. Default broadcast.
	Multicast netip.Addr

	// QueueSize bounds the signals that were received and not read. Others are
	// dropped and counted. Default 1000.
	QueueSize int

	// SourceRate bounds the signals per second of one source address. Several
	// programs on one machine share it. Default 100.
	SourceRate int

	// MaxSources bounds the source addresses that are remembered for SourceRate;
	// the one that has been silent for longest is forgotten first. Default 4096.
	MaxSources int

	// NewSourceRate bounds the source addresses per second that are not among those
	// remembered. A flood of beacons with forged addresses is stopped here and does
	// not affect sources that were accepted before. Default 100.
	NewSourceRate int

	// Listen opens the datagram socket, in New and again after it has failed.
	// Default Listen of this package. A test can give a simulated network.
	Listen func(*Options) (Conn, error)
}

// Conn sends and receives the datagrams of a Beacon. Receive and Broadcast may be called
// concurrently.
type Conn interface {
	// Receive reads one datagram. Bytes that do not fit into b are discarded, and n is
	// len(b).
	Receive(b []byte) (n int, source netip.Addr, err error)
	// Broadcast sends one datagram to all listeners, without waiting.
	Broadcast(b []byte) error
	// Addr returns the address that is the source of the datagrams. It is unspecified
	// (0.0.0.0) for all interfaces.
	Addr() netip.Addr
	// Close ends Receive, which returns an error.
	Close() error
}

const (
	defaultInterval = time.Second
	// retryInterval is the delay before a failed socket is opened again.
	retryInterval = time.Second
)

// withDefaults returns a copy with all defaults filled in.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	for _, f := range []struct {
		name      string
		value     *int
		def, most int
	}{
		{"Port", &c.Port, DefaultPort, 65535},
		{"QueueSize", &c.QueueSize, 1000, 1 << 20},
		{"SourceRate", &c.SourceRate, 100, 1 << 20},
		{"MaxSources", &c.MaxSources, 4096, 1 << 20},
		{"NewSourceRate", &c.NewSourceRate, 100, 1 << 20},
	} {
		switch {
		case *f.value == 0:
			*f.value = f.def
		case *f.value < 0 || *f.value > f.most:
			return c, fmt.Errorf("zbeacon: %w: %s %d is not in 1 to %d", ErrInvalidOption, f.name, *f.value, f.most)
		}
	}
	if c.Multicast.IsValid() && !c.Multicast.IsMulticast() {
		return c, fmt.Errorf("zbeacon: %w: Multicast %s is no multicast address", ErrInvalidOption, c.Multicast)
	}
	if c.Listen == nil {
		c.Listen = Listen
	}
	return c, nil
}
