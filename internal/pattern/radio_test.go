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

// https://rfc.zeromq.org/spec/48/
func TestRadioMatchesWholeGroupNames(t *testing.T) {
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

// A group that is joined twice counts once. To leave a group that is not joined
// has no effect. A peer that disconnects leaves all groups.
// https://rfc.zeromq.org/spec/48/
func TestRadioTracksGroupsOfPeers(t *testing.T) {
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
	s.sent("h", "unknown")
	a.wants(message{"g", "x"})
	b.wants()
}

// With Block, RADIO waits for all peers.
// https://rfc.zeromq.org/spec/48/
func TestRadioDropsForFullPeerOnly(t *testing.T) {
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

	s = newSocket(t, pattern.RADIO, func(o *pattern.Options) { o.Block = true })
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
	s.sent("other", "not for the full peer")
	s.wantDrops(0, 0)
}

// https://rfc.zeromq.org/spec/48/
func TestRadioRefusesInvalidGroupNames(t *testing.T) {
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

func TestRadioRefusesPeerAboveGroupLimits(t *testing.T) {
	s := newSocket(t, pattern.RADIO, func(o *pattern.Options) { o.MaxTopics, o.MaxTopicBytes = 3, 10 })
	a, b := s.connect(""), s.connect("")
	for _, g := range []string{"a", "b", "c", "a"} {
		a.sends("\x01" + g)
	}
	if _, err := a.trySends("\x01d"); err != pattern.ErrTooManySubscriptions {
		t.Errorf("fourth group: %v", err)
	}
	b.sends("\x010123456789")
	if _, err := b.trySends("\x01x"); err != pattern.ErrTooManySubscriptions {
		t.Errorf("eleventh byte: %v", err)
	}
}

func TestRadioDropsMessagesOfDish(t *testing.T) {
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

func TestRadioCopiesLargeFramesForPeersInProcess(t *testing.T) {
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
		t.Fatal("no message was queued to the peer")
	}
	clear(m.Rest[0])
	b.wants(message{"g", large})
}

// https://rfc.zeromq.org/spec/48/
func TestDishReceivesJoinedGroupsOnly(t *testing.T) {
	s := newSocket(t, pattern.DISH)
	f := s.connect("")
	sub := s.pat.(pattern.Subscriber)
	if !sub.Subscribe("g", true) || sub.Subscribe("g", true) || sub.Subscribe("h", false) {
		t.Error("second join of a group is a change")
	}
	f.sends("h", "no")
	f.sends("g", "yes")
	f.sends("gg", "no")
	s.receives("g", "yes")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropFiltered, 2)
	if !sub.Subscribe("g", false) || sub.Subscribe("g", false) {
		t.Error("second leave of a group is a change")
	}
	f.sends("g", "left")
	s.wantRecv(pattern.ErrWouldBlock)
}

// https://rfc.zeromq.org/spec/48/
func TestDishInspectAcceptsGroupAndBodyOnly(t *testing.T) {
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

// The model is a list of pairs of peer and group. Peers join, leave, connect
// and disconnect at random.
func TestRadioBehavesLikeModel(t *testing.T) {
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

func TestRadioRemovesBoundedNumberOfGroupsPerCall(t *testing.T) {
	s := newSocket(t, pattern.RADIO)
	f, other := s.connect(""), s.connect("")
	other.sends("\x01g0")
	const groups = 3000
	for i := range groups {
		f.sends(fmt.Sprint("\x01g", i))
	}
	r := s.pat.(*pattern.Radio)
	parts := 1
	f.p.Retired = true
	for r.RemoveSubscriptions(f.p) {
		for i := range groups { // some of them are not removed yet
			s.sent(fmt.Sprint("g", i), "x")
		}
		f.wants()
		other.wants(message{"g0", "x"})
		parts++
	}
	if parts < 3 {
		t.Errorf("%d groups were removed in %d calls", groups, parts)
	}
	left := 0
	for i := range groups {
		left += r.Subscribers(fmt.Append(nil, "g", i))
	}
	if left != 1 {
		t.Errorf("%d members remain, want the other peer", left)
	}
}
