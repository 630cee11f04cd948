package pattern_test

import (
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// air attaches a pipe whose far end gets every group.
func (s *socket) air(max int) *far {
	s.t.Helper()
	f := s.newFar(hwm)
	f.p.TakesAll, f.p.MaxSize = true, max
	if err := s.pat.Attach(f.p); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// reach is how many would get a message to a group.
func reach(s *socket, group string) int {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return s.pat.(pattern.Publisher).Subscribers([]byte(group))
}

// TestRadioAirGetsAll: who cannot join gets every group, before it is connected
// and while nobody else listens, until it is detached. conformance 3.7
func TestRadioAirGetsAll(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	air, member := s.air(0), s.connect("")
	s.pat.(pattern.Publisher).Upstream(member.p, "TV", true)
	s.sent("TV", "1")
	s.sent("Movies", "2")
	s.sent("", "3")
	air.wants(message{"TV", "1"}, message{"Movies", "2"}, message{"", "3"})
	member.wants(message{"TV", "1"})
	if a, b := reach(s, "TV"), reach(s, "Movies"); a != 2 || b != 1 {
		t.Errorf("%d and %d subscribers", a, b)
	}
	large := strings.Repeat("x", 20_000)
	s.sent("TV", large)
	air.wants(message{"TV", large})
	member.wants(message{"TV", large})
	air.disconnect()
	s.sent("TV", "4")
	air.wants(message{"TV", "4"})
	air.detach()
	s.sent("TV", "5")
	air.wants()
	s.wantDrops(pipe.DropHWM, 0)
}

// TestRadioAirDropsWhatIsTooLarge, for it alone.
func TestRadioAirDropsWhatIsTooLarge(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	air, member := s.air(10), s.connect("")
	s.pat.(pattern.Publisher).Upstream(member.p, "TV", true)
	s.sent("TV", "12345678")
	s.sent("TV", "123456789")
	air.wants(message{"TV", "12345678"})
	member.wants(message{"TV", "12345678"}, message{"TV", "123456789"})
	s.wantDrops(pipe.DropTooLarge, 1)
}

// TestRadioAirFull: it misses what finds no room, or is waited for if so wanted,
// but not with what it does not get anyway.
func TestRadioAirFull(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	air := s.air(0)
	for range hwm + 3 {
		s.sent("TV", "m")
	}
	if n := air.drain(); n != hwm {
		t.Errorf("%d messages", n)
	}
	s.wantDrops(pipe.DropHWM, 3)

	s = newSocket(t, pattern.RADIO, func(o *pattern.Options) { o.NoDrop = true })
	s.air(10)
	for range hwm {
		s.sent("TV", "m")
	}
	s.wantSend(pattern.ErrWouldBlock, "TV", "m")
	s.sent("TV", strings.Repeat("m", 100))
	s.wantDrops(pipe.DropTooLarge, 1)
}

// TestDishWants what it has joined, whole names.
func TestDishWants(t *testing.T) {
	s := newSocket(t, pattern.DISH)
	dish := s.pat.(pattern.Screener)
	wants := func(group string) bool {
		m := message{group, "body"}.msg()
		return dish.Wants(&m)
	}
	if wants("TV") || wants("") {
		t.Error("wants what nobody joined")
	}
	s.pat.(pattern.Subscriber).Subscribe("TV", true)
	if !wants("TV") || wants("T") || wants("TVs") || wants("") {
		t.Error("does not want what was joined, or more")
	}
	s.pat.(pattern.Subscriber).Subscribe("TV", false)
	if wants("TV") {
		t.Error("wants what was left")
	}
}
