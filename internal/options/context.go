package options

import (
	"maps"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/pattern"
)

// The numbers of context options that need more than the table.
const (
	ctxThreadNamePrefix = 9
	ctxAffinityAdd      = 7
	ctxAffinityRemove   = 8
	ctxZeroCopy         = 10
	ctxBlocky           = 70
)

// maxThreadName is the longest prefix of the names of threads.
const maxThreadName = 16

// ContextValues are the options of one context. They begin with the defaults of
// libzmq. All methods may be called concurrently.
type ContextValues struct {
	current atomic.Pointer[contextValues] // replaced by Set
}

type contextValues struct {
	ints   map[int]int64
	prefix string // of the names of threads, as text
	cpus   []int64
}

// NewContext returns the options of a new context.
func NewContext() *ContextValues {
	c := &contextValues{ints: make(map[int]int64)}
	for _, o := range Context {
		if o.Set {
			c.ints[o.Number] = o.Default
		}
	}
	v := new(ContextValues)
	v.current.Store(c)
	return v
}

// findContext returns the context option with a number that can be set, or read. If
// there is only one that cannot, it returns that.
func findContext(number int, set bool) (found *Option) {
	for i := range Context {
		if o := &Context[i]; o.Number == number {
			if found = o; set && o.Set || !set && o.Get {
				return o
			}
		}
	}
	return found
}

// Set sets an option as zmq_ctx_set_ext does; zmq_ctx_set passes the bytes of its
// int. The error is an *Error if there is no option with that number that can be set,
// or the value has the wrong size or is out of range; nothing is then changed.
func (v *ContextValues) Set(n int, value []byte) error {
	o := findContext(n, true)
	if err := o.usable(n, true, true); err != nil {
		return err
	}
	for {
		old := v.current.Load()
		c := &contextValues{maps.Clone(old.ints), old.prefix, slices.Clone(old.cpus)}
		if err := c.set(o, value); err != nil {
			return err
		}
		if v.current.CompareAndSwap(old, c) {
			return nil
		}
	}
}

func (v *contextValues) set(o *Option, value []byte) error {
	n := o.Number
	if n == ctxThreadNamePrefix && len(value) != 4 {
		if len(value) == 0 || len(value) > maxThreadName {
			return o.wrongSize(len(value), "1 to 16")
		}
		v.prefix = string(value)
		return nil
	}
	if len(value) != 4 {
		return o.wrongSize(len(value), "4")
	}
	i := o.Kind.decode(value)
	if i < o.Min || i > o.Max {
		return o.fail(OutOfRange, "%d", i)
	}
	switch n {
	case ctxThreadNamePrefix:
		v.prefix = strconv.FormatInt(i, 10)
	case ctxAffinityAdd:
		if !slices.Contains(v.cpus, i) {
			v.cpus = append(v.cpus, i)
		}
	case ctxAffinityRemove:
		at := slices.Index(v.cpus, i)
		if at < 0 {
			return o.fail(OutOfRange, "CPU %d was not added", i)
		}
		v.cpus = slices.Delete(v.cpus, at, at+1)
	case ipv6, ctxBlocky, ctxZeroCopy:
		i = number(i != 0)
	}
	v.ints[n] = i
	return nil
}

// Get writes the value of an option to buf as zmq_ctx_get_ext does, and returns its
// length. An int needs exactly 4 bytes. The prefix of the names of threads is an int
// in 4 bytes and text otherwise, without a final zero byte if that does not fit. The
// error is an *Error if there is no option with that number that can be read, or buf
// has the wrong size.
func (v *ContextValues) Get(n int, buf []byte) (int, error) {
	o := findContext(n, false)
	if err := o.usable(n, false, true); err != nil {
		return 0, err
	}
	c := v.current.Load()
	switch {
	case n == ctxThreadNamePrefix && len(buf) != 4:
		if len(buf) < len(c.prefix) {
			return 0, o.wrongSize(len(buf), "at least the length")
		}
		clear(buf[copy(buf, c.prefix):])
		return len(c.prefix), nil
	case len(buf) != 4:
		return 0, o.wrongSize(len(buf), "4")
	}
	return copy(buf, o.Kind.encode(c.integer(n))), nil
}

// Int returns the value of an option that can be read.
func (v *ContextValues) Int(n int) int64 { return v.current.Load().integer(n) }

func (v *contextValues) integer(n int) int64 {
	if o := findContext(n, false); o != nil && o.Get && !o.Set {
		return o.Default
	}
	if n == ctxThreadNamePrefix {
		i, _ := strconv.ParseInt(v.prefix, 10, 32)
		return i
	}
	return v.ints[n]
}

// NewSocket returns the options of a socket of a type in the context.
func (v *ContextValues) NewSocket(t pattern.Type) *Values {
	c := v.current.Load()
	return New(t, c.ints[ipv6] != 0, c.ints[ctxBlocky] != 0)
}
