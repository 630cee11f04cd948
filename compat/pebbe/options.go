package zmq4

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
)

// setOption sets an option by its number. A nil value is a NULL pointer.
func (soc *Socket) setOption(n int, value []byte) error {
	s, err := soc.open()
	if err != nil {
		return err
	}
	if s.ctx.terminated() {
		return ETERM
	}
	return s.convert(s.core.Set(n, value))
}

func (soc *Socket) setInt(n, value int) error {
	if value < math.MinInt32 || value > math.MaxInt32 {
		return einval
	}
	return soc.setOption(n, binary.NativeEndian.AppendUint32(nil, uint32(value)))
}

func (soc *Socket) setBool(n int, value bool) error { return soc.setInt(n, integer(value)) }

func (soc *Socket) setInt64(n int, value int64) error { return soc.setUint64(n, uint64(value)) }

func (soc *Socket) setUint64(n int, value uint64) error {
	return soc.setOption(n, binary.NativeEndian.AppendUint64(nil, value))
}

// setText sets a text, of which an empty one is not NULL.
func (soc *Socket) setText(n int, value string) error { return soc.setOption(n, []byte(value)) }

// setOrClear sets a text, or NULL for an empty one.
func (soc *Socket) setOrClear(n int, value string) error {
	if value == "" {
		return soc.setOption(n, nil)
	}
	return soc.setText(n, value)
}

// setMillis sets a duration in milliseconds.
func (soc *Socket) setMillis(n int, d time.Duration) error {
	return soc.setInt(n, int(d/time.Millisecond))
}

// setMillisOrInfinite is setMillis, but -1 is -1.
func (soc *Socket) setMillisOrInfinite(n int, d time.Duration) error {
	if d == -1 {
		return soc.setInt(n, -1)
	}
	return soc.setMillis(n, d)
}

// getOption returns the value of an option in a buffer of the given size.
func (soc *Socket) getOption(n, size int) ([]byte, error) {
	s, err := soc.open()
	if err != nil {
		return nil, err
	}
	if s.ctx.terminated() {
		return nil, ETERM
	}
	return s.value(n, size)
}

func (s *sock) value(n, size int) ([]byte, error) {
	buf := make([]byte, size)
	length, err := s.core.Get(n, buf)
	if err != nil {
		return nil, s.convert(err)
	}
	return buf[:length], nil
}

// integer returns the value of an option of 4 or 8 bytes.
func (s *sock) integer(n, size int) (int64, error) {
	b, err := s.value(n, size)
	switch {
	case err != nil:
		return 0, err
	case len(b) == 4:
		return int64(int32(binary.NativeEndian.Uint32(b))), nil
	}
	return int64(binary.NativeEndian.Uint64(b)), nil
}

func (soc *Socket) getInt(n int) (int, error) {
	i, err := soc.getSized(n, 4)
	return int(i), err
}

func (soc *Socket) getSized(n, size int) (int64, error) {
	s, err := soc.open()
	if err != nil {
		return 0, err
	}
	if s.ctx.terminated() {
		return 0, ETERM
	}
	return s.integer(n, size)
}

func (soc *Socket) getBool(n int) (bool, error) {
	i, err := soc.getInt(n)
	return i != 0, err
}

func (soc *Socket) getInt64(n int) (int64, error) { return soc.getSized(n, 8) }

func (soc *Socket) getUint64(n int) (uint64, error) {
	i, err := soc.getSized(n, 8)
	return uint64(i), err
}

func (soc *Socket) getMillis(n int) (time.Duration, error) {
	i, err := soc.getInt(n)
	return time.Duration(i) * time.Millisecond, err
}

// getMillisOrInfinite is getMillis, but a negative number is -1.
func (soc *Socket) getMillisOrInfinite(n int) (time.Duration, error) {
	d, err := soc.getMillis(n)
	return max(d, -1), err
}

// maxText is the longest text that getText returns; longer ones are EINVAL.
const maxText = 1024

func (soc *Socket) getText(n int) (string, error) {
	b, err := soc.getOption(n, maxText)
	return strings.TrimRight(string(b), "\x00"), err
}

// getKey returns a key of CURVE: 32 bytes, or text in a buffer of 41.
func (soc *Socket) getKey(n, size int) (string, error) {
	b, err := soc.getOption(n, size)
	if size == 41 {
		return strings.TrimRight(string(b), "\x00"), err
	}
	return string(b), err
}
