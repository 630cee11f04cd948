package zbeacon_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/zerobroker/zmq/patterns/zbeacon"
)

// exchange publishes with one Beacon and receives with another, over the real sockets of
// this machine.
func exchange(t *testing.T, o zbeacon.Options) {
	t.Helper()
	speaker, err := zbeacon.New(&o)
	if err != nil {
		t.Skipf("no socket for beacons: %v", err)
	}
	defer speaker.Close()
	listener, err := zbeacon.New(&o)
	if err != nil {
		t.Fatalf("second socket on the same port: %v", err)
	}
	defer listener.Close()
	listener.Subscribe([]byte("zb"))
	if err := speaker.Publish([]byte("zbeacon test"), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := listener.Recv(ctx)
	if err != nil {
		t.Fatalf("%v; speaker %+v, listener %+v", err, speaker.Stats(), listener.Stats())
	}
	if string(s.Payload) != "zbeacon test" || s.Source != speaker.Addr() && o.Interface != "*" {
		t.Fatalf("received %q from %s, not from %s", s.Payload, s.Source, speaker.Addr())
	}
}

// loopback returns the name of the loopback interface.
func loopback(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	t.Skip("no loopback interface")
	return ""
}

func TestBroadcastOverLoopback(t *testing.T) {
	exchange(t, zbeacon.Options{Port: 45671, Interface: loopback(t)})
}

func TestBroadcastOverLoopbackAddress(t *testing.T) {
	exchange(t, zbeacon.Options{Port: 45672, Interface: "127.0.0.1"})
}

func TestBroadcastOverDefaultInterface(t *testing.T) {
	exchange(t, zbeacon.Options{Port: 45673})
}

func TestMulticastIPv4OverDefaultInterface(t *testing.T) {
	exchange(t, zbeacon.Options{Port: 45674, Multicast: netip.MustParseAddr("239.192.7.7")})
}

func TestMulticastIPv6OverDefaultInterface(t *testing.T) {
	exchange(t, zbeacon.Options{Port: 45675, Multicast: netip.MustParseAddr("ff02::1")})
}

// Beacons of another interface are ignored.
func TestBeaconsOfOtherInterfacesAreIgnored(t *testing.T) {
	other, err := zbeacon.New(&zbeacon.Options{Port: 45677})
	if err != nil {
		t.Skipf("no second interface: %v", err)
	}
	defer other.Close()
	b, err := zbeacon.New(&zbeacon.Options{Port: 45677, Interface: loopback(t)})
	if err != nil {
		t.Skip(err)
	}
	defer b.Close()
	b.Subscribe(nil)
	if err := other.Publish([]byte("other"), 10*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	speaker, err := zbeacon.New(&zbeacon.Options{Port: 45677, Interface: loopback(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer speaker.Close()
	if err := speaker.Publish([]byte("same"), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for range 3 {
		if s, err := b.Recv(ctx); err != nil || string(s.Payload) != "same" {
			t.Fatalf("received %q from %s, %v", s.Payload, s.Source, err)
		}
	}
}
