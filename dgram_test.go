package zmq_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
)

// dgramAt returns a bound DGRAM and its address. It skips the test if the
// system does not have the address family.
func dgramAt(t *testing.T, ep string, o *zmq.Options) (*zmq.Dgram, netip.AddrPort) {
	t.Helper()
	s := must(zmq.NewDgram(o))
	t.Cleanup(func() { s.Close() })
	bound, err := s.Bind(ep)
	if err != nil {
		t.Skipf("cannot bind %s on this machine: %v", ep, err)
	}
	return s, netip.MustParseAddrPort(strings.TrimPrefix(bound, "udp://"))
}

// Datagrams of all send methods arrive, over IPv4 and IPv6.
func TestDgramRepliesToTheSourceAddress(t *testing.T) {
	for _, ep := range []string{"udp://127.0.0.1:*", "udp://[::1]:*"} {
		t.Run(ep, func(t *testing.T) {
			ctx := testContext(t)
			a, atA := dgramAt(t, ep, nil)
			b, atB := dgramAt(t, ep, nil)
			whole := []byte(strings.Repeat("x", 8192))
			for name, send := range map[string]func(body []byte) error{
				"SendTo":           func(body []byte) error { return a.SendTo(ctx, atB, body) },
				"TrySendTo":        func(body []byte) error { return a.TrySendTo(atB, body) },
				"SendMessageTo":    func(body []byte) error { return a.SendMessageTo(ctx, atB, zmq.NewMessage(body)) },
				"TrySendMessageTo": func(body []byte) error { return a.TrySendMessageTo(atB, zmq.NewMessage(body)) },
			} {
				for _, body := range [][]byte{nil, []byte("body"), whole} {
					if err := send(body); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					d, err := b.Recv(ctx)
					if err != nil || d.Addr != atA || d.NumFrames() != 1 || string(d.Bytes()) != string(body) || !d.From().IsZero() {
						t.Fatalf("%s of %d bytes: received %.40q from %s, %v", name, len(body), d.Bytes(), d.Addr, err)
					}
					if err := b.Reply(ctx, d, []byte("re")); err != nil {
						t.Fatal(err)
					}
					if d, err = a.Recv(ctx); err != nil || d.Addr != atB || d.String() != "re" {
						t.Fatalf("%s: reply %q from %s, %v", name, d, d.Addr, err)
					}
				}
			}
		})
	}
}

func TestDgramErrorsMatchTheirSentinels(t *testing.T) {
	ctx := t.Context()
	unbound := must(zmq.NewDgram(nil))
	defer unbound.Close()
	if err := unbound.TrySendTo(netip.MustParseAddrPort("127.0.0.1:9"), nil); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("sent before it was bound: %v", err)
	}
	s, at := dgramAt(t, "udp://127.0.0.1:*", nil)
	for _, address := range []netip.AddrPort{{}, netip.MustParseAddrPort("127.0.0.1:0"), netip.AddrPortFrom(netip.Addr{}, 9)} {
		for name, err := range map[string]error{
			"SendTo": s.SendTo(ctx, address, nil), "TrySendTo": s.TrySendTo(address, nil),
			"SendMessageTo":    s.SendMessageTo(ctx, address, zmq.Message{}),
			"TrySendMessageTo": s.TrySendMessageTo(address, zmq.Message{}),
		} {
			if !errors.Is(err, zmq.ErrInvalidEndpoint) {
				t.Errorf("%s(%v): %v", name, address, err)
			}
		}
	}
	long := make([]byte, 8193)
	for name, err := range map[string]error{
		"SendTo": s.SendTo(ctx, at, long), "TrySendTo": s.TrySendTo(at, long),
		"SendMessageTo": s.SendMessageTo(ctx, at, zmq.NewMessage(long)),
	} {
		if !errors.Is(err, zmq.ErrMessageTooLarge) {
			t.Errorf("%s of 8193 bytes: %v", name, err)
		}
	}
	if err := s.SendMessageTo(ctx, at, zmq.NewStringMessage("a", "b")); !errors.Is(err, zmq.ErrInvalidMessage) {
		t.Errorf("two frames: %v", err)
	}
	if _, err := s.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("received: %v", err)
	}
	if _, err := s.Bind("udp://127.0.0.1:*"); !errors.Is(err, zmq.ErrAlreadyBound) {
		t.Errorf("bound twice: %v", err)
	}
	if _, err := s.Bind("tcp://127.0.0.1:*"); !errors.Is(err, zmq.ErrUnsupportedTransport) {
		t.Errorf("bound over tcp: %v", err)
	}
	pull := must(zmq.NewPull(nil))
	defer pull.Close()
	if _, err := pull.Bind("udp://127.0.0.1:*"); !errors.Is(err, zmq.ErrUnsupportedTransport) {
		t.Errorf("PULL bound: %v", err)
	}
	if n := s.Stats().MessagesSent; n != 0 {
		t.Errorf("%d messages sent", n)
	}
	if err := s.Unbind("udp://" + at.String()); err != nil {
		t.Error(err)
	}
	if _, err := s.Bind("udp://127.0.0.1:*"); err != nil {
		t.Errorf("bound again: %v", err)
	}
}

func TestDgramMessagesYieldsDatagramsAndErrClosed(t *testing.T) {
	ctx := testContext(t)
	s, at := dgramAt(t, "udp://127.0.0.1:*", nil)
	var got []string
	if err := s.SendTo(ctx, at, []byte("1")); err != nil {
		t.Fatal(err)
	}
	for d, err := range s.Messages(ctx) {
		if errors.Is(err, zmq.ErrClosed) && len(got) == 3 {
			break
		}
		if err != nil || d.Addr != at {
			t.Fatalf("from %s, %v", d.Addr, err)
		}
		if got = append(got, d.String()); len(got) == 3 {
			s.Close()
			continue
		}
		if err := s.Reply(ctx, d, []byte(d.String()+"1")); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(got, " ") != "1 11 111" {
		t.Errorf("received %q", got)
	}
}
