package pattern_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// TestNextRunTakesMessagesInTurn: runs have the messages that repeated calls of Next
// return, while peers send, also with one that waits for an earlier connection.
func TestNextRunTakesMessagesInTurn(t *testing.T) {
	for seed := range uint64(200) {
		var got [2]message
		for i := range got {
			rng := rand.New(rand.NewPCG(seed, 0))
			s := newSocket(t, pattern.PULL)
			peers := []*far{s.attach(), s.attach(), s.attach()}
			peers[2].p.After = peers[1].p
			count := 0
			for range 60 {
				for range rng.IntN(10) {
					f := peers[rng.IntN(1+rng.IntN(3))]
					for range rng.IntN(6) {
						count++
						m := message{fmt.Sprint(count)}
						if rng.IntN(10) == 0 {
							m = append(m, string(make([]byte, rng.IntN(400))))
						}
						f.sends(m...)
					}
				}
				if rng.IntN(20) == 0 {
					peers[1].mu.Lock()
					peers[1].p.In.Close()
					peers[1].mu.Unlock()
					peers[1] = peers[0]
				}
				msgs, limit := make([]msg.Msg, rng.IntN(20)), 1+rng.IntN(600)
				fq := s.receiver().(pattern.Fair).Fair()
				if i == 0 {
					n, size := fq.NextRun(msgs, limit)
					sum := 0
					for j := range msgs[:n] {
						got[i] = append(got[i], string(msgs[j].First))
						sum += msgs[j].Size()
					}
					if size != sum {
						t.Fatalf("seed %d: messages of %d bytes, NextRun returned %d", seed, sum, size)
					}
					continue
				}
				for n, size := 0, 0; n < len(msgs) && size < limit; n++ {
					var m msg.Msg
					if fq.Next(&m) == nil {
						break
					}
					got[i] = append(got[i], string(m.First))
					size += m.Size()
				}
			}
		}
		if len(got[0]) < 100 || !slices.Equal(got[0], got[1]) {
			t.Fatalf("seed %d: took\n%q, want\n%q", seed, got[0], got[1])
		}
	}
}

// TestSendRunSendsInTurn: a run goes to the peers to which repeated calls of Send
// would have sent its messages, until all of them are full.
func TestSendRunSendsInTurn(t *testing.T) {
	for seed := range uint64(100) {
		var got [2]string
		for i := range got {
			rng := rand.New(rand.NewPCG(seed, 0))
			s := newSocket(t, pattern.PUSH)
			peers := []*far{s.attach()}
			count := 0
			for range 60 {
				switch f := peers[rng.IntN(len(peers))]; rng.IntN(8) {
				case 0:
					peers = append(peers, s.attach())
				case 1:
					if len(peers) > 1 {
						f.detach()
						peers = slices.DeleteFunc(peers, func(p *far) bool { return p == f })
					}
				}
				msgs := make([]msg.Msg, rng.IntN(12))
				for j := range msgs {
					count++
					msgs[j] = message{fmt.Sprint(count)}.msg()
					if rng.IntN(10) == 0 {
						msgs[j] = message{fmt.Sprint(count), "", string(make([]byte, 300))}.msg()
					}
				}
				n, size := 0, 0
				if i == 0 {
					s.sendMu.Lock()
					n, size = s.pat.(pattern.Balanced).Balance().SendRun(msgs)
					s.sendMu.Unlock()
				} else {
					for ; n < len(msgs) && s.sendMsg(msgs[n]) == nil; n++ {
						size += msgs[n].Size()
					}
				}
				got[i] += fmt.Sprintln("sent", n, "of", len(msgs), "size", size)
				for j, f := range peers {
					var m msg.Msg
					for range rng.IntN(8) {
						if !f.p.Out.Next(&m) {
							break
						}
						got[i] += fmt.Sprintln("peer", j, "got", string(m.First), m.Size())
					}
				}
			}
		}
		if got[0] != got[1] {
			t.Fatalf("seed %d: with runs\n%s\nwithout\n%s", seed, got[0], got[1])
		}
	}
}
