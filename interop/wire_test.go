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

// wire is a peer of an old version of ZMTP with one connection: an application
// and its socket in one. It reads only when it is told to.
type wire struct {
	t         *testing.T
	version   version
	mechanism string // as in the greeting of ZMTP 3.0
	name      string // its socket type
	peer      string // ours
	eager     bool   // sends its whole handshake at once
	trickle   bool   // writes byte by byte
	early     []byte // sent right behind the handshake, if that is eager

	listener net.Listener
	conn     net.Conn
	r        *bufio.Reader
	peerID   string   // as our handshake told
	envelope [][]byte // of the request that a REP answers
	topics   []string // that a SUB asks for
	*scratch
}

// scratch is memory for the last message each way. It is passed on from test
// to test, for under the race detector fresh memory is what takes longest.
type scratch struct{ out, in []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// newWire makes a peer that is not connected yet. The connection is ended
// with the test.
func newWire(t *testing.T, v version, r roles) *wire {
	w := &wire{t: t, version: v, mechanism: "NULL", name: r.theirs, peer: r.ours, scratch: scratches.Get().(*scratch)}
	t.Cleanup(func() {
		w.kill()
		scratches.Put(w.scratch)
	})
	return w
}

func (w *wire) typ() string { return w.name }

// address splits an endpoint for package net.
func address(endpoint string) (network, addr string) {
	scheme, addr, _ := strings.Cut(endpoint, "://")
	if scheme == "ipc" {
		return "unix", addr
	}
	return scheme, addr
}

// bind listens.
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

// accept takes the connection and connect makes one. Both go on until it
// carries messages.
func (w *wire) accept() {
	w.t.Helper()
	w.answer()
	w.start()
}

func (w *wire) connect(endpoint string) {
	w.t.Helper()
	w.dial(endpoint)
	w.start()
}

func (w *wire) answer() {
	w.t.Helper()
	c, err := w.listener.Accept()
	if err != nil {
		w.t.Fatal(err)
	}
	w.use(c)
}

func (w *wire) dial(endpoint string) {
	w.t.Helper()
	network, addr := address(endpoint)
	c, err := net.Dial(network, addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.use(c)
}

func (w *wire) use(c net.Conn) {
	w.conn, w.r = c, bufio.NewReader(c)
	c.SetDeadline(time.Now().Add(patience))
}

// start is the handshake and what a socket says first.
func (w *wire) start() {
	w.t.Helper()
	if err := w.greet(); err != nil {
		w.t.Fatal(err)
	}
	for _, topic := range w.topics {
		w.send(text("\x01" + topic))
	}
}

// kill ends the connection as the death of a process does.
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

// subscribe is for every connection to come. ZMTP 1.0 has no subscriptions:
// its subscribers get everything and filter for themselves.
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

// encode is a message in the form the version has on the wire, until the next.
func (w *wire) encode(frames [][]byte) []byte {
	w.out = w.out[:0]
	for i, f := range frames {
		w.out = w.version.appendFrame(w.out, wireFrame{body: f, more: i < len(frames)-1})
	}
	return w.out
}

// send does for a message what a socket of the type does before it goes out.
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

// recv is the next message as a socket of the type gives it to its
// application. It lives until the next call.
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
