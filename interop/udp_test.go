package interop

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/interop/internal/harness"
)

// startDraft starts udp.mjs, a process with one socket of a libzmq built with
// draft types. npm's zeromq is optional: without it these tests are skipped
// even with ZMQ_INTEROP_REQUIRED=1.
func startDraft(t *testing.T, typ string) *python {
	t.Helper()
	if why := harness.NoNode(); why != "" {
		t.Skip(why)
	}
	return startPeer(t, "node", "udp.mjs", harness.NodeModules(), typ)
}

// freeUDPPort returns a UDP port that was free at the time of the call.
func freeUDPPort(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	return port
}

// waitBound sends probes until one arrives: the bind call of npm's zeromq
// returns before the socket is bound.
func (p *python) waitBound(probe func(body string) error) {
	p.t.Helper()
	wait := p.begin(command{"do": "recv", "probes": true})
	arrived := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			if err := probe("probe"); err != nil {
				p.t.Error(err)
				return
			}
			select {
			case <-arrived:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	wait()
	close(arrived)
	all.Wait()
}

// bodies returns bodies of up to most bytes.
func bodies(most int) (list []string) {
	for _, n := range []int{0, 1, 255, 256, 1400, 4096, most - 1, most} {
		list = append(list, strings.Repeat("b", n))
	}
	return list
}

// Each datagram arrives with the address of its sender, and a reply to that
// address arrives.
func TestDgramExchangesDatagramsWithLibzmq(t *testing.T) {
	p := startDraft(t, "DGRAM")
	at := "127.0.0.1:" + freeUDPPort(t)
	p.call(command{"do": "bind", "at": "udp://" + at})
	s, err := zmq.NewDgram(datagramOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	bound, err := s.Bind("udp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	ours, ctx := strings.TrimPrefix(bound, "udp://"), testContext(t)
	p.waitBound(func(body string) error { return s.SendTo(ctx, netip.MustParseAddrPort(at), []byte(body)) })
	for _, body := range bodies(8192) {
		if err := s.SendTo(ctx, netip.MustParseAddrPort(at), []byte(body)); err != nil {
			t.Fatal(err)
		}
		// libzmq appends a NUL byte to the address and accepts it there.
		if got := p.call(command{"do": "recv"}).Texts; got[0] != ours+"\x00" || got[1] != body {
			t.Fatalf("theirs received %d bytes from %q, want %d from %s", len(got[1]), got[0], len(body), ours)
		}
		p.call(command{"do": "send", "first": ours + "\x00", "body": body})
		d, err := s.Recv(ctx)
		if err != nil || d.Addr.String() != at || d.String() != body {
			t.Fatalf("ours received %d bytes from %s, %v, want %d from %s", d.Size(), d.Addr, err, len(body), at)
		}
	}
}

// Messages go from our RADIO to libzmq's DISH and from libzmq's RADIO to our
// DISH, over unicast and multicast. A DISH receives only the groups that it has
// joined.
func TestRadioAndDishExchangeMessagesOverUDP(t *testing.T) {
	for _, at := range []string{"127.0.0.1:", "127.0.0.1;239.192.7.41:"} {
		t.Run(at+"ours to theirs", func(t *testing.T) {
			p := startDraft(t, "DISH")
			endpoint, ctx := "udp://"+at+freeUDPPort(t), testContext(t)
			p.call(command{"do": "bind", "at": endpoint})
			p.call(command{"do": "join", "group": "TV"})
			radio, err := zmq.NewRadio(datagramOptions())
			if err != nil {
				t.Fatal(err)
			}
			defer radio.Close()
			if err := radio.Connect(endpoint); err != nil {
				t.Fatal(err)
			}
			p.waitBound(func(body string) error { return radio.Send(ctx, "TV", []byte(body)) })
			for _, body := range bodies(8192 - 3) {
				for _, group := range []string{"FM", "TV"} {
					if err := radio.Send(ctx, group, []byte(body)); err != nil {
						t.Fatal(err)
					}
				}
				if got := p.call(command{"do": "recv"}).Texts; got[0] != "TV" || got[1] != body {
					t.Fatalf("received %d bytes to %q, want %d", len(got[1]), got[0], len(body))
				}
			}
		})
		t.Run(at+"theirs to ours", func(t *testing.T) {
			p, ctx := startDraft(t, "RADIO"), testContext(t)
			dish, err := zmq.NewDish(datagramOptions())
			if err != nil {
				t.Fatal(err)
			}
			defer dish.Close()
			endpoint, err := dish.Bind("udp://" + at + "*")
			if err != nil {
				t.Skip("cannot join a multicast group: ", err)
			}
			if err := dish.Join("TV", ""); err != nil {
				t.Fatal(err)
			}
			p.call(command{"do": "connect", "at": endpoint})
			for _, body := range bodies(8192 - 3) {
				for _, group := range []string{"FM", "TV", ""} {
					p.call(command{"do": "send", "first": group, "body": body})
				}
				for _, group := range []string{"TV", ""} {
					m, err := dish.Recv(ctx)
					if err != nil || m.Group != group || m.String() != body {
						t.Fatalf("received %d bytes to %q, %v, want %d to %q", m.Size(), m.Group, err, len(body), group)
					}
				}
			}
			if n := dish.Stats().Drops[zmq.DropFiltered]; n != uint64(len(bodies(8192-3))) {
				t.Errorf("%d filtered", n)
			}
		})
	}
}
