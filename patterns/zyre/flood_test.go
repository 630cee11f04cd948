package zyre_test

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/patterns/zyre"
)

// Lying beacons do not disturb peers: 10,000 nodes that do not exist, foreign addresses, wrong
// versions and sizes.
func TestLyingBeaconsDoNotDisturbPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.node(1, "a", zyre.Options{}), w.node(2, "b", zyre.Options{})
		want(t, a, "enter b")
		want(t, b, "enter a")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		goroutines := 0
		idB := b.UUID()
		for i := range uint32(10_000) {
			source := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 0x0A010000+i)))
			fake := zyre.NewUUID()
			beacon := append(append([]byte("ZRE\x01"), fake[:]...), 0xC3, 0x50)
			w.air.send(source, beacon)
			switch i % 4 {
			case 0: // b leaves, from a foreign address
				w.air.send(source, append(append([]byte("ZRE\x01"), idB[:]...), 0, 0))
			case 1: // b has moved
				w.air.send(source, append(append([]byte("ZRE\x01"), idB[:]...), 0xC3, 0x51))
			case 2:
				beacon[3] = byte(i)
				w.air.send(source, beacon)
			case 3:
				w.air.send(source, beacon[:i%22])
			}
			if i%100 == 99 {
				time.Sleep(50 * time.Millisecond)
				goroutines = max(goroutines, runtime.NumGoroutine())
			}
		}
		w.node(3, "c", zyre.Options{}) // a new node is found in spite of the flood
		enters(t, a, "c")
		enters(t, b, "c")
		runtime.ReadMemStats(&after)
		t.Logf("%d goroutines, %d KiB more heap, stats %+v", goroutines, (int64(after.HeapAlloc)-int64(before.HeapAlloc))/1024, a.Stats())
		if s := a.Stats(); s.Peers != 2 || s.Pending > 100 || s.Lost != 0 {
			t.Errorf("%+v", s)
		}
		must(t, a.Whisper(b.UUID(), []byte("still here")))
		until(t, b, "whisper a still here")
		time.Sleep(30 * time.Second)
		if s := a.Stats(); s.Pending != 0 || s.Peers != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// enters waits until a peer has entered. Beacons of other peers may have been dropped with
// those of the flood, so that these are evasive for a moment; none may exit.
func enters(t *testing.T, n *zyre.Node, name string) {
	t.Helper()
	for e, err := range n.Events(t.Context()) {
		switch e := e.(type) {
		case zyre.Enter:
			if e.Peer.Name != name {
				t.Fatalf("%s: %s has entered, want %s", n.Name(), e.Peer.Name, name)
			}
			return
		case zyre.Evasive:
		default:
			t.Fatalf("%s: event %T, %v", n.Name(), e, err)
		}
	}
}
