package sockettest

import (
	"context"
	"encoding/binary"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/internal/wire"
)

// Tap is a memory network that records the bytes of every connection, and the
// owners of its two ends.
type Tap struct {
	net *memnet.Network

	mu    sync.Mutex
	wires map[int]*Wire
}

// NewTap returns a Tap whose connections use the network n.
func NewTap(n *memnet.Network) *Tap { return &Tap{net: n, wires: make(map[int]*Wire)} }

// Wire records the two directions of a connection.
type Wire struct {
	Ordinal          int // as in memnet.Link
	Dialer, Acceptor any // owners of the ends; Acceptor is nil until the connection is accepted
	Up, Down         Tape
}

// Tape records one direction: the bytes that one end wrote and that the other read.
type Tape struct {
	mu      sync.Mutex
	Written []byte
	Read    []byte
}

// Wires returns all connections so far. Read the tape of a connection only after
// it is closed.
func (t *Tap) Wires() (list []*Wire) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.wires {
		list = append(list, w)
	}
	return list
}

// For returns the network for an owner: the Wire of each connection that it dials
// or accepts names the owner.
func (t *Tap) For(owner any) transport.Transport { return &station{t.net, t, owner} }

type station struct {
	*memnet.Network
	tap   *Tap
	owner any
}

func (s *station) Dial(ctx context.Context, addr string, o *transport.Options) (net.Conn, error) {
	c, err := s.Network.Dial(ctx, addr, o)
	if err != nil {
		return nil, err
	}
	w := s.tap.wire(c.LocalAddr())
	w.Dialer = s.owner
	return &tapped{c, &w.Up, &w.Down}, nil
}

func (s *station) Listen(addr string, o *transport.Options) (transport.Listener, error) {
	l, err := s.Network.Listen(addr, o)
	return &tappedListener{l, s}, err
}

type tappedListener struct {
	transport.Listener
	s *station
}

func (l *tappedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := l.s.tap.wire(c.RemoteAddr())
	w.Acceptor = l.s.owner
	return &tapped{c, &w.Down, &w.Up}, nil
}

// Ordinal returns the number of the connection whose dialer has that address, or
// -1.
func Ordinal(dialer net.Addr) int {
	if dialer == nil {
		return -1
	}
	name, ok := strings.CutPrefix(dialer.String(), "dialer:")
	n, err := strconv.Atoi(name)
	if !ok || err != nil {
		return -1
	}
	return n
}

func (t *Tap) wire(dialer net.Addr) *Wire {
	n := Ordinal(dialer)
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.wires[n]
	if w == nil {
		w = &Wire{Ordinal: n}
		t.wires[n] = w
	}
	return w
}

type tapped struct {
	net.Conn
	out, in *Tape
}

func (c *tapped) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.out.mu.Lock()
	c.out.Written = append(c.out.Written, p[:n]...)
	c.out.mu.Unlock()
	return n, err
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.mu.Lock()
	c.in.Read = append(c.in.Read, p[:n]...)
	c.in.mu.Unlock()
	return n, err
}

// CloseWrite and WaitRead are methods that the library looks for in a connection.
func (c *tapped) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

func (c *tapped) WaitRead() error { return c.Conn.(transport.ReadWaiter).WaitRead() }

// Span is one message on a tape.
type Span struct {
	Start, End int // End is the length of the tape if the message is truncated
	Frames     [][]byte
}

// Parse returns the messages in the bytes that one end of a ZMTP 3 connection sent,
// and a truncated last message as cut. It does not use the engine, so that it also
// finds errors of the engine.
func Parse(tape []byte) (whole []Span, cut *Span) {
	pos := 64
	s := Span{Start: pos}
	for pos < len(tape) {
		rest := tape[pos:]
		h, size := 2, 0
		if rest[0]&wire.FlagLarge != 0 {
			h = 9
		}
		if len(rest) >= h {
			size = int(rest[1])
			if h == 9 {
				size = int(binary.BigEndian.Uint64(rest[1:]))
			}
		}
		if len(rest) < h+size || len(rest) < h {
			if rest[0]&wire.FlagCommand != 0 && len(s.Frames) == 0 {
				return whole, nil
			}
			s.End = len(tape)
			return whole, &s
		}
		pos += h + size
		switch {
		case rest[0]&wire.FlagCommand != 0:
			if len(s.Frames) == 0 {
				s.Start = pos
			}
			continue
		default:
			s.Frames = append(s.Frames, rest[h:h+size])
		}
		if rest[0]&wire.FlagMore == 0 {
			s.End = pos
			whole = append(whole, s)
			s = Span{Start: pos}
		}
	}
	if len(s.Frames) > 0 {
		s.End = len(tape)
		return whole, &s
	}
	return whole, nil
}
