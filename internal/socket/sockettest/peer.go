package sockettest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// Peer is the remote end of a connection, at which a test reads and writes bytes.
type Peer struct {
	net.Conn
	w    *World
	mech mechanism.Mechanism // of HandshakeWith; nil before
}

// Dial connects a raw peer to an address without scheme.
func (w *World) Dial(addr string) *Peer {
	w.Helper()
	c, err := w.Net.Dial(context.Background(), addr, nil)
	if err != nil {
		w.Fatal(err)
	}
	return w.Peer(c)
}

// Peer returns a raw peer at a connection, which it closes at the end of the test.
func (w *World) Peer(c net.Conn) *Peer {
	w.Cleanup(func() { c.Close() })
	return &Peer{Conn: c, w: w}
}

// Server is a listener whose connections are raw peers.
type Server struct {
	w *World
	l interface {
		Accept() (net.Conn, error)
		Close() error
	}
}

// Listen listens on an address without scheme.
func (w *World) Listen(addr string) *Server {
	w.Helper()
	l, err := w.Net.Listen(addr, nil)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { l.Close() })
	return &Server{w, l}
}

// Accept waits for the next connection.
func (s *Server) Accept() *Peer {
	s.w.Helper()
	p, err := s.TryAccept()
	if err != nil {
		s.w.Fatal(err)
	}
	return p
}

// TryAccept is like Accept but returns an error instead of failing the test.
func (s *Server) TryAccept() (*Peer, error) {
	c, err := s.l.Accept()
	if err != nil {
		return nil, err
	}
	return s.w.Peer(c), nil
}

// Close stops listening.
func (s *Server) Close() { s.l.Close() }

// Greeting returns the greeting of a ZMTP 3.1 peer with the NULL mechanism.
func Greeting() []byte {
	b := make([]byte, 64)
	b[0], b[8], b[9], b[10], b[11] = 0xFF, 1, 0x7F, 3, 1
	copy(b[12:], "NULL")
	return b
}

// Ready returns a READY command with properties, given as alternating names and
// values.
func Ready(properties ...string) []byte {
	var md []byte
	for i := 0; i < len(properties); i += 2 {
		md = append(append(md, byte(len(properties[i]))), properties[i]...)
		md = binary.BigEndian.AppendUint32(md, uint32(len(properties[i+1])))
		md = append(md, properties[i+1]...)
	}
	return Command("READY", md)
}

// Command returns the frame of a command.
func Command(name string, data []byte) []byte {
	body := append(append([]byte{byte(len(name))}, name...), data...)
	return RawFrame(wire.FlagCommand, body)
}

// RawFrame returns a frame of ZMTP 2.0 and later.
func RawFrame(flags byte, body []byte) []byte {
	if len(body) > 255 {
		b := binary.BigEndian.AppendUint64([]byte{flags | wire.FlagLarge}, uint64(len(body)))
		return append(b, body...)
	}
	return append([]byte{flags, byte(len(body))}, body...)
}

// Ping returns a PING command. The TTL is in tenths of a second.
func Ping(ttl uint16, context string) []byte {
	return Command("PING", append(binary.BigEndian.AppendUint16(nil, ttl), context...))
}

// Message returns the encoded frames of one message.
func Message(frames ...string) (b []byte) {
	for i, f := range frames {
		var flags byte
		if i < len(frames)-1 {
			flags = wire.FlagMore
		}
		b = append(b, RawFrame(flags, []byte(f))...)
	}
	return b
}

// MustWrite writes bytes. It fails the test on an error, as the other methods do
// unless their names begin with Try.
func (p *Peer) MustWrite(bytes ...[]byte) {
	p.w.Helper()
	for _, b := range bytes {
		if _, err := p.Write(b); err != nil {
			p.w.Fatalf("raw peer: %v", err)
		}
	}
}

// Handshake completes a handshake with NULL, as a socket of the given type.
func (p *Peer) Handshake(socketType string, properties ...string) {
	p.w.Helper()
	p.MustWrite(Greeting(), Ready(append([]string{"Socket-Type", socketType}, properties...)...))
	p.ReadN(64)
	flags, body := p.Frame()
	if flags&wire.FlagCommand == 0 || len(body) < 6 || string(body[1:6]) != "READY" {
		p.w.Fatalf("raw peer: frame %x %q instead of READY", flags, body)
	}
}

// ReadN reads n bytes and returns them.
func (p *Peer) ReadN(n int) []byte {
	p.w.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(p, b); err != nil {
		p.w.Fatalf("raw peer: %v", err)
	}
	return b
}

// Frame reads one frame.
func (p *Peer) Frame() (flags byte, body []byte) {
	p.w.Helper()
	flags, body, err := p.TryFrame()
	if err != nil {
		p.w.Fatalf("raw peer: %v", err)
	}
	return flags, body
}

// TryFrame is like Frame but returns an error instead of failing the test.
func (p *Peer) TryFrame() (flags byte, body []byte, err error) {
	var h [9]byte
	if _, err := io.ReadFull(p, h[:2]); err != nil {
		return 0, nil, err
	}
	size := uint64(h[1])
	if h[0]&wire.FlagLarge != 0 {
		if _, err := io.ReadFull(p, h[2:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(h[1:])
	}
	if size > 1<<30 {
		return 0, nil, fmt.Errorf("frame of %d bytes", size)
	}
	body = make([]byte, size)
	_, err = io.ReadFull(p, body)
	return h[0], body, err
}

// Message reads one message. It skips commands and does not answer them.
func (p *Peer) Message() (frames []string) {
	p.w.Helper()
	for {
		flags, body := p.Frame()
		if flags&wire.FlagCommand != 0 {
			continue
		}
		frames = append(frames, string(body))
		if flags&wire.FlagMore == 0 {
			return frames
		}
	}
}

// WaitClosed reads and discards bytes until the other end has closed the
// connection, and returns how long that took. Events that follow from the close
// have been reported when WaitClosed returns.
func (p *Peer) WaitClosed() time.Duration {
	p.w.Helper()
	d := After(func() {
		if _, err := io.Copy(io.Discard, p); errors.Is(err, net.ErrClosed) {
			p.w.Errorf("raw peer: closed by itself")
		}
	})
	p.w.Settle()
	return d
}

// CloseWrite ends the sending direction of the peer.
func (p *Peer) CloseWrite() { p.Conn.(interface{ CloseWrite() error }).CloseWrite() }
