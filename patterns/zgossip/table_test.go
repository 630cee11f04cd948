package zgossip

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func newTable() *table {
	return &table{maxTuples: 100, maxBytes: 10_000, maxValue: 1000, tuples: make(map[string]*tuple)}
}

func TestTableRefusesAboveLimits(t *testing.T) {
	tab, now := newTable(), time.Now()
	if r := tab.store("big", string(make([]byte, 1001)), own, now); r != refused {
		t.Fatal(r)
	}
	for i := range 100 {
		if r := tab.store(fmt.Sprint(i), "v", own, now); r != stored {
			t.Fatal(i, r)
		}
	}
	if r := tab.store("one more", "v", own, now); r != refused {
		t.Fatal(r)
	}
	if r := tab.store("1", "changed", own, now.Add(time.Minute)); r != stored {
		t.Fatal(r)
	}
	for i := range 100 {
		tab.store(fmt.Sprint(i), string(make([]byte, 1000)), own, now.Add(time.Hour))
	}
	if tab.bytes > 10_000 {
		t.Fatalf("%d bytes", tab.bytes)
	}
}

// Readers at any position find the last value of each key, the counted bytes are exact, and
// the log stays in proportion to the tuples.
func TestTableServesReadersAtAnyPosition(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	tab, now := newTable(), time.Now()
	seen := make([]map[string]string, 3)
	positions := make([]uint64, 3)
	for i := range seen {
		seen[i] = make(map[string]string)
	}
	for range 20_000 {
		key := fmt.Sprint(r.IntN(50))
		switch r.IntN(10) {
		case 0:
			tab.remove(key)
			for i := range seen {
				delete(seen[i], key)
			}
		case 1:
			i := r.IntN(3)
			if tp, next, ok := tab.after(positions[i], own); ok {
				seen[i][tp.Key], positions[i] = tp.Value, next
			}
		default:
			tab.store(key, fmt.Sprint(r.IntN(5)), 1, now)
		}
		if len(tab.log) > 2*len(tab.tuples)+64 {
			t.Fatalf("seed %d: %d changes of %d tuples", seed, len(tab.log), len(tab.tuples))
		}
	}
	bytes := 0
	for key, e := range tab.tuples {
		bytes += len(key) + len(e.value)
	}
	if bytes != tab.bytes {
		t.Fatalf("seed %d: counted %d bytes of %d", seed, tab.bytes, bytes)
	}
	for i := range seen {
		for ok := true; ok; {
			var tp Tuple
			if tp, positions[i], ok = tab.after(positions[i], own); ok {
				seen[i][tp.Key] = tp.Value
			}
		}
		for key, e := range tab.tuples {
			if seen[i][key] != e.value {
				t.Fatalf("seed %d: reader %d has %q for %s, want %q", seed, i, seen[i][key], key, e.value)
			}
		}
	}
}

func TestTableDoesNotReturnATupleToItsSource(t *testing.T) {
	tab := newTable()
	a, b := peerID(1), peerID(2)
	tab.store("k", "v", a, time.Now())
	if _, _, ok := tab.after(0, a); ok {
		t.Fatal("returned to its source")
	}
	if got, _, ok := tab.after(0, b); !ok || got != (Tuple{"k", "v"}) {
		t.Fatal(got, ok)
	}
}

func TestTableKeepsWhatThisNodePublished(t *testing.T) {
	tab, now := newTable(), time.Now()
	tab.store("k", "own", own, now)
	if r := tab.store("k", "other", 1, now); r != conflicting || tab.tuples["k"].value != "own" {
		t.Fatal(r, tab.tuples["k"])
	}
	_, position, _ := tab.after(0, 1)
	if tab.renew("k", now) {
		t.Fatal("renewed at once")
	}
	if !tab.renew("k", now.Add(hotInterval)) {
		t.Fatal("not renewed")
	}
	if got, _, ok := tab.after(position, 1); !ok || got != (Tuple{"k", "own"}) {
		t.Fatal(got, ok)
	}
}
