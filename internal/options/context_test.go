package options_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
)

func contextSnapshot(v *options.ContextValues) (s string) {
	for n := range 100 {
		for _, size := range []int{4, 64} {
			buf := make([]byte, size)
			length, err := v.Get(n, buf)
			s += fmt.Sprintf("%d %d %v %q\n", n, length, err, buf)
		}
	}
	return s
}

func TestContextSetOfWrongValueIsEINVALAndChangesNothing(t *testing.T) {
	v := options.NewContext()
	if err := v.Set(7, i32(3)); err != nil {
		t.Fatal(err)
	}
	before := contextSnapshot(v)
	settable := make(map[int]options.Option)
	for _, o := range options.Context {
		if o.Set {
			settable[o.Number] = o
		}
	}
	for n := -1; n < 100; n++ {
		values := [][]byte{nil, {1}, i64(1), i32(-1), i32(math.MinInt32), bytes.Repeat([]byte{'x'}, 17)}
		switch o, ok := settable[n]; {
		case !ok:
			values = append(values, i32(0), i32(1))
		case n == 9: // any int, and any text of 1 to 16 bytes
			values = [][]byte{nil, bytes.Repeat([]byte{'x'}, 17)}
		case o.Min > 0:
			values = append(values, i32(int(o.Min)-1))
		}
		for _, value := range values {
			if err := v.Set(n, value); !errors.Is(err, syscall.EINVAL) {
				t.Errorf("option %d set to %q: %v", n, value, err)
			}
		}
	}
	if err := v.Set(8, i32(4)); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("removing a CPU that was not added: %v", err)
	}
	if after := contextSnapshot(v); after != before {
		t.Errorf("refused values changed the options:\n%s\n%s", before, after)
	}
}

func TestContextOptionsAreReadBack(t *testing.T) {
	v := options.NewContext()
	for n, want := range map[int]int64{1: 1, 2: 1023, 3: 65535, 4: -1, 5: math.MaxInt32, 6: 64, 9: 0, 10: 1, 42: 0, 70: 1} {
		buf := make([]byte, 4)
		if length, err := v.Get(n, buf); length != 4 || err != nil || v.Int(n) != want || string(buf) != string(i32(int(want))) {
			t.Errorf("default of %d: %d, %v, %v", n, v.Int(n), buf, err)
		}
		for _, size := range []int{0, 3, 5, 8} {
			if _, err := v.Get(n, make([]byte, size)); n != 9 && !errors.Is(err, syscall.EINVAL) {
				t.Errorf("option %d read into %d bytes: %v", n, size, err)
			}
		}
	}
	for _, o := range options.Context {
		if !o.Set || o.Number == 8 {
			continue
		}
		for _, value := range []int64{o.Min, o.Max} {
			if err := v.Set(o.Number, i32(int(value))); err != nil {
				t.Errorf("%s set to %d: %v", o.Name, value, err)
			}
			want := value
			if n := o.Number; n == 10 || n == 42 || n == 70 { // a truth value
				want = min(value, 1)
			}
			if o.Get && v.Int(o.Number) != want {
				t.Errorf("%s set to %d: reads %d", o.Name, value, v.Int(o.Number))
			}
		}
	}
	if got := v.Int(3); got != 65535 {
		t.Errorf("ZMQ_SOCKET_LIMIT is %d after ZMQ_THREAD_PRIORITY, which has the same number", got)
	}
	if err := v.Set(8, i32(math.MaxInt32)); err != nil {
		t.Errorf("removing a CPU: %v", err)
	}
	if err := v.Set(8, i32(math.MaxInt32)); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("removing it twice: %v", err)
	}
	buf := make([]byte, 16)
	v.Set(9, []byte("worker"))
	if n, err := v.Get(9, buf); n != 6 || err != nil || string(buf[:n+1]) != "worker\x00" {
		t.Errorf("prefix: %d, %v, %q", n, err, buf)
	}
	if _, err := v.Get(9, buf[:5]); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("prefix read into 5 bytes: %v", err)
	}
}

func TestSocketsInheritOptionsOfTheContext(t *testing.T) {
	v := options.NewContext()
	s := v.NewSocket(pattern.PUSH)
	if s.Int(42) != 0 || s.Int(31) != 1 || s.Int(17) != -1 {
		t.Errorf("defaults: %d %d %d", s.Int(42), s.Int(31), s.Int(17))
	}
	v.Set(42, i32(2))
	v.Set(70, i32(0))
	if n := v.NewSocket(pattern.PUSH); n.Int(42) != 1 || n.Int(31) != 0 || n.Int(17) != 0 || s.Int(42) != 0 {
		t.Errorf("new: %d %d %d, old: %d", n.Int(42), n.Int(31), n.Int(17), s.Int(42))
	}
}
