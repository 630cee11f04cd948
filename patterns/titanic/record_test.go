package titanic

import (
	"bytes"
	"testing"
)

// FuzzDecodeRecord checks that no bytes make decodeRecord panic, and that what it accepts is
// what appendRecord writes.
func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte{})
	f.Add(appendRecord(nil, kindAdd, ID{1}, [][]byte{[]byte("echo"), {}}))
	f.Add(appendRecord(nil, kindRemove, ID{2}, nil))
	f.Add(append(appendRecord(nil, kindReply, ID{3}, [][]byte{{1, 2}}), 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, size := decodeRecord(b)
		if size > 0 && !bytes.Equal(appendRecord(nil, r.kind, r.id, r.frames), b[:size]) {
			t.Errorf("%x is decoded as %+v", b, r)
		}
	})
}

func TestDecodeRecordRefusesEveryChangedByte(t *testing.T) {
	b := appendRecord(nil, kindAdd, ID{1}, [][]byte{[]byte("echo"), []byte("body")})
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 0x10
		if _, size := decodeRecord(c); size != 0 {
			t.Errorf("a record with a changed byte %d is accepted", i)
		}
	}
}
