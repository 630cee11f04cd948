package pattern_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestRadioMatchesGroupsWhole: a group is no prefix.
func TestRadioMatchesGroupsWhole_RFC48(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	f := s.connect("")
	for _, group := range []string{"news", ""} {
		f.sends("\x01" + group)
	}
	for _, group := range []string{"news", "new", "newsletter", "NEWS", "", "news "} {
		s.sent(group, "to "+group)
	}
	f.wants(message{"news", "to news"}, message{"", "to "})
	s.wantDrops(0, 0)
}

// TestRadioJoinAndLeave: joining twice counts once, and leaving what is not
// joined nothing; who is gone has left everything.
func TestRadioJoinAndLeave_RFC48(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	a, b := s.connect(""), s.connect("")
	members := func(want int) {
		t.Helper()
		if n := s.pat.(pattern.Publisher).Subscribers([]byte("g")); n != want {
			t.Errorf("%d members, want %d", n, want)
		}
	}
	a.sends("\x00g")
	a.sends("\x01g")
	a.sends("\x01g")
	b.sends("\x01g")
	b.sends("\x01h")
	members(2)
	a.sends("\x00g")
	members(1)
	a.sends("\x01g")
	b.disconnect()
	members(1)
	b.sends("\x01g")
	members(2)
	b.detach()
	members(1)
	s.sent("g", "x")
	s.sent("h", "nobody")
	a.wants(message{"g", "x"})
	b.wants()
}

// TestRadioDropsForFull: each for itself; with NoDrop it waits for all.
func TestRadioDropsForFull_RFC48(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	slow, fast := s.connect(""), s.connect("")
	slow.sends("\x01g")
	fast.sends("\x01g")
	for i := range hwm + 3 {
		s.sent("g", fmt.Sprint(i))
		fast.wants(message{"g", fmt.Sprint(i)})
	}
	slow.wants(message{"g", "0"}, message{"g", "1"}, message{"g", "2"}, message{"g", "3"})
	s.wantDrops(pipe.DropHWM, 3)

	s = newSocket(t, pattern.RADIO, func(o *pattern.Options) { o.NoDrop = true })
	slow, fast = s.connect(""), s.connect("")
	slow.sends("\x01g")
	fast.sends("\x01g")
	fast.sends("\x01other")
	for range hwm {
		s.sent("g", "m")
	}
	s.wantSend(pattern.ErrWouldBlock, "g", "no room")
	fast.wants(slices.Repeat([]message{{"g", "m"}}, hwm)...)
	s.wantSend(pattern.ErrWouldBlock, "g", "still none for the other")
	s.sent("other", "not for who is full")
	s.wantDrops(0, 0)
}

// TestRadioGroupNames: at most 255 bytes, and no NUL.
func TestRadioGroupNames_RFC48(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	f := s.connect("")
	long := strings.Repeat("g", pattern.MaxGroup)
	f.sends("\x01" + long)
	s.sent(long, "x")
	f.wants(message{long, "x"})
	for _, bad := range []string{long + "g", "a\x00b"} {
		if err := s.send(bad, "x"); !errors.Is(err, pattern.ErrInvalidGroup) {
			t.Errorf("group of %d bytes: %v", len(bad), err)
		}
	}
	f.sends("\x01" + long + "g")
	s.wantDrops(pipe.DropUpstream, 1)
}

// TestRadioLimits: a peer may join so many groups and no more.
func TestRadioLimits(t *testing.T) {
	s := newSocket(t, pattern.RADIO, func(o *pattern.Options) { o.MaxTopics, o.MaxTopicBytes = 3, 10 })
	a, b := s.connect(""), s.connect("")
	for _, g := range []string{"a", "b", "c", "a"} {
		a.sends("\x01" + g)
	}
	if _, err := a.trySends("\x01d"); err != pattern.ErrTooManySubscriptions {
		t.Errorf("a fourth group: %v", err)
	}
	b.sends("\x010123456789")
	if _, err := b.trySends("\x01x"); err != pattern.ErrTooManySubscriptions {
		t.Errorf("an eleventh byte: %v", err)
	}
}

// TestRadioTakesNoMessages: what else comes from a DISH is dropped.
func TestRadioTakesNoMessages(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	f := s.connect("")
	for _, m := range []message{{""}, {"x"}, {"\x01g", "and more"}} {
		if f.sends(m...) {
			t.Errorf("%q is queued", m)
		}
	}
	s.sent("g", "x")
	f.wants()
	s.wantDrops(pipe.DropUpstream, 3)
}

// TestRadioLargeFrames: a body that two peers in the process get is shared by
// nobody who might change it.
func TestRadioLargeFrames(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	a, b := s.connect(""), s.connect("")
	a.sends("\x01g")
	large := strings.Repeat("L", msg.LargeFrame)
	s.sent("g", large)
	a.wants(message{"g", large})
	b.sends("\x01g")
	s.sent("g", large)
	var m msg.Msg
	if !a.p.Out.Next(&m) {
		t.Fatal("nothing")
	}
	clear(m.Rest[0])
	b.wants(message{"g", large})
}

// TestDishFilters: only what is joined is received, whatever a RADIO sends.
func TestDishFilters_RFC48(t *testing.T) {
	s := newSocket(t, pattern.DISH)
	f := s.connect("")
	sub := s.pat.(pattern.Subscriber)
	if !sub.Subscribe("g", true) || sub.Subscribe("g", true) || sub.Subscribe("h", false) {
		t.Error("joining is no set")
	}
	f.sends("h", "no")
	f.sends("g", "yes")
	f.sends("gg", "no")
	s.receives("g", "yes")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropFiltered, 2)
	if !sub.Subscribe("g", false) || sub.Subscribe("g", false) {
		t.Error("leaving is no set")
	}
	f.sends("g", "left")
	s.wantRecv(pattern.ErrWouldBlock)
}

// TestDishInspects: only a group and a body come from a RADIO.
func TestDishInspects_RFC48(t *testing.T) {
	in := newSocket(t, pattern.DISH).pat.(pattern.Inspector)
	for _, c := range []struct {
		m  message
		ok bool
	}{
		{message{"g", "body"}, true},
		{message{"", ""}, true},
		{message{strings.Repeat("g", 255), ""}, true},
		{message{strings.Repeat("g", 256), ""}, false},
		{message{"g"}, false},
		{message{"g", "body", "more"}, false},
	} {
		m := c.m.msg()
		if err := in.Inspect(&m); (err == nil) != c.ok {
			t.Errorf("%.20q: %v", c.m, err)
		}
	}
}

// TestRadioAgainstOracle: random joins, leaves, comings and goings; who gets a
// message is who a plain list of pairs says.
func TestRadioAgainstOracle(t *testing.T) {
	type pair struct {
		f     *far
		group string
	}
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 48))
		s := newSocket(t, pattern.RADIO)
		joined := make(map[pair]bool)
		var peers []*far
		for range 300 {
			group := strings.Repeat("g", rng.IntN(4))
			switch k := rng.IntN(10); {
			case k == 0 || len(peers) == 0:
				peers = append(peers, s.connect(""))
			case k == 1:
				i := rng.IntN(len(peers))
				for p := range joined {
					if p.f == peers[i] {
						delete(joined, p)
					}
				}
				peers[i].disconnect()
				peers[i].detach()
				peers = slices.Delete(peers, i, i+1)
			case k < 6:
				f := peers[rng.IntN(len(peers))]
				f.sends("\x01" + group)
				joined[pair{f, group}] = true
			case k < 8:
				f := peers[rng.IntN(len(peers))]
				f.sends("\x00" + group)
				delete(joined, pair{f, group})
			default:
				s.sent(group, "m")
				for _, f := range peers {
					if joined[pair{f, group}] {
						f.wants(message{group, "m"})
					} else {
						f.wants()
					}
				}
			}
		}
	}
}

// TestRadioForgetsInParts: a peer that has joined very many groups keeps nobody
// waiting until all of them are forgotten.
func TestRadioForgetsInParts(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	f, other := s.connect(""), s.connect("")
	other.sends("\x01g0")
	const groups = 3000
	for i := range groups {
		f.sends(fmt.Sprint("\x01g", i))
	}
	r := s.pat.(*pattern.Radio)
	parts := 1
	for r.Forget(f.p) {
		parts++
	}
	if parts < 3 {
		t.Errorf("%d groups forgotten in %d parts", groups, parts)
	}
	left := 0
	for i := range groups {
		left += r.Subscribers(fmt.Append(nil, "g", i))
	}
	if left != 1 {
		t.Errorf("%d members are left, want the other peer", left)
	}
}
