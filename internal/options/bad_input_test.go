package options_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// badSizes are the sizes of the values that every option is set to.
var badSizes = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 39, 40, 41, 42, 255, 256, 257, 65536}

// badInts are the numbers that every option is set to, as an int and as an int64_t.
var badInts = []int64{
	-2, -1, 0, 1, 2, 3, 4, 5, 255, 256, -99, -100, 6553599, 6553600, 65536,
	math.MaxInt32 - 1, math.MaxInt32, math.MinInt32, math.MinInt32 + 1, math.MaxInt64, math.MinInt64,
}

// badTexts are texts and bytes that every option is set to.
var badTexts = []string{
	"\x00", "\xff\xfe\xfd", "\xff\xfe\xfd\xfcx", "a\x00b", "lo\x00", "text", "10.0.0.1", "10.0.0.0/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
	"10.0.0.0/8/8", "10.0.0", "::1", "::/0", "localhost", "localhost:1080", "X-a:b", "X-a:bc", "X-a", "a:b", "X-a:", ":X-a", "X-:vvv", "X-a b:c", "X-On-Error:v",
	"X-" + strings.Repeat("a", 254) + ":v", "X-a:" + strings.Repeat("v", 5000),
	strings.Repeat("0", 40), strings.Repeat("0", 41), strings.Repeat("0", 40) + "\x00", strings.Repeat("~", 40), strings.Repeat("#", 40), strings.Repeat("\xff", 40),
}

// badValues returns the values that every option is set to.
func badValues() (list [][]byte) {
	list = append(list, nil, []byte{})
	for _, n := range badSizes {
		list = append(list, make([]byte, n), bytes.Repeat([]byte{'x'}, n), bytes.Repeat([]byte{0xff}, n))
	}
	for _, n := range badInts {
		list = append(list, i64(n))
		if n == int64(int32(n)) {
			list = append(list, i32(int(n)))
		}
	}
	for _, s := range badTexts {
		list = append(list, []byte(s))
	}
	return list
}

// legal reports whether an option accepts a value, by the rules of
// docs/OPTIONS.md, for a socket of a type that has it.
func legal(o *options.Option, value []byte) bool {
	size := map[options.Kind]int{options.Int: 4, options.FD: 4, options.Int64: 8, options.Uint64: 8}[o.Kind]
	cleared := o.Clears == options.ByNull && value == nil || o.Clears == options.ByEmpty && len(value) == 0
	switch o.Name {
	case "ZMQ_IPC_FILTER_PID", "ZMQ_IPC_FILTER_UID", "ZMQ_IPC_FILTER_GID":
		return cleared || len(value) == 4
	case "ZMQ_TCP_ACCEPT_FILTER":
		text := string(value)
		_, addressErr := netip.ParseAddr(text)
		_, networkErr := netip.ParsePrefix(text)
		return cleared || len(text) <= 255 && (addressErr == nil || networkErr == nil) && !strings.Contains(text, ":") // no IPv6
	case "ZMQ_METADATA":
		return slices.Contains([]string{"X-a:b", "X-a:bc"}, string(value))
	case "ZMQ_ROUTING_ID", "ZMQ_CONNECT_ROUTING_ID":
		if len(value) > 0 && value[0] == 0 {
			return false
		}
	}
	switch {
	case size == 8:
		return len(value) == 8
	case size == 4:
		if len(value) != 4 {
			return false
		}
		n := int64(int32(binary.NativeEndian.Uint32(value)))
		return o.Min <= n && n <= o.Max
	case o.Kind == options.Key:
		text := strings.TrimSuffix(string(value), "\x00")
		return len(value) == 32 || len(value) == 40 && text == string(value) && text == strings.Repeat("0", 40) ||
			len(value) == 40 && text == strings.Repeat("x", 40) || len(value) == 41 && text == strings.Repeat("0", 40)
	}
	return cleared || int64(len(value)) >= o.Min && int64(len(value)) <= o.Max
}

// checkError checks that err is an Error about option o, or about number n if there
// is no such option, and matches EINVAL.
func checkError(t *testing.T, err error, o *options.Option, n int) {
	t.Helper()
	e, ok := errors.AsType[*options.Error](err)
	switch {
	case !ok || !errors.Is(err, syscall.EINVAL):
		t.Errorf("option %d: %v, want an Error that matches EINVAL", n, err)
	case o == nil && (e.Number != n || e.Problem != options.NoSuchOption):
		t.Errorf("option %d: %v", n, err)
	case o != nil && (e.Name != o.Name || e.Number != n || !strings.HasPrefix(err.Error(), o.Name+": "+e.Problem.String())):
		t.Errorf("%s: %v does not name it", o.Name, err)
	}
}

// settable reports whether a socket of a type can set an option.
func settable(o *options.Option, typ pattern.Type) bool {
	return o != nil && o.Set && !o.Unknown && (o.Types == nil || slices.Contains(o.Types, typ))
}

// Every option of every number with every value: it is accepted if it is legal, and
// otherwise the error names the option, and no option has another value than before.
func TestSetOfWrongValueIsEINVALAndChangesNothing(t *testing.T) {
	refused, accepted, values := 0, 0, badValues()
	for typ := range pattern.Types {
		v := options.New(typ, false, true)
		before := snapshot(v)
		for n := range 130 {
			o := options.Find(n)
			for _, value := range values {
				if settable(o, typ) && (legal(o, value) && n != 6 && n != 7 || typ == pattern.SUB && (n == 6 || n == 7)) {
					accepted++
					if err := options.New(typ, false, true).Set(n, value); err != nil {
						t.Errorf("%s: %s set to %.50q: %v", pattern.Types[typ].Name, o.Name, value, err)
					}
					continue
				}
				refused++
				err := v.Set(n, value)
				if err == nil {
					t.Errorf("%s: option %d accepts %.50q of %d bytes", pattern.Types[typ].Name, n, value, len(value))
					continue
				}
				checkError(t, err, o, n)
			}
		}
		if after := snapshot(v); after != before {
			t.Errorf("%s: refused values changed the options:\n%s\n%s", pattern.Types[typ].Name, before, after)
		}
	}
	if refused < 100_000 || accepted < 40_000 {
		t.Errorf("only %d values refused and %d accepted", refused, accepted)
	}
}

// coreSnapshot returns the values of all options of a socket.
func coreSnapshot(c *options.Core) string {
	var b strings.Builder
	for n := range 130 {
		value, err := c.Value(n)
		fmt.Fprintf(&b, "%d %q %v\n", n, value, err)
	}
	return b.String()
}

// A socket in use: refused values change neither the options that are read from it, nor
// its subscriptions, nor the next endpoint.
func TestRefusedValueOfSocketInUseChangesNothing(t *testing.T) {
	for typ := range pattern.Types {
		if typ == pattern.DGRAM {
			continue // has only udp endpoints
		}
		st.Run(t, func(w *st.World) {
			c := newCore(w, typ)
			if typ != pattern.STREAM {
				if err := c.Bind("mem://a:1"); err != nil {
					t.Fatal(err)
				}
			}
			before := coreSnapshot(c)
			for n := range 130 {
				o := options.Find(n)
				for _, value := range [][]byte{nil, {}, {1}, i32(-2), i32(math.MaxInt32), i32(math.MinInt32), i64(-2), make([]byte, 65536), []byte("\xff\xfe\x00")} {
					if settable(o, typ) && (legal(o, value) && n != 41 || n == 6 || n == 7) {
						continue
					}
					if err := c.Set(n, value); err == nil {
						t.Errorf("%s: option %d accepts %.50q", pattern.Types[typ].Name, n, value)
					} else {
						checkError(t, err, o, n)
					}
				}
			}
			if after := coreSnapshot(c); after != before {
				t.Errorf("%s: refused values changed the options:\n%s\n%s", pattern.Types[typ].Name, before, after)
			}
		})
	}
}

func TestOptionsOfClosedSocketReturnErrClosed(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.SUB)
		if err := c.Set(6, []byte("topic")); err != nil {
			t.Fatal(err)
		}
		c.Close().Close(w.Context())
		for n := range 130 {
			_, getErr := c.Get(n, make([]byte, 4))
			if err := c.Set(n, i32(1)); err != socket.ErrClosed || getErr != socket.ErrClosed {
				t.Errorf("option %d: set %v, get %v", n, err, getErr)
			}
		}
		if err := c.Bind("mem://a:1"); err != socket.ErrClosed {
			t.Errorf("Bind: %v", err)
		}
		if err := c.Connect("mem://a:1"); err != socket.ErrClosed {
			t.Errorf("Connect: %v", err)
		}
	})
}
