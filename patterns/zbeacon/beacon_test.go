package zbeacon_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/patterns/zbeacon"
)

// open returns a Beacon on the simulated network, which is closed with the test.
func open(t *testing.T, a *air, addr string, o zbeacon.Options) *zbeacon.Beacon {
	t.Helper()
	o.Listen = a.listen(addr)
	b, err := zbeacon.New(&o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// wantSignal receives the next signal, which must be the given one.
func wantSignal(t *testing.T, b *zbeacon.Beacon, source, payload string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := b.Recv(ctx)
	if err != nil || string(s.Payload) != payload || s.Source.String() != source {
		t.Fatalf("received %q from %s, %v; want %q from %s", s.Payload, s.Source, err, payload, source)
	}
}

// wantNothing waits d for signals, of which there must be none.
func wantNothing(t *testing.T, b *zbeacon.Beacon, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if s, err := b.Recv(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("received %q, %v", s.Payload, err)
	}
}

// 36/ZRE: each node broadcasts at regular intervals a beacon that identifies it.
func TestPublishBroadcastsAtOnceAndAtEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a air
		speaker, listener := open(t, &a, "10.0.0.1", zbeacon.Options{}), open(t, &a, "10.0.0.2", zbeacon.Options{})
		listener.Subscribe(nil)
		start := time.Now()
		if err := speaker.Publish([]byte("here"), 3*time.Second); err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			wantSignal(t, listener, "10.0.0.1", "here")
			if at := time.Since(start); at != time.Duration(i)*3*time.Second {
				t.Fatalf("beacon %d was received after %s", i, at)
			}
		}
		speaker.Silence()
		wantNothing(t, listener, time.Minute)
	})
}

func TestPublishReplacesThePayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a air
		speaker, listener := open(t, &a, "10.0.0.1", zbeacon.Options{}), open(t, &a, "10.0.0.2", zbeacon.Options{})
		listener.Subscribe(nil)
		if err := speaker.Publish([]byte("one"), time.Hour); err != nil {
			t.Fatal(err)
		}
		wantSignal(t, listener, "10.0.0.1", "one")
		if err := speaker.Publish([]byte("two"), 0); err != nil {
			t.Fatal(err)
		}
		wantSignal(t, listener, "10.0.0.1", "two")
		start := time.Now()
		wantSignal(t, listener, "10.0.0.1", "two")
		if d := time.Since(start); d != time.Second {
			t.Fatalf("default interval is %s", d)
		}
	})
}

// CZMQ's zbeacon delivers nothing without a subscription, only what has its prefix, and
// never the own payload. 36/ZRE: a node discards beacons that it receives from itself.
func TestSubscribeSelectsByPrefixAndNeverOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a air
		var nodes []*zbeacon.Beacon
		for i, payload := range []string{"NODE/1", "NODE/2", "RANDOM"} {
			b := open(t, &a, netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}).String(), zbeacon.Options{})
			if err := b.Publish([]byte(payload), 250*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			nodes = append(nodes, b)
		}
		wantNothing(t, nodes[0], 10*time.Second)
		nodes[0].Subscribe([]byte("NODE"))
		for range 20 {
			wantSignal(t, nodes[0], "10.0.0.2", "NODE/2")
		}
		nodes[0].Unsubscribe()
		wantNothing(t, nodes[0], 10*time.Second)
		s := nodes[0].Stats()
		if s.Own == 0 || s.Filtered == 0 || s.Received != s.Delivered+s.Own+s.Filtered {
			t.Fatalf("%+v", s)
		}
	})
}

func TestLargeDatagramsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a air
		b := open(t, &a, "10.0.0.1", zbeacon.Options{})
		b.Subscribe(nil)
		a.send(netip.MustParseAddr("10.0.0.2"), make([]byte, zbeacon.MaxPayload+1))
		a.send(netip.MustParseAddr("10.0.0.2"), make([]byte, 60000))
		a.send(netip.MustParseAddr("10.0.0.2"), nil)
		wantSignal(t, b, "10.0.0.2", "")
		if s := b.Stats(); s.TooLarge != 2 {
			t.Fatalf("%+v", s)
		}
		if err := b.Publish(make([]byte, zbeacon.MaxPayload+1), 0); !errors.Is(err, zbeacon.ErrPayloadSize) {
			t.Fatal(err)
		}
		if err := b.Publish(nil, 0); !errors.Is(err, zbeacon.ErrPayloadSize) {
			t.Fatal(err)
		}
		if err := b.Publish([]byte("x"), -1); !errors.Is(err, zbeacon.ErrInvalidOption) {
			t.Fatal(err)
		}
	})
}

// A flood under forged addresses is bounded in memory, and does not affect a source that
// was accepted before.
func TestFloodOfForgedSourcesDoesNotDisplaceKnownSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a air
		b := open(t, &a, "10.0.0.1", zbeacon.Options{MaxSources: 500})
		b.Subscribe(nil)
		friend := netip.MustParseAddr("10.0.0.2")
		got := make(chan bool, 100)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			for s, err := range b.Signals(ctx) {
				if err == nil && s.Source == friend {
					got <- true
				}
			}
		}()
		forged := uint32(0xC0000000)
		a.send(friend, []byte("friend"))
		for range 9 {
			for range 10_000 {
				forged++
				a.send(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, forged))), []byte("flood"))
			}
			a.send(friend, []byte("friend"))
			time.Sleep(time.Second)
		}
		s := b.Stats()
		if len(got) != 10 || s.Sources > 500 || s.OverSources < 88_000 {
			t.Fatalf("%d beacons of the friend were received; %+v", len(got), s)
		}
	})
}

func TestSourceRateBoundsOneSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a air
		b := open(t, &a, "10.0.0.1", zbeacon.Options{SourceRate: 10, QueueSize: 15})
		b.Subscribe(nil)
		for range 2 {
			for range 1000 {
				a.send(netip.MustParseAddr("10.0.0.2"), []byte("x"))
			}
			time.Sleep(time.Second)
		}
		if s := b.Stats(); s.OverRate != 1980 || s.QueueFull != 5 {
			t.Fatalf("%+v", s)
		}
	})
}

// CZMQ's zbeacon opens its socket again when a broadcast fails: the interface may have
// another address.
func TestBeaconOpensItsSocketAgainAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a air
		speaker, listener := open(t, &a, "10.0.0.1", zbeacon.Options{}), open(t, &a, "10.0.0.2", zbeacon.Options{})
		listener.Subscribe(nil)
		if err := speaker.Publish([]byte("here"), time.Second); err != nil {
			t.Fatal(err)
		}
		wantSignal(t, listener, "10.0.0.1", "here")
		a.setBroken(true)
		wantNothing(t, listener, 10*time.Second)
		if err := speaker.Send([]byte("x")); err == nil {
			t.Fatal("Send reported no error on a network that is down")
		}
		a.setBroken(false)
		wantSignal(t, listener, "10.0.0.1", "here")
		if s := speaker.Stats(); s.Reopened != 1 || s.SendErrors == 0 {
			t.Fatalf("%+v", s)
		}
	})
}

func TestCloseEndsCallsAndGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a air
		b := open(t, &a, "10.0.0.1", zbeacon.Options{})
		errs := make(chan error, 1)
		go func() {
			_, err := b.Recv(context.Background())
			errs <- err
		}()
		synctest.Wait()
		b.Close()
		if err := <-errs; !errors.Is(err, zbeacon.ErrClosed) || !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
		if err := b.Publish([]byte("x"), 0); !errors.Is(err, zbeacon.ErrClosed) {
			t.Fatal(err)
		}
		if err := b.Send([]byte("x")); !errors.Is(err, zbeacon.ErrClosed) {
			t.Fatal(err)
		}
		b.Close()
	})
}

func TestNewRefusesInvalidOptions(t *testing.T) {
	for name, o := range map[string]zbeacon.Options{
		"port":         {Port: 65536},
		"negative":     {QueueSize: -1},
		"no multicast": {Multicast: netip.MustParseAddr("10.0.0.1")},
	} {
		if _, err := zbeacon.New(&o); !errors.Is(err, zbeacon.ErrInvalidOption) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := zbeacon.New(&zbeacon.Options{Interface: "nonesuch0"}); !errors.Is(err, zbeacon.ErrNoInterface) {
		t.Error(err)
	}
}
