package memnet_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// seeds is the number of random fault sequences to test.
const seeds = 200

// TestRandomFaultsDestroyOnlyTailOfStream checks the Stats under random faults:
// the reader gets a prefix of the bytes written, and OnDestroy all the others.
func TestRandomFaultsDestroyOnlyTailOfStream(t *testing.T) {
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) { testRandomFaults(t, seed) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func testRandomFaults(t *testing.T, seed uint64) {
	n := memnet.New(seed)
	lost := make(map[*memnet.Flow]*record)
	n.OnLink(func(l *memnet.Link) {
		for _, f := range []*memnet.Flow{l.Up(), l.Down()} {
			lost[f] = new(record)
			lost[f].of(f)
			setRandomFaults(l.Rand(), l, f)
		}
	})
	l, err := n.Listen("x", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := n.Dial(t.Context(), "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	link := n.Links()[0]
	var g sync.WaitGroup
	up, down := new(transfer), new(transfer)
	up.start(&g, a, b, link.Rand().IntN(400))
	down.start(&g, b, a, link.Rand().IntN(400))
	// Some sequences end with a stalled flow or an open connection.
	time.AfterFunc(time.Hour, func() { a.Close(); b.Close() })
	g.Wait()
	a.Close()
	b.Close()
	up.check(t, "up", link.Up(), lost[link.Up()])
	down.check(t, "down", link.Down(), lost[link.Down()])
}

// setRandomFaults gives a flow random settings and at most one random fault.
func setRandomFaults(r *rand.Rand, l *memnet.Link, f *memnet.Flow) {
	f.SetLatency(time.Duration(r.IntN(3)) * ms)
	f.SetChunk(r.IntN(4) * r.IntN(20))
	f.SetBuffer(1 + r.IntN(200))
	f.SetBandwidth(r.IntN(2) * (1000 + r.IntN(100_000)))
	how := memnet.Cut(r.IntN(2))
	when := time.Duration(r.IntN(2000)) * ms
	switch r.IntN(6) {
	case 0:
		f.CutAfterDelivery(int64(r.IntN(5000)), how)
	case 1:
		f.CutAfterWrite(int64(r.IntN(5000)), how)
	case 2:
		time.AfterFunc(when, func() { l.Cut(how) })
	case 3:
		time.AfterFunc(when, f.Stall)
	case 4:
		time.AfterFunc(when, f.Stall)
		time.AfterFunc(2*when, f.Resume)
	}
}

// transfer is what the two ends of a flow wrote and read.
type transfer struct {
	wrote, got bytes.Buffer
}

// start writes the given number of messages and then calls CloseWrite. At the
// same time it reads from the other end until io.EOF or an error.
func (k *transfer) start(g *sync.WaitGroup, from, to net.Conn, messages int) {
	g.Go(func() {
		for i := range messages {
			msg := binary.BigEndian.AppendUint32(nil, uint32(i))
			n, err := from.Write(append(msg, make([]byte, i%23)...))
			k.wrote.Write(append(msg, make([]byte, 23)...)[:n])
			if err != nil {
				break
			}
		}
		from.(interface{ CloseWrite() error }).CloseWrite()
	})
	g.Go(func() { io.Copy(&k.got, onlyReader{to}) })
}

// onlyReader hides the other methods of a connection, so that io.Copy calls
// Read.
type onlyReader struct{ io.Reader }

// check compares the Stats and destroyed bytes of a flow with those of its
// ends.
func (k *transfer) check(t *testing.T, name string, f *memnet.Flow, lost *record) {
	t.Helper()
	s := f.Stats()
	want := memnet.Stats{
		Accepted:  int64(k.wrote.Len()),
		Delivered: int64(k.got.Len()),
		Destroyed: int64(len(lost.b)),
	}
	if s != want || s.Accepted != s.Delivered+s.Destroyed {
		t.Errorf("%s: Stats are %+v, want %+v", name, s, want)
	}
	all := append(bytes.Clone(k.got.Bytes()), lost.b...)
	if !bytes.Equal(all, k.wrote.Bytes()) {
		t.Errorf("%s: delivered and destroyed bytes differ from the written bytes", name)
	}
	if len(lost.b) > 0 && lost.from != s.Delivered {
		t.Errorf("%s: destroyed from %d, delivered %d", name, lost.from, s.Delivered)
	}
}

// TestStatsDetermineLostMessages shows how other packages use Stats.
func TestStatsDetermineLostMessages(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, l := w.connect(func(l *memnet.Link) {
			l.SetLatency(ms)
			l.Up().CutAfterDelivery(25, memnet.RST)
		})
		var ends []int64 // stream offset of the end of each message
		for i := range 5 {
			fmt.Fprintf(a, "message %d", i) // nine bytes
			ends = append(ends, l.Up().Stats().Accepted)
		}
		io.Copy(io.Discard, b)
		var lost []int
		for i, end := range ends {
			if end > l.Up().Stats().Delivered {
				lost = append(lost, i)
			}
		}
		if got, want := fmt.Sprint(lost), "[2 3 4]"; got != want {
			t.Errorf("lost %s, want %s", got, want)
		}
	})
}
