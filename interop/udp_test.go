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

// startDraft starts a libzmq with draft types, of which one socket is used. It
// is an extra: without it these tests are skipped even where the suite is
// required.
func startDraft(t *testing.T, typ string) *python {
	t.Helper()
	if why := harness.NoNode(); why != "" {
		t.Skip(why)
	}
	return startPeer(t, "node", "udp.mjs", harness.NodeModules(), typ)
}

// freeUDPPort is a UDP port that was free a moment ago.
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

// meet sends until something arrives: libzmq's Bind returns before it has bound.
func (p *python) meet(knock func(body string) error) {
	p.t.Helper()
	wait := p.begin(command{"do": "recv", "knocks": true})
	arrived := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			if err := knock("knock"); err != nil {
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

// bodies are of the lengths at which something changes, up to what fits with the
// group or without.
func bodies(most int) (list []string) {
	for _, n := range []int{0, 1, 255, 256, 1400, 4096, most - 1, most} {
		list = append(list, strings.Repeat("b", n))
	}
	return list
}

// What DGRAM sends arrives at libzmq's with our address, and what that sends to
// it comes back.
func TestDgramExchange(t *testing.T) {
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
	ours, ctx := strings.TrimPrefix(bound, "udp://"), patient(t)
	p.meet(func(body string) error { return s.SendTo(ctx, netip.MustParseAddrPort(at), []byte(body)) })
	for _, body := range bodies(8192) {
		if err := s.SendTo(ctx, netip.MustParseAddrPort(at), []byte(body)); err != nil {
			t.Fatal(err)
		}
		// libzmq ends the address with a NUL, and takes it so.
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

// What a RADIO sends to an address or a group comes to the DISH that is bound
// there and has joined, ours to theirs and theirs to ours.
func TestRadioDishOverUDP(t *testing.T) {
	for _, at := range []string{"127.0.0.1:", "127.0.0.1;239.192.7.41:"} {
		t.Run(at+"ours to theirs", func(t *testing.T) {
			p := startDraft(t, "DISH")
			endpoint, ctx := "udp://"+at+freeUDPPort(t), patient(t)
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
			p.meet(func(body string) error { return radio.Send(ctx, "TV", []byte(body)) })
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
			p, ctx := startDraft(t, "RADIO"), patient(t)
			dish, err := zmq.NewDish(datagramOptions())
			if err != nil {
				t.Fatal(err)
			}
			defer dish.Close()
			endpoint, err := dish.Bind("udp://" + at + "*")
			if err != nil {
				t.Skip("this machine joins no groups: ", err)
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
