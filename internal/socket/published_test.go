package socket_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/wire"
)

// The tests in this file are the published vulnerabilities over tcp and ipc, in
// real time, under NULL and, from a peer with valid credentials, inside PLAIN and
// CURVE. The tests with the memory network have more cases of each.

// site is where a hostile peer attacks a socket.
type site struct {
	*testing.T
	place
	scheme string
	world  *st.World
}

// eachSite runs f for each transport and mechanism, or those mechanisms, with our
// socket as the server.
func eachSite(t *testing.T, f func(s site), mechanisms ...string) {
	for _, sec := range st.Securities() {
		if len(mechanisms) > 0 && !slices.Contains(mechanisms, sec.Name) {
			continue
		}
		if sec.Name == "CURVE" {
			sec = openCurve
		}
		for _, scheme := range []string{"tcp", "ipc"} {
			t.Run(sec.Name+" "+scheme, func(t *testing.T) {
				f(site{t, place{sec, true, true}, scheme, st.New(t, 1)})
			})
		}
	}
}

// new returns a socket with the security of our side, or of the good client.
func (s site) new(typ pattern.Type, set ...func(*socket.Options)) *socket.Socket {
	over := func(o *socket.Options) { o.Transports["ipc"] = transport.IPC }
	return overTCP(s.T, typ, append([]func(*socket.Options){over}, set...)...)
}

// bind binds a socket, and returns the endpoint and a function that connects a
// hostile peer.
func (s site) bind(k *socket.Socket) (ep string, dial func() *st.Peer) {
	s.Helper()
	address := map[string]string{"tcp": "127.0.0.1:*", "ipc": filepath.Join(s.TempDir(), "s")}[s.scheme]
	ep, err := k.Bind(s.scheme + "://" + address)
	if err != nil {
		s.Fatal(err)
	}
	return ep, func() *st.Peer {
		c, err := net.Dial(map[string]string{"tcp": "tcp", "ipc": "unix"}[s.scheme], strings.TrimPrefix(ep, s.scheme+"://"))
		if err != nil {
			s.Fatal(err)
		}
		return s.world.Peer(c)
	}
}

// target is a PULL under attack, and its good client.
type target struct {
	site
	pull, push *socket.Socket
	heard      *socket.EventWatcher
	dial       func() *st.Peer
}

func (s site) target() *target {
	s.Helper()
	x := &target{site: s, pull: s.new(pattern.PULL, s.ours), push: s.new(pattern.PUSH, s.good)}
	ep, dial := s.bind(x.pull)
	x.dial = dial
	if err := x.push.Connect(ep); err != nil {
		s.Fatal(err)
	}
	x.good("before")
	x.heard = x.pull.Watch()
	return x
}

// good sends a message of the good client, which must be the next that is received.
func (x *target) good(text string) {
	x.Helper()
	if err := x.push.Send(context.Background(), st.Of(text)); err != nil {
		x.Fatal(err)
	}
	if got := receive(x.T, x.pull); got != text {
		x.Errorf("received %q, want %q of the good client", got, text)
	}
}

// attack connects a peer that does f, and returns the end of its connection.
func (x *target) attack(f func(p *st.Peer)) socket.Stamped {
	x.Helper()
	p := x.dial()
	f(p)
	p.CloseWrite()
	io.Copy(io.Discard, p)
	p.Close()
	return await(x.T, x.heard, session.HandshakeFailed, session.Disconnected)
}

// refuses checks that the connection of a peer that does f is closed for a reason.
func (x *target) refuses(what string, kind session.Kind, reason engine.CloseReason, f func(p *st.Peer)) {
	x.Helper()
	if ev := x.attack(f); ev.Kind != kind || ev.Reason != reason {
		x.Errorf("%s: event %+v, want %v for %v", what, ev, kind, reason)
	}
	x.good(what)
}

// A greeting that names another mechanism.
func TestPublishedCVE20147202(t *testing.T) {
	eachSite(t, func(s site) {
		x, own := s.target(), s.sec.Name
		for _, name := range []string{"", "NULL", "PLAIN", "CURVE", "GSSAPI", strings.Repeat(own, 5)[:20], own + "\x00x"} {
			if name == own {
				continue
			}
			x.refuses("mechanism "+name, session.HandshakeFailed, engine.CloseMechanism, func(p *st.Peer) {
				p.Write(append(st.GreetingOf(name, false), st.Ready("Socket-Type", "PUSH")...))
				p.Write(st.Message("in plain text"))
			})
		}
	})
}

// Frames of CURVE again, reordered, changed or in plain text.
func TestPublishedCVE20147203(t *testing.T) {
	eachSite(t, func(s site) {
		x := s.target()
		for _, a := range curveAttacks() {
			ev := x.attack(func(p *st.Peer) {
				p.HandshakeWith(s.hostile(), "PUSH")
				p.Write(a.send(func(after uint64, flags byte, body string) []byte {
					return forge(s.T, true, first(true)+after, flags, body)
				}))
			})
			if ev.Kind != session.Disconnected || ev.Reason != a.reason {
				x.Errorf("%s: event %+v, want %v", a.name, ev, a.reason)
			}
			for _, want := range a.received {
				if got := receive(s.T, x.pull); got != strings.Split(want, "|")[0] {
					x.Errorf("%s: received %q, want %q", a.name, got, want)
				}
			}
			x.good(a.name)
		}
	}, "CURVE")
}

// ZMTP 1.0 and 2.0, which have no security, to a socket that has.
func TestPublishedCVE20149721(t *testing.T) {
	const signature = "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"
	eachSite(t, func(s site) {
		x := s.target()
		for _, hello := range []string{"\x01\x00", signature + "\x00\x08\x01\x00", signature + "\x01\x08\x00\x00"} {
			x.refuses(fmt.Sprintf("%q", hello), session.HandshakeFailed, engine.CloseVersion, func(p *st.Peer) {
				p.Write([]byte(hello))
				p.Write([]byte("\x02\x00x\x00\x01x"))
			})
		}
	})
}

// A frame whose length is near a power of two, up to 2^64, alone and after the first
// frame of a message.
func TestPublishedCVE20196250(t *testing.T) {
	eachSite(t, func(s site) {
		x := s.target()
		for k := range 65 {
			for _, size := range []uint64{1<<k - 1, 1 << k, 1<<k + 1} {
				for _, before := range [][]byte{nil, st.RawFrame(wire.FlagMore, []byte("x"))} {
					if size < 1<<8 {
						continue // the lengths of whole small frames
					}
					ev := x.attack(func(p *st.Peer) {
						p.HandshakeWith(s.hostile(), "PUSH")
						p.Write(p.Seal(before, binary.BigEndian.AppendUint64([]byte{wire.FlagLarge}, size)))
					})
					want := engine.CloseNone
					if size > 65<<20 {
						want = engine.CloseFrameSize
					}
					if over := size > 64<<20; ev.Reason != want && (!over || size > 65<<20) {
						x.Errorf("length %d after %d bytes: event %+v, want %v", size, len(before), ev, want)
					}
				}
			}
		}
		x.good("after")
	})
}

// A handshake with metadata of any size.
func TestPublishedCVE201913132(t *testing.T) {
	eachSite(t, func(s site) {
		x := s.target()
		for _, size := range []int{0, 1, 200, 254, 255, 256, 257, 511, 512, 513, 4 << 10, 8000, 8 << 10, 9 << 10, 64 << 10, 127 << 10, 128 << 10} {
			ready := false
			ev := x.attack(func(p *st.Peer) { ready = p.TryHandshakeWith(s.hostile(), "PUSH", "X", st.Large(size)) == nil })
			fits := size < 8<<10
			if fits && (!ready || ev.Kind != session.Disconnected) || !fits && (ev.Kind != session.HandshakeFailed || ev.Reason == engine.CloseNone) {
				x.Errorf("metadata of %d bytes: ready %v, event %+v", size, ready, ev)
			}
		}
		x.good("after")
	})
}

// Connections that stop in their handshake, before and while a good client is served.
func TestPublishedCVE202015166(t *testing.T) {
	eachSite(t, func(s site) {
		greeting := st.GreetingOf(s.sec.Name, false)
		x := s.target()
		for _, opening := range [][]byte{nil, greeting[:32], greeting, append(greeting, 4, 200, 5, 'H', 'E', 'L', 'L', 'O')} {
			for range 16 {
				x.dial().Write(opening)
			}
		}
		for i := range 100 {
			x.good(fmt.Sprint("message ", i))
		}
		// A second client connects while they are pending.
		second := s.new(pattern.PUSH, s.good)
		if err := second.Connect(x.pull.Endpoints()[0].Endpoint); err != nil {
			s.Fatal(err)
		}
		x.push = second
		x.good("second client")
	})
}

// ZMTP 1.0 messages of about 8 KiB and more, split anywhere. Only NULL without an
// authenticator accepts ZMTP 1.0.
func TestPublishedCVE202120235(t *testing.T) {
	for _, scheme := range []string{"tcp", "ipc"} {
		t.Run(scheme, func(t *testing.T) {
			x := site{t, place{st.Securities()[0], false, true}, scheme, st.New(t, 1)}.target()
			for _, size := range []int{8191, 8192, 8193, 64 << 10} {
				body := st.Large(size)
				frame := append(binary.BigEndian.AppendUint64([]byte{0xff}, uint64(size)+1), 0)
				stream := bytes.Join([][]byte{[]byte("\x01\x00"), frame, []byte(body), frame, []byte(body)}, nil)
				for cut := 1; cut <= 64; cut += 7 {
					x.attack(func(p *st.Peer) { p.MustWrite(stream[:cut], stream[cut:]) })
					for range 2 {
						if got := receive(t, x.pull); got != body {
							t.Errorf("received %d bytes, want %d", len(got), size)
						}
					}
				}
			}
			x.good("after")
		})
	}
}

// A server that leaves messages unfinished and closes, again and again.
func TestPublishedCVE202120234(t *testing.T) {
	const rounds = 50
	eachSite(t, func(s site) {
		pl := place{s.sec, false, false} // our socket connects and is the client
		l, err := net.Listen(map[string]string{"tcp": "tcp", "ipc": "unix"}[s.scheme],
			map[string]string{"tcp": "127.0.0.1:0", "ipc": filepath.Join(s.TempDir(), "s")}[s.scheme])
		if err != nil {
			s.Fatal(err)
		}
		defer l.Close()
		pull := s.new(pattern.PULL, pl.ours, func(o *socket.Options) { o.ReconnectInterval, o.ReconnectMax = time.Millisecond, time.Millisecond })
		if err := pull.Connect(s.scheme + "://" + l.Addr().String()); err != nil {
			s.Fatal(err)
		}
		before := int64(0)
		for i := range rounds {
			c, err := l.Accept()
			if err != nil {
				s.Fatal(err)
			}
			p := s.world.Peer(c)
			p.HandshakeWith(pl.hostile(), "PUSH")
			p.Write(p.Seal(st.RawFrame(wire.FlagMore, []byte(st.Large(300_000))), st.RawFrame(wire.FlagMore, []byte("x"))))
			p.Close()
			if i == rounds/5 {
				before = heap()
			}
		}
		c, err := l.Accept()
		if err != nil {
			s.Fatal(err)
		}
		p := s.world.Peer(c)
		p.HandshakeWith(pl.hostile(), "PUSH")
		p.MustWrite(p.Seal(st.Message("whole")))
		if got := receive(s.T, pull); got != "whole" {
			s.Errorf("received %q", got)
		}
		// The last connections may not have ended, and buffers are pooled.
		if grown := heap() - before; grown > 8<<20 {
			s.Errorf("the heap grew by %d bytes", grown)
		}
		if n := pull.Stats().Drops[pipe.DropPartial]; n == 0 || n > rounds {
			s.Errorf("%d unfinished messages are counted of %d", n, rounds)
		}
	})
}

// publisher returns a PUB and a function that joins a hostile subscriber.
func (s site) publisher() (pub *socket.Socket, join func() *st.Peer) {
	pub = s.new(pattern.PUB, s.ours)
	_, dial := s.bind(pub)
	return pub, func() *st.Peer {
		p := dial()
		p.HandshakeWith(s.hostile(), "SUB")
		return p
	}
}

// becomes waits until f returns n.
func (s site) becomes(what string, n int, f func() int) {
	s.Helper()
	for end := time.Now().Add(time.Minute); f() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("%d %s, want %d", f(), what, n)
		}
	}
}

// A very long topic, subscribed to and cancelled, or left when the peer goes.
func TestPublishedCVE202120236(t *testing.T) {
	eachSite(t, func(s site) {
		pub, join := s.publisher()
		for _, size := range []int{1, 255, 1 << 10, 64 << 10, 1 << 20} {
			topic := []byte(st.Large(size))
			p := join()
			p.MustWrite(p.Seal(st.Command("SUBSCRIBE", topic), st.Command("SUBSCRIBE", append(topic[:size/2:size/2], 'x'))))
			s.becomes("topics", 2, pub.Topics().TopicCount)
			p.MustWrite(p.Seal(st.Command("CANCEL", topic)))
			s.becomes("topics after a cancel", 1, pub.Topics().TopicCount)
			p.Close()
			s.becomes("topics after the peer has gone", 0, pub.Topics().TopicCount)
		}
	})
}

// Messages to a PUB.
func TestPublishedCVE202120237(t *testing.T) {
	const batches, batch = 100, 100
	eachSite(t, func(s site) {
		pub, join := s.publisher()
		p := join()
		before := heap()
		for range batches {
			p.MustWrite(p.Seal(bytes.Repeat(st.Message("with", "two frames"), batch)))
		}
		s.becomes("dropped messages", batches*batch, func() int { return int(pub.Stats().Drops[pipe.DropUpstream]) })
		if grown := heap() - before; grown > 1<<20 {
			s.Errorf("the heap grew by %d bytes", grown)
		}
	})
}
