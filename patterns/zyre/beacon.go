package zyre

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/patterns/zbeacon"
)

// The beacon: "ZRE", the version, the UUID, the port, and with CURVE the public key.
const (
	beaconPrefix       = "ZRE"
	beaconVersion      = 1 // 36/ZRE
	beaconVersionCurve = 3 // 43/ZRE
	beaconSize         = 22
	beaconSizeCurve    = 54
)

// beacon is a decoded beacon.
type beacon struct {
	uuid UUID
	port uint16 // 0: the node leaves
	key  curve.PublicKey
}

func (b beacon) encode() []byte {
	version := byte(beaconVersion)
	if !b.key.IsZero() {
		version = beaconVersionCurve
	}
	p := append(make([]byte, 0, beaconSizeCurve), beaconPrefix...)
	p = append(append(p, version), b.uuid[:]...)
	p = binary.BigEndian.AppendUint16(p, b.port)
	if !b.key.IsZero() {
		p = append(p, b.key[:]...)
	}
	return p
}

// decodeBeacon reads a beacon. The key of version 3 is optional.
func decodeBeacon(p []byte) (b beacon, ok bool) {
	if len(p) < beaconSize || string(p[:3]) != beaconPrefix {
		return beacon{}, false
	}
	switch {
	case p[3] == beaconVersion && len(p) == beaconSize:
	case p[3] == beaconVersionCurve && len(p) == beaconSize:
	case p[3] == beaconVersionCurve && len(p) == beaconSizeCurve:
		b.key = curve.PublicKey(p[beaconSize:])
	default:
		return beacon{}, false
	}
	b.uuid = UUID(p[4:20])
	b.port = binary.BigEndian.Uint16(p[20:])
	return b, !b.uuid.IsZero()
}

// BeaconOptions configure a BeaconDiscovery.
type BeaconOptions struct {
	// Beacon selects the UDP port, the interface and the limits of beacons. The default
	// port is 5670; nodes with another port form a network of their own.
	Beacon zbeacon.Options

	// Interval is the time between beacons. Default 1 s.
	Interval time.Duration

	// Scheme is that of the endpoints of all nodes: a beacon has only a port, and its
	// source address is the host. Default "tcp".
	Scheme string
}

// BeaconDiscovery finds nodes with UDP broadcasts (36/ZRE, Node Discovery and Presence).
type BeaconDiscovery struct {
	o       BeaconOptions
	b       *zbeacon.Beacon
	self    atomic.Pointer[beacon]
	invalid atomic.Uint64
}

// NewBeaconDiscovery opens the UDP socket. The options may be nil. The errors are those of
// zbeacon.New.
func NewBeaconDiscovery(o *BeaconOptions) (*BeaconDiscovery, error) {
	var c BeaconOptions
	if o != nil {
		c = *o
	}
	if c.Scheme == "" {
		c.Scheme = "tcp"
	}
	b, err := zbeacon.New(&c.Beacon)
	if err != nil {
		return nil, err
	}
	return &BeaconDiscovery{o: c, b: b}, nil
}

// Host returns the address of the interface.
func (d *BeaconDiscovery) Host() string {
	if a := d.b.Addr(); !a.IsUnspecified() {
		return a.String()
	}
	return "*"
}

// Announce broadcasts the beacon of the node. The error matches zmq.ErrInvalidOption if the
// endpoint has no port.
func (d *BeaconDiscovery) Announce(self Announcement) error {
	_, address, _ := strings.Cut(self.Endpoint, "://")
	_, text, _ := net.SplitHostPort(address)
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return invalid("endpoint %s has no port for a beacon", self.Endpoint)
	}
	b := &beacon{uuid: self.UUID, port: uint16(port), key: self.PublicKey}
	d.self.Store(b)
	d.b.Subscribe([]byte(beaconPrefix))
	return d.b.Publish(b.encode(), d.o.Interval)
}

// Recv waits for the beacon of another node. Invalid ones are counted and discarded, and so
// are those without a key if this node has one (43/ZRE), or the reverse.
func (d *BeaconDiscovery) Recv(ctx context.Context) (Announcement, error) {
	for {
		s, err := d.b.Recv(ctx)
		if err != nil {
			return Announcement{}, err
		}
		b, ok := decodeBeacon(s.Payload)
		self := d.self.Load()
		if !ok || self == nil || self.key.IsZero() != b.key.IsZero() {
			d.invalid.Add(1)
			continue
		}
		a := Announcement{UUID: b.uuid, PublicKey: b.key, Source: s.Source, Live: true}
		if b.port != 0 {
			a.Endpoint = fmt.Sprintf("%s://%s", d.o.Scheme, net.JoinHostPort(s.Source.String(), strconv.Itoa(int(b.port))))
		}
		return a, nil
	}
}

// Withdraws returns true: the last beacon has the port 0.
func (d *BeaconDiscovery) Withdraws() bool { return true }

// Invalid returns the number of beacons that were discarded: malformed, of another version
// or with the wrong kind of security.
func (d *BeaconDiscovery) Invalid() uint64 { return d.invalid.Load() }

// Stats returns the counters of the beacons.
func (d *BeaconDiscovery) Stats() zbeacon.Stats { return d.b.Stats() }

// Close broadcasts that the node leaves and closes the socket. If the broadcast fails or is
// lost, the peers notice later that the node does not answer.
func (d *BeaconDiscovery) Close() error {
	if b := d.self.Load(); b != nil {
		d.b.Silence()
		d.b.Send(beacon{uuid: b.uuid, key: b.key}.encode())
	}
	return d.b.Close()
}
