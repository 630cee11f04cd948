package interop

import (
	"bufio"
	"bytes"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wire is a peer of an old ZMTP version with one connection. It combines an
// application and its socket, and reads only on request of the test.
type wire struct {
	t         *testing.T
	version   version
	mechanism string // as in the greeting of ZMTP 3.0
	name      string // its socket type
	peer      string // socket type of our socket
	eager     bool   // sends its whole handshake at once
	trickle   bool   // writes byte by byte
	early     []byte // sent with the handshake of an eager peer

	listener net.Listener
	conn     net.Conn
	r        *bufio.Reader
	peerID   string   // routing ID from our handshake
	envelope [][]byte // of the request that a REP answers
	topics   []string // subscriptions of a SUB
	*scratch
}

// scratch is memory for the last message in each direction. Tests reuse it,
// because allocation dominates their time under the race detector.
type scratch struct{ out, in []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// newWire creates an unconnected peer. Its connection is closed at the end of
// the test.
func newWire(t *testing.T, v version, r roles) *wire {
	w := &wire{t: t, version: v, mechanism: "NULL", name: r.theirs, peer: r.ours, scratch: scratches.Get().(*scratch)}
	t.Cleanup(func() {
		w.kill()
		scratches.Put(w.scratch)
	})
	return w
}

func (w *wire) typ() string { return w.name }

// address returns the network and the address of an endpoint for package net.
func address(endpoint string) (network, addr string) {
	scheme, addr, _ := strings.Cut(endpoint, "://")
	if scheme == "ipc" {
		return "unix", addr
	}
	return scheme, addr
}

// bind listens at the endpoint.
func (w *wire) bind(endpoint string) string {
	w.t.Helper()
	network, addr := address(endpoint)
	l, err := net.Listen(network, addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.listener = l
	return endpoint
}

// accept accepts a connection and connect opens one. Both perform the handshake
// and send the subscriptions.
func (w *wire) accept() {
	w.t.Helper()
	w.acceptConn()
	w.start()
}

func (w *wire) connect(endpoint string) {
	w.t.Helper()
	w.dial(endpoint)
	w.start()
}

func (w *wire) acceptConn() {
	w.t.Helper()
	c, err := w.listener.Accept()
	if err != nil {
		w.t.Fatal(err)
	}
	w.setConn(c)
}

func (w *wire) dial(endpoint string) {
	w.t.Helper()
	network, addr := address(endpoint)
	c, err := net.Dial(network, addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.setConn(c)
}

func (w *wire) setConn(c net.Conn) {
	w.conn, w.r = c, bufio.NewReader(c)
	c.SetDeadline(time.Now().Add(waitLimit))
}

// start performs the handshake and sends the subscriptions.
func (w *wire) start() {
	w.t.Helper()
	if err := w.greet(); err != nil {
		w.t.Fatal(err)
	}
	for _, topic := range w.topics {
		w.send(text("\x01" + topic))
	}
}

// kill resets the connection, as the end of a process does.
func (w *wire) kill() {
	if w.listener != nil {
		w.listener.Close()
	}
	if w.conn == nil {
		return
	}
	if c, ok := w.conn.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
	w.conn.Close()
}

// subscribe sends subscriptions on this connection and on later ones. ZMTP 1.0
// has no subscriptions: its subscribers receive and filter all messages.
func (w *wire) subscribe(topics ...string) {
	if w.version == v1 {
		return
	}
	w.topics = append(w.topics, topics...)
	if w.conn == nil {
		return
	}
	for _, topic := range topics {
		w.send(text("\x01" + topic))
	}
}

func (w *wire) write(b []byte) {
	w.t.Helper()
	step := len(b)
	if w.trickle {
		step = 1
	}
	for part := range slices.Chunk(b, max(step, 1)) {
		if _, err := w.conn.Write(part); err != nil {
			w.t.Fatalf("%v: %v", w.version, err)
		}
	}
}

// encode returns the encoded message, which is valid until the next call.
func (w *wire) encode(frames [][]byte) []byte {
	w.out = w.out[:0]
	for i, f := range frames {
		w.out = w.version.appendFrame(w.out, wireFrame{body: f, more: i < len(frames)-1})
	}
	return w.out
}

// send adds or removes the envelope, as a socket of the type does, and writes
// the message.
func (w *wire) send(m message) {
	w.t.Helper()
	frames := m.frames()
	switch w.name {
	case "REQ":
		frames = slices.Insert(frames, 0, []byte{})
	case "REP":
		frames = slices.Concat(w.envelope, frames)
	case "ROUTER":
		frames = frames[1:]
	}
	w.write(w.encode(frames))
}

// recv returns the next message without the envelope that a socket of the type
// removes. The message is valid until the next call.
func (w *wire) recv() [][]byte {
	w.t.Helper()
	var frames [][]byte
	w.in = w.in[:0]
	for more := true; more; {
		f, err := w.version.readFrame(w.r, &w.in)
		if err != nil {
			w.t.Fatalf("%v %s: %v", w.version, w.name, err)
		}
		if f.command || f.odd {
			w.t.Fatalf("%v %s received the command %.60q", w.version, w.name, f.body)
		}
		frames = append(frames, f.body)
		more = f.more
	}
	return w.unwrap(frames)
}

func (w *wire) unwrap(frames [][]byte) [][]byte {
	w.t.Helper()
	switch w.name {
	case "REQ", "REP":
		empty := slices.IndexFunc(frames, func(f []byte) bool { return len(f) == 0 })
		if empty < 0 || empty == len(frames)-1 || w.name == "REQ" && empty > 0 {
			w.t.Fatalf("%s received the envelope of %.60q", w.name, frames)
		}
		w.envelope = nil
		for _, f := range frames[:empty+1] {
			w.envelope = append(w.envelope, bytes.Clone(f))
		}
		return frames[empty+1:]
	case "ROUTER":
		return slices.Insert(frames, 0, []byte(w.peerID))
	}
	return frames
}

func (w *wire) expect(want message) {
	w.t.Helper()
	if diff := want.difference(w.recv()); diff != "" {
		w.t.Fatalf("%v %s received: %s", w.version, w.name, diff)
	}
}
