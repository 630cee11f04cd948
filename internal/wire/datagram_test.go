package wire_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/wire"
)

// TestDatagramEncodesToLengthGroupAndBody also decodes the bytes.
func TestDatagramEncodesToLengthGroupAndBody(t *testing.T) {
	long := strings.Repeat("g", 255)
	for _, tt := range []struct{ group, body, want string }{
		{"TV", "Friends", "\x02TVFriends"},
		{"", "body", "\x00body"},
		{"group", "", "\x05group"},
		{"", "", "\x00"},
		{long, "b", "\xff" + long + "b"},
	} {
		b := wire.Datagram{Group: []byte(tt.group), Body: []byte(tt.body)}.Append([]byte("x"))
		if string(b) != "x"+tt.want {
			t.Errorf("%.10q, %q is encoded to %.20q", tt.group, tt.body, b)
		}
		var d wire.Datagram
		if err := d.Decode(b[1:]); err != nil || string(d.Group) != tt.group || string(d.Body) != tt.body {
			t.Errorf("%.20q is decoded to %.10q, %q, %v", b[1:], d.Group, d.Body, err)
		}
	}
}

// TestDatagramDecodeChecksLengths covers every first byte with every length up
// to 300, and with lengths around the limit.
func TestDatagramDecodeChecksLengths(t *testing.T) {
	lengths := []int{8190, 8191, 8192, 8193, 65507}
	for n := range 301 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		b := make([]byte, n)
		for first := range 256 {
			if n > 0 {
				b[0] = byte(first)
			}
			var d wire.Datagram
			err := d.Decode(b)
			if good := n > first && n <= 8192; good != (err == nil) || err != nil && !errors.Is(err, wire.ErrMalformed) {
				t.Fatalf("%d bytes that begin with %d: %v", n, first, err)
			}
			if err == nil && (len(d.Group) != first || len(d.Group)+len(d.Body) != n-1) {
				t.Fatalf("%d bytes that begin with %d: group of %d, body of %d", n, first, len(d.Group), len(d.Body))
			}
			if n == 0 {
				break
			}
		}
	}
}

// TestDatagramDecodeAllocatesNothing allows one allocation for the error of a
// malformed datagram.
func TestDatagramDecodeAllocatesNothing(t *testing.T) {
	good, bad := append([]byte{5}, make([]byte, 500)...), []byte{200, 1, 2}
	var d wire.Datagram
	if n := testing.AllocsPerRun(1000, func() { d.Decode(good) }); n != 0 {
		t.Errorf("%v allocations for a datagram", n)
	}
	var err error
	if n := testing.AllocsPerRun(1000, func() { err = d.Decode(bad) }); n > 1 || err == nil {
		t.Errorf("%v allocations for a malformed datagram, error %v", n, err)
	}
}

// FuzzDatagram checks that a decoded datagram encodes to the same bytes.
func FuzzDatagram(f *testing.F) {
	for _, s := range []string{"", "\x00", "\x02TVFriends", "\x03ab", "\xff", "\x80abc", strings.Repeat("\x01", 8193)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var d wire.Datagram
		if err := d.Decode(b); err != nil {
			if !errors.Is(err, wire.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if again := d.Append(nil); !bytes.Equal(again, b) {
			t.Fatalf("%q is decoded and encoded to %q", b, again)
		}
		_ = append(d.Group, 'x')
		if d.Append(nil)[0] != b[0] || len(b) > 1+len(d.Group) && b[1+len(d.Group)] != d.Body[0] {
			t.Fatal("group and body overlap")
		}
	})
}
