package pattern

import (
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Close drops a message that has begun. Its remaining frames may arrive before
// the socket refuses calls. They must not be sent as a message, and the drop is
// counted once.
func TestDropMessageDiscardsRemainingFrames(t *testing.T) {
	for _, typ := range []Type{PUSH, DEALER, PAIR, REQ, REP, ROUTER, PUB, XSUB} {
		var drops pipe.Drops
		var mu sync.Mutex
		pat := Types[typ].New(&Options{}, &drops)
		p := pipe.New()
		p.Out = pipe.NewQueue(pipe.Config{Lock: &mu, From: p})
		p.In = pipe.NewQueue(pipe.Config{Lock: &mu, To: p})
		pat.Attach(p)
		pat.Connected(p, &msg.Peer{RoutingID: "id"})
		first := msg.Frame{Body: []byte("first"), More: true}
		switch typ {
		case REP:
			p.In.Put(&msg.Msg{Rest: [][]byte{[]byte("request")}})
			rep := pat.(*Rep)
			rep.Wake(p)
			if err := rep.Recv(new(msg.Msg)); err != nil {
				t.Fatal(err)
			}
		case ROUTER:
			first.Body = []byte("id")
		case PUB:
			pat.(*Pub).SetSubscription(p, "", true)
		}
		s := pat.(FrameByFrameSender)
		if err := s.SendFrame(&first, true); err != nil {
			t.Fatal(err)
		}
		if n := s.DropMessage(); n != 1 {
			t.Errorf("%v: DropMessage = %d", typ, n)
		}
		if err := s.SendFrame(&msg.Frame{Body: []byte("more"), More: true}, true); err != nil {
			t.Errorf("%v: %v", typ, err)
		}
		if err := s.SendFrame(&msg.Frame{Body: []byte("rest")}, true); err != nil {
			t.Errorf("%v: %v", typ, err)
		}
		if n := p.Out.Len(); n != 0 {
			t.Errorf("%v: %d messages queued", typ, n)
		}
		if n := s.DropMessage(); n != 0 || s.InMessage() {
			t.Errorf("%v: DropMessage without a message = %d", typ, n)
		}
		for why := range pipe.NumDrops {
			want := uint64(0)
			if why == pipe.DropLinger {
				want = 1
			}
			if n := drops[why].Load(); n != want {
				t.Errorf("%v: %d messages dropped for %v, want %d", typ, n, why, want)
			}
		}
	}
}
