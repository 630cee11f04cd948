package z85_test

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/zerobroker/zmq/z85"
)

// FuzzDecode decodes any text. Text that decodes must be what its bytes encode
// to, and every group must have the value that the RFC defines, computed with
// integers of any size.
func FuzzDecode(f *testing.F) {
	for _, v := range vectors {
		f.Add([]byte(v.text))
	}
	for _, text := range []string{"0", "#####", "%nSc1", "Hello|orld", "Hello#####", "0000\u00e4", "\x00\x00\x00\x00\x00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		data, err := z85.AppendDecode(nil, text)
		fromString, stringErr := z85.DecodeString(string(text))
		if !bytes.Equal(data, fromString) || err != stringErr {
			t.Fatalf("AppendDecode(%q) = %x, %v; DecodeString: %x, %v", text, data, err, fromString, stringErr)
		}
		want, valid := reference(text)
		if valid != (err == nil) || !bytes.Equal(data, want) {
			t.Fatalf("AppendDecode(%q) = %x, %v; want %x, %v", text, data, err, want, valid)
		}
		if err != nil {
			return
		}
		if again, err := z85.EncodeToString(data); again != string(text) || err != nil {
			t.Fatalf("%q decodes to %x, which encodes to %q, %v", text, data, again, err)
		}
	})
}

// reference decodes text with the arithmetic of the RFC. It reports whether the
// text is valid.
func reference(text []byte) (data []byte, valid bool) {
	if len(text)%5 != 0 {
		return nil, false
	}
	for i := 0; i < len(text); i += 5 {
		v := new(big.Int)
		for _, c := range text[i : i+5] {
			d := bytes.IndexByte([]byte(alphabet), c)
			if d < 0 {
				return nil, false
			}
			v.Add(v.Mul(v, big.NewInt(85)), big.NewInt(int64(d)))
		}
		if v.BitLen() > 32 {
			return nil, false
		}
		data = append(data, v.FillBytes(make([]byte, 4))...)
	}
	return data, true
}

func FuzzEncode(f *testing.F) {
	for _, v := range vectors {
		data, err := hex.DecodeString(v.hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := z85.EncodeToString(data)
		if len(data)%4 != 0 {
			if want := (z85.LengthError{Len: len(data), Multiple: 4}); err != want || text != "" {
				t.Fatalf("EncodeToString(%x) = %q, %v; want %v", data, text, err, want)
			}
			return
		}
		if err != nil || len(text) != z85.EncodedLen(len(data)) {
			t.Fatalf("EncodeToString(%x) = %q, %v", data, text, err)
		}
		if again, err := z85.DecodeString(text); !bytes.Equal(again, data) || err != nil {
			t.Fatalf("%x encodes to %q, which decodes to %x, %v", data, text, again, err)
		}
	})
}
