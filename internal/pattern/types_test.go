package pattern_test

import (
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// The numbers are those of libzmq. If A talks to B, then B talks to A.
// https://rfc.zeromq.org/spec/37/
func TestTypesHaveNumbersAndPeersOfRFC37(t *testing.T) {
	names := []string{
		"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM",
		"SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER", "DGRAM", "PEER", "CHANNEL",
	}
	if len(pattern.Types) != len(names) {
		t.Errorf("%d types", len(pattern.Types))
	}
	number := make(map[string]pattern.Type)
	for i, name := range names {
		number[name] = pattern.Type(i)
		if info := pattern.Types[pattern.Type(i)]; info == nil || info.Name != name {
			t.Errorf("type %d is %v, want %s", i, info, name)
		}
	}
	for _, info := range pattern.Types {
		for _, peer := range info.Peers {
			if !slices.Contains(pattern.Types[number[peer]].Peers, info.Name) {
				t.Errorf("%s accepts %s, which does not accept it", info.Name, peer)
			}
		}
	}
}

func TestTypesImplementWhatInfoDeclares(t *testing.T) {
	for _, info := range pattern.Types {
		p := info.New(new(pattern.Options), new(pipe.Drops))
		if _, ok := p.(pattern.Sender); info.Sends && !ok {
			t.Errorf("%s cannot send", info.Name)
		}
		if _, ok := p.(pattern.Receiver); info.Receives && !ok {
			t.Errorf("%s cannot receive", info.Name)
		}
		if _, ok := p.(pattern.IDRouter); ok != (info.Name == "ROUTER" || info.Name == "STREAM") {
			t.Errorf("%s routes: %v", info.Name, ok)
		}
		if _, ok := p.(*pattern.Server); ok != (info.Name == "SERVER" || info.Name == "PEER") {
			t.Errorf("%s routes by number: %v", info.Name, ok)
		}
		if _, ok := p.(pattern.Publisher); ok != info.Publishes {
			t.Errorf("%s publishes: %v", info.Name, ok)
		}
		if _, ok := p.(pattern.Subscriber); ok != slices.Contains([]string{"SUB", "XSUB", "DISH"}, info.Name) {
			t.Errorf("%s subscribes: %v", info.Name, ok)
		}
		if want := info.Name == "REQ" || info.Name == "DEALER" || info.Name == "ROUTER"; info.SendsID != want {
			t.Errorf("%s sends its id: %v", info.Name, info.SendsID)
		}
	}
}

func TestBalanceAndFairReturnWhatThePatternUses(t *testing.T) {
	for typ, info := range pattern.Types {
		s := newSocket(t, typ)
		if b, ok := s.pat.(pattern.Balanced); ok {
			f := s.attach()
			s.sendMu.Lock()
			if p := b.Balance().Pick(); p != f.p {
				t.Errorf("%s: its balancer picks %v", info.Name, p)
			}
			s.sendMu.Unlock()
		}
		if q, ok := s.pat.(pattern.Fair); ok {
			f := s.attach()
			f.sends("m", "x")
			s.receiver()
			var m msg.Msg
			if p := q.Fair().Next(&m); p != f.p || string(m.First) != "m" {
				t.Errorf("%s: its fair queue takes %q of %v", info.Name, framesOf(&m), p)
			}
			s.wantRecv(pattern.ErrWouldBlock)
		}
	}
}
