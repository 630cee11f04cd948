package conformance

import (
	"fmt"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// testPublishes checks the common rules of PUB, XPUB and RADIO. The function
// subscribe encodes a subscription to a key, and message makes a message that
// matches it.
func testPublishes(t *testing.T, typ pattern.Type, peerType string, subscribe func(key string) []byte, message func(key string) []string) {
	t.Helper()
	subtest(t, "sends to all subscribers and does not block", func(w *st.World) {
		s := w.Socket(typ, st.HWM(1, 1))
		s.MustBind("mem://a")
		wantErr(w, "to an unknown peer", trySend(s, message("one")...), nil)
		peers := dialRawPeers(w, s, 3, peerType)
		peers[0].MustWrite(subscribe("one"))
		peers[1].MustWrite(subscribe("one"))
		peers[2].MustWrite(subscribe("two"))
		w.Settle()
		for _, key := range []string{"one", "two", "three"} {
			s.MustSend(message(key)...)
			w.Settle()
		}
		wantPeerRecv(w, peers[0], message("one")...)
		wantPeerRecv(w, peers[1], message("one")...)
		wantPeerRecv(w, peers[2], message("two")...)
		s.WantDrops(nil)
		for _, p := range peers {
			wantPeerNone(w, p)
		}
	})
	for _, noDrop := range []bool{false, true} {
		subtest(t, fmt.Sprint("to a full subscriber, no drop ", noDrop), func(w *st.World) {
			s := w.Socket(typ, st.HWM(1, 1), patternOptions(func(o *pattern.Options) { o.Block = noDrop }))
			s.MustBind("inproc://a")
			o := w.Socket(pattern.Type(slices.Index(typeNames, peerType)), st.HWM(1, 1))
			o.MustConnect("inproc://a")
			if peerType == "DISH" {
				wantErr(w, "join", o.Join("one", true), nil)
			} else {
				setSubscribed(w, o, true, "one")
			}
			w.Settle()
			for range 2 {
				s.MustSend(message("one")...)
			}
			err := trySend(s, message("one")...)
			if noDrop {
				wantErr(w, "the third", err, pattern.ErrWouldBlock)
				s.WantDrops(nil)
				return
			}
			wantErr(w, "the third", err, nil)
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 1})
		})
	}
}

func TestPubSendsToMatchingSubscribers(t *testing.T) {
	testPeerTypes(t, pattern.PUB)
	testWritableConstant(t, pattern.PUB, pattern.SUB, true)
	testPublishes(t, pattern.PUB, "SUB", subscribeCommand, singleFrame)
	testCannotReceive(t, pattern.PUB, "SUB")
}

func TestRadioSendsToGroupMembers(t *testing.T) {
	testPeerTypes(t, pattern.RADIO)
	testWritableConstant(t, pattern.RADIO, pattern.DISH, true)
	testPublishes(t, pattern.RADIO, "DISH", func(g string) []byte { return st.Command("JOIN", []byte(g)) },
		func(g string) []string { return []string{g, "body"} })
	testCannotReceive(t, pattern.RADIO, "DISH")
}

func TestXPubSendsToSubscribersAndReceivesSubscriptions(t *testing.T) {
	testPeerTypes(t, pattern.XPUB)
	testWritableConstant(t, pattern.XPUB, pattern.SUB, true)
	testPublishes(t, pattern.XPUB, "SUB", subscribeCommand, singleFrame)
	subtest(t, "receives subscriptions, cancels and messages in order", func(w *st.World) {
		s := w.Socket(pattern.XPUB)
		s.MustBind("mem://a")
		peers := dialRawPeers(w, s, 2, "XSUB")
		var want []string
		for i := range 3 {
			topic := fmt.Sprint("topic ", i)
			for _, step := range []struct {
				bytes []byte
				want  string
			}{
				{subscribeCommand(topic), "\x01" + topic},
				{st.Message("up", topic), "up"},
				{st.Command("CANCEL", []byte(topic)), "\x00" + topic},
			} {
				peers[i%2].MustWrite(step.bytes)
				w.Settle()
				want = append(want, step.want)
			}
		}
		for _, first := range want {
			if m, _ := s.MustRecv(); m[0] != first {
				w.Errorf("received %q, want %q", m, first)
			}
		}
		s.WantNone()
	})
}

func TestSubReceivesSubscribedTopicsOnly(t *testing.T) {
	testPeerTypes(t, pattern.SUB)
	testCannotSend(t, pattern.SUB)
	testWritableConstant(t, pattern.SUB, pattern.PUB, false)
	testFairQueues(t, pattern.SUB, "PUB", singleFrame)
	subtest(t, "filters by topic", func(w *st.World) {
		s := w.Socket(pattern.SUB)
		s.MustBind("mem://a")
		p := dialRawPeers(w, s, 1, "PUB")[0]
		setSubscribed(w, s, true, "yes")
		p.MustWrite(st.Message("no"), st.Message("yes, this"), st.Message("ye"), st.Message("yes"))
		s.WantRecv("yes, this")
		s.WantRecv("yes")
		s.WantNone()
	})
}

func TestDishReceivesJoinedGroupsOnly(t *testing.T) {
	testPeerTypes(t, pattern.DISH)
	testCannotSend(t, pattern.DISH)
	testWritableConstant(t, pattern.DISH, pattern.RADIO, true)
	testFairQueues(t, pattern.DISH, "RADIO", func(label string) []string { return []string{"g", label} })
	subtest(t, "filters by group", func(w *st.World) {
		s := w.Socket(pattern.DISH)
		s.MustBind("mem://a")
		p := dialRawPeers(w, s, 1, "RADIO")[0]
		wantErr(w, "join", s.Join("yes", true), nil)
		p.MustWrite(st.Message("no", "1"), st.Message("yes, this", "2"), st.Message("yes", "3"))
		s.WantRecv("yes", "3")
		s.WantNone()
	})
}

func TestXSubSendsToAllPeersAndReceivesUnfiltered(t *testing.T) {
	testPeerTypes(t, pattern.XSUB)
	testWritableConstant(t, pattern.XSUB, pattern.XPUB, true)
	testFairQueues(t, pattern.XSUB, "PUB", singleFrame)
	subtest(t, "sends to all peers, receives without a filter", func(w *st.World) {
		s := w.Socket(pattern.XSUB)
		s.MustBind("mem://a")
		peers := dialRawPeers(w, s, numPeers, "XPUB")
		s.MustSend("up", "to all")
		for _, p := range peers {
			wantPeerRecv(w, p, "up", "to all")
		}
		peers[1].MustWrite(st.Message("never subscribed to"))
		s.WantRecv("never subscribed to")
	})
	subtest(t, "drops for a full peer", func(w *st.World) {
		s := w.Socket(pattern.XSUB, st.HWM(1, 1))
		full, open := w.Socket(pattern.XPUB, st.HWM(1, 1)), w.Socket(pattern.XPUB, st.HWM(9, 9))
		full.MustBind("inproc://full")
		open.MustBind("inproc://open")
		s.MustConnect("inproc://full")
		s.MustConnect("inproc://open")
		for range 3 {
			wantErr(w, "sending", trySend(s, "up"), nil)
		}
		s.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 1})
		if n, k := len(recvAll(w, full)), len(recvAll(w, open)); n != 2 || k != 3 {
			w.Errorf("the peers received %d and %d, want 2 and 3", n, k)
		}
	})
}
