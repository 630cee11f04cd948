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

// seeds is how many random scripts TestChaos plays.
const seeds = 200

// TestChaos plays random fault scripts and checks the books: a reader gets an
// unbroken beginning of what was written, and the rest was destroyed, byte for
// byte.
func TestChaos(t *testing.T) {
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) { chaos(t, seed) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func chaos(t *testing.T, seed uint64) {
	n := memnet.New(seed)
	lost := make(map[*memnet.Flow]*record)
	n.OnLink(func(l *memnet.Link) {
		for _, f := range []*memnet.Flow{l.Up(), l.Down()} {
			lost[f] = new(record)
			lost[f].of(f)
			upset(l.Rand(), l, f)
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
	up, down := new(account), new(account)
	up.start(&g, a, b, link.Rand().IntN(400))
	down.start(&g, b, a, link.Rand().IntN(400))
	// Some scripts end in a stall, or in a connection nobody closes.
	time.AfterFunc(time.Hour, func() { a.Close(); b.Close() })
	g.Wait()
	a.Close()
	b.Close()
	up.check(t, "up", link.Up(), lost[link.Up()])
	down.check(t, "down", link.Down(), lost[link.Down()])
}

// upset gives a flow a random character and a random fate.
func upset(r *rand.Rand, l *memnet.Link, f *memnet.Flow) {
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

// account is what the two ends of a flow know about it.
type account struct {
	wrote, got bytes.Buffer
}

// start writes so many messages, then closes, and reads until the end.
func (k *account) start(g *sync.WaitGroup, from, to net.Conn, messages int) {
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

// onlyReader keeps io.Copy to Read.
type onlyReader struct{ io.Reader }

func (k *account) check(t *testing.T, name string, f *memnet.Flow, lost *record) {
	t.Helper()
	s := f.Stats()
	want := memnet.Stats{
		Accepted:  int64(k.wrote.Len()),
		Delivered: int64(k.got.Len()),
		Destroyed: int64(len(lost.b)),
	}
	if s != want || s.Accepted != s.Delivered+s.Destroyed {
		t.Errorf("%s: stats are %+v, the ends say %+v", name, s, want)
	}
	all := append(bytes.Clone(k.got.Bytes()), lost.b...)
	if !bytes.Equal(all, k.wrote.Bytes()) {
		t.Errorf("%s: delivered and destroyed are not what was written", name)
	}
	if len(lost.b) > 0 && lost.from != s.Delivered {
		t.Errorf("%s: destroyed from %d, delivered %d", name, lost.from, s.Delivered)
	}
}

// TestWhichMessagesWereLost is how the layers above use the books.
func TestWhichMessagesWereLost(t *testing.T) {
	in(t, func(w *world) {
		a, b, l := w.connect(func(l *memnet.Link) {
			l.SetLatency(ms)
			l.Up().CutAfterDelivery(25, memnet.RST)
		})
		var ends []int64 // where each message ends in the stream
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
