package pattern_test

import (
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// datagramPipe attaches a pipe for datagrams, which gets the messages of all
// groups.
func (s *socket) datagramPipe(max int) *far {
	s.t.Helper()
	f := s.newFar(hwm)
	f.p.TakesAll, f.p.MaxSize = true, max
	if err := s.pat.Attach(f.p); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// reach returns the number of peers that get the messages of a group.
func reach(s *socket, group string) int {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return s.pat.(pattern.Publisher).Subscribers([]byte(group))
}

// A pipe for datagrams gets the messages of all groups, from Attach to Detach.
func TestRadioSendsAllGroupsToDatagramPipe(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	datagramPipe, member := s.datagramPipe(0), s.connect("")
	s.pat.(pattern.Publisher).SetSubscription(member.p, "TV", true)
	s.sent("TV", "1")
	s.sent("Movies", "2")
	s.sent("", "3")
	datagramPipe.wants(message{"TV", "1"}, message{"Movies", "2"}, message{"", "3"})
	member.wants(message{"TV", "1"})
	if a, b := reach(s, "TV"), reach(s, "Movies"); a != 2 || b != 1 {
		t.Errorf("%d and %d subscribers", a, b)
	}
	large := strings.Repeat("x", 20_000)
	s.sent("TV", large)
	datagramPipe.wants(message{"TV", large})
	member.wants(message{"TV", large})
	datagramPipe.disconnect()
	s.sent("TV", "4")
	datagramPipe.wants(message{"TV", "4"})
	datagramPipe.detach()
	s.sent("TV", "5")
	datagramPipe.wants()
	s.wantDrops(pipe.DropHWM, 0)
}

func TestRadioDropsTooLargeMessageForDatagramPipeOnly(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	datagramPipe, member := s.datagramPipe(10), s.connect("")
	s.pat.(pattern.Publisher).SetSubscription(member.p, "TV", true)
	s.sent("TV", "12345678")
	s.sent("TV", "123456789")
	datagramPipe.wants(message{"TV", "12345678"})
	member.wants(message{"TV", "12345678"}, message{"TV", "123456789"})
	s.wantDrops(pipe.DropTooLarge, 1)
}

// With Block, RADIO waits, but not for a message that is too large for the
// pipe.
func TestRadioDropsForFullDatagramPipe(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	datagramPipe := s.datagramPipe(0)
	for range hwm + 3 {
		s.sent("TV", "m")
	}
	if n := datagramPipe.drain(); n != hwm {
		t.Errorf("%d messages", n)
	}
	s.wantDrops(pipe.DropHWM, 3)

	s = newSocket(t, pattern.RADIO, func(o *pattern.Options) { o.Block = true })
	s.datagramPipe(10)
	for range hwm {
		s.sent("TV", "m")
	}
	s.wantSend(pattern.ErrWouldBlock, "TV", "m")
	s.sent("TV", strings.Repeat("m", 100))
	s.wantDrops(pipe.DropTooLarge, 1)
}

func TestDishWantsJoinedGroupsOnly(t *testing.T) {
	s := newSocket(t, pattern.DISH)
	dish := s.pat.(*pattern.Dish)
	wants := func(group string) bool {
		m := message{group, "body"}.msg()
		return dish.Wants(&m)
	}
	if wants("TV") || wants("") {
		t.Error("Wants returns true for a group that is not joined")
	}
	s.pat.(pattern.Subscriber).Subscribe("TV", true)
	if !wants("TV") || wants("T") || wants("TVs") || wants("") {
		t.Error("Wants does not match exactly the joined group")
	}
	s.pat.(pattern.Subscriber).Subscribe("TV", false)
	if wants("TV") {
		t.Error("Wants returns true after the group was left")
	}
}
