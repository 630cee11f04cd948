package socket_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/nacl/box"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// filled returns a source of random bytes that are all b: the secret transient key
// of that side is then known.
func filled(b byte) func([]byte) {
	return func(p []byte) {
		for i := range p {
			p[i] = b
		}
	}
}

// The sources of the two sides. A side needs one of its own, because a nonce of one
// must not be that of the other.
var openCurve = st.Curve(filled('c'), filled('s'))

// forge returns a MESSAGE with any nonce and flags, computed by nacl/box and not by
// the library. It is from the side that our socket is not.
// https://rfc.zeromq.org/spec/26/#the-message-command
func forge(t *testing.T, fromClient bool, count uint64, flags byte, body string) []byte {
	t.Helper()
	secret, other, prefix := [32]byte(bytes.Repeat([]byte{'c'}, 32)), bytes.Repeat([]byte{'s'}, 32), "CurveZMQMESSAGEC"
	if !fromClient {
		prefix = "CurveZMQMESSAGES"
	}
	public, err := curve25519.X25519(other, curve25519.Basepoint)
	if err != nil {
		t.Fatal(err)
	}
	var nonce [24]byte
	binary.BigEndian.PutUint64(nonce[copy(nonce[:], prefix):], count)
	b := append([]byte("\x07MESSAGE"), nonce[16:]...)
	return st.RawFrame(0, box.Seal(b, append([]byte{flags}, body...), &nonce, (*[32]byte)(public), &secret))
}

// first is the short nonce after the handshake of a side that has sent HELLO and
// INITIATE, or READY.
func first(fromClient bool) uint64 {
	if fromClient {
		return 3
	}
	return 2
}

// curveAttack is what a peer that has all keys of its connection can send after
// the handshake. It makes the frames from their nonces and content.
type curveAttack struct {
	name     string
	send     func(m func(after uint64, flags byte, body string) []byte) []byte
	received []string // before the connection is closed
	reason   engine.CloseReason
}

func curveAttacks() []curveAttack {
	type maker = func(after uint64, flags byte, body string) []byte
	frames := func(f func(m maker) [][]byte) func(maker) []byte {
		return func(m maker) []byte { return bytes.Join(f(m), nil) }
	}
	change := func(f func(frame []byte) []byte) func(maker) []byte {
		return func(m maker) []byte { return append(m(0, 0, "one"), f(m(1, 0, "two"))...) }
	}
	one := []string{"one"}
	list := []curveAttack{
		{"gap in the nonces", frames(func(m maker) [][]byte { return [][]byte{m(0, 0, "one"), m(1<<40, 0, "two"), m(1<<63, 0, "three")} }),
			[]string{"one", "two", "three"}, engine.CloseNone},
		{"replay", frames(func(m maker) [][]byte { return [][]byte{m(0, 0, "one"), m(0, 0, "one")} }), one, engine.CloseCrypto},
		{"reordered pair", frames(func(m maker) [][]byte { return [][]byte{m(1, 0, "one"), m(0, 0, "two")} }), one, engine.CloseCrypto},
		{"same nonce, other content", frames(func(m maker) [][]byte { return [][]byte{m(0, 0, "one"), m(0, 0, "two")} }), one, engine.CloseCrypto},
		{"after the last nonce", frames(func(m maker) [][]byte { return [][]byte{m(0, 0, "one"), m(^uint64(0)-9, 0, "two"), m(0, 0, "three")} }),
			[]string{"one", "two"}, engine.CloseCrypto},
		{"MAC changed", change(func(b []byte) []byte { b[2+16] ^= 1; return b }), one, engine.CloseCrypto},
		{"content changed", change(func(b []byte) []byte { b[len(b)-1] ^= 0x80; return b }), one, engine.CloseCrypto},
		{"nonce changed", change(func(b []byte) []byte { b[2+8] ^= 1; return b }), one, engine.CloseCrypto},
		{"one byte less", change(func(b []byte) []byte { return st.RawFrame(0, b[2:len(b)-1]) }), one, engine.CloseCrypto},
		{"one byte more", change(func(b []byte) []byte { return st.RawFrame(0, append(b[2:], 0)) }), one, engine.CloseCrypto},
		{"no content", change(func(b []byte) []byte { return st.RawFrame(0, b[2:2+32]) }), one, engine.CloseMalformed},
		{"another name", change(func(b []byte) []byte { b[3] ^= 0x20; return b }), one, engine.CloseMalformed},
		{"message in plain text", change(func([]byte) []byte { return st.Message("two") }), one, engine.CloseMalformed},
		{"long message in plain text", change(func([]byte) []byte { return st.Message(st.Large(100_000)) }), one, engine.CloseMalformed},
		{"command in plain text", change(func([]byte) []byte { return st.Ping(0, "") }), one, engine.CloseMalformed},
		{"ERROR in plain text", change(func([]byte) []byte { return st.Command("ERROR", []byte("\x03400")) }), one, engine.CloseMalformed},
		{"empty frame", change(func([]byte) []byte { return st.Message("") }), one, engine.CloseMalformed},
		{"MORE, then a command, then the rest", frames(func(m maker) [][]byte {
			return [][]byte{m(0, 1, "a"), m(1, 2, "\x04PING\x00\x00"), m(2, 0, "b"), m(3, 0, "one")}
		}), []string{"a|b", "one"}, engine.CloseNone},
		{"command with MORE", frames(func(m maker) [][]byte { return [][]byte{m(0, 0, "one"), m(1, 3, "\x01X")} }), one, engine.CloseNone},
	}
	for bit := 2; bit < 8; bit++ {
		flags := byte(1) << bit
		list = append(list, curveAttack{fmt.Sprintf("reserved flag %#02x", flags),
			frames(func(m maker) [][]byte { return [][]byte{m(0, 0, "one"), m(1, flags, "two")} }), one, engine.CloseMalformed})
	}
	return list
}

// A peer with all keys of its connection cannot repeat, reorder or change frames,
// nor send anything in plain text: the connection is closed, and the application
// receives what was valid before that (CVE-2014-7203).
func TestForgedFramesOfCurveCloseConnection(t *testing.T) {
	for _, server := range []bool{true, false} {
		pl := place{openCurve, server, true}
		for _, a := range curveAttacks() {
			t.Run(fmt.Sprint(a.name, " to ", pl), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					pull, push := pl.pullWithGoodPeer(w)
					bad := pl.join(w, pull, "PUSH")
					bad.MustWrite(a.send(func(after uint64, flags byte, body string) []byte {
						return forge(t, server, first(server)+after, flags, body)
					}))
					w.Settle()
					for _, want := range a.received {
						frames, _ := pull.MustRecv()
						if got := strings.Join(frames, "|"); got != want {
							t.Errorf("received %q, want %q", got, want)
						}
					}
					pull.WantNone()
					if a.reason != engine.CloseNone {
						bad.WaitClosed()
						wantOneFailure(t, pull, session.Disconnected, a.reason)
					} else if n := pull.Stats().Peers; n != 2 {
						t.Errorf("%d peers, want 2", n)
					}
					wantUnharmed(t, pull, push)
				})
			})
		}
	}
}

// A recorded connection cannot be played again: neither its handshake nor its
// frames are valid for another connection. The client's own random bytes are the
// same here, but not those of the server.
func TestRecordedConnectionOfCurveIsRefused(t *testing.T) {
	sec := st.Curve(filled('c'), nil)
	st.Run(t, func(w *st.World) {
		pl := place{sec, true, true}
		pull, push := pl.pullWithGoodPeer(w)
		record := &writeRecorder{Conn: rawPeer(w, pull, true).Conn}
		p := w.Peer(record)
		p.HandshakeWith(sec.Client, "PUSH")
		p.MustWrite(p.Seal(st.Message("order 1 kg")))
		pull.WantRecv("order 1 kg")

		replay := w.Dial("a")
		replay.MustWrite(record.written)
		replay.WaitClosed()
		wantOneFailure(t, pull, session.HandshakeFailed, engine.CloseCrypto)
		pull.WantNone()
		wantUnharmed(t, pull, push)
	})
}

// writeRecorder is a connection that records what its owner writes.
type writeRecorder struct {
	net.Conn
	written []byte
}

func (r *writeRecorder) Write(b []byte) (int, error) {
	r.written = append(r.written, b...)
	return r.Conn.Write(b)
}
