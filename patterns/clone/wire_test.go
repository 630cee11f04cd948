package clone

import (
	"bytes"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// FuzzDecode checks that what a decoder accepts is encoded to the same message.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("/key"), []byte("\x00\x00\x00\x00\x00\x00\x00\x01"), []byte(""), []byte("ttl=3\n"), []byte("v"))
	f.Add([]byte("HUGZ"), []byte("00000000"), []byte(""), []byte(""), []byte(""))
	f.Add([]byte("k"), []byte("12345678"), []byte("1234567890123456"), []byte("a=b\nttl=\n"), []byte(""))
	f.Add([]byte(""), []byte("1"), []byte("1"), []byte("x"), []byte("x"))
	f.Fuzz(func(t *testing.T, key, number, id, props, value []byte) {
		m := zmq.NewMessage(key, number, id, props, value)
		if u, ok := decode(m); ok {
			again := u.encode()
			for i := range 5 {
				if !bytes.Equal(m.Frame(i), again.Frame(i)) && !(i == 2 && u.id == (uuid{})) {
					t.Fatalf("%v is encoded as %v", m, again)
				}
			}
		}
		if ttl, ok := decodeTTL(props); ok && (ttl < 0 || ttl > maxTTL || ttl%time.Second != 0) {
			t.Errorf("ttl %v of %q", ttl, props)
		}
		if subtree, ok := decodeRequest(zmq.NewMessage(key, value)); ok && string(encodeRequest(subtree).Frame(1)) != string(value) {
			t.Errorf("subtree %q of %q", subtree, value)
		}
	})
}

func TestTTLIsRoundedUpToSeconds(t *testing.T) {
	for ttl, want := range map[time.Duration]string{0: "", 1: "ttl=1\n", time.Second: "ttl=1\n", 1001 * time.Millisecond: "ttl=2\n"} {
		if got := string(encodeTTL(ttl)); got != want {
			t.Errorf("%v: %q", ttl, got)
		}
	}
}

// A snapshot has the entries of the moment of the request, without those that were changed
// or deleted since: the client receives their changes as updates.
func TestSnapshotOmitsEntriesChangedSinceRequest(t *testing.T) {
	s := newStore(100, 1000)
	for i, key := range []string{"/a/1", "/a/2", "/b/1", "/a/3", "/a/4"} {
		s.apply(&update{key: key, number: uint64(i + 1), value: []byte("v")}, time.Time{})
	}
	w := s.begin("client", "/a/", false)
	batch, next := w.collect(make([]*entry, 0, 1), 100)
	if len(batch) != 1 || batch[0].key != "/a/1" {
		t.Fatalf("batch %v", batch)
	}
	w.move(next)
	s.apply(&update{key: "/a/2", number: 6, value: []byte("new")}, time.Time{})
	s.apply(&update{key: "/a/3", number: 7}, time.Time{})
	batch, next = w.collect(make([]*entry, 0, 10), 100)
	if len(batch) != 1 || batch[0].key != "/a/4" || next != nil || w.number != 5 {
		t.Errorf("batch %v, next %v, number %d", batch, next, w.number)
	}
	if s.end(w); len(s.snapshots) != 0 || s.bytes != len("/a/1v/a/2new/b/1v/a/4v") {
		t.Errorf("%d snapshots, %d bytes", len(s.snapshots), s.bytes)
	}
}

// RFC 12: a client discards updates whose number is not greater than the last one.
func TestReplicaAppliesUpdatesAfterSnapshotInOrder(t *testing.T) {
	var changes []string
	r := replica{maxKeys: 10, maxKeySize: 10, maxValueSize: 10, confirmed: func(uuid) {},
		changed: func(key string, value []byte) { changes = append(changes, key+"="+string(value)) }}
	live := func(n uint64, key, value string) bool {
		return r.live(&update{key: key, number: n, value: []byte(value)})
	}
	r.begin()
	live(6, "b", "6")
	live(7, "c", "7")
	live(8, "c", "")
	for i, key := range []string{"a", "b", "c"} {
		r.snapshot(&update{key: key, number: uint64(i), value: []byte("v")})
	}
	if done, lost := r.snapshot(&update{key: keyEnd, number: 6}); !done || lost {
		t.Errorf("done %v, lost %v", done, lost)
	}
	if string(r.values["b"]) != "v" || r.values["c"] != nil || r.number != 8 {
		t.Errorf("values %q, number %d", r.values, r.number)
	}
	if live(8, "a", "old") || live(9, "a", "9") || string(r.values["a"]) != "9" {
		t.Errorf("values %q", r.values)
	}
	if !live(11, "a", "11") {
		t.Error("a gap was not detected")
	}
	if live(9, keyBeat, "") || !live(10, keyBeat, "") {
		t.Error("a beat shows a gap exactly if its number is greater")
	}
	if len(changes) != 3 { // a, b, a
		t.Errorf("changes %q", changes)
	}
}
