package interop

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// numbers are the encodings of the socket types in the greeting of ZMTP 2.0.
var numbers = map[string]byte{
	"PAIR": 0, "PUB": 1, "SUB": 2, "REQ": 3, "REP": 4, "DEALER": 5,
	"ROUTER": 6, "PULL": 7, "PUSH": 8, "XPUB": 9, "XSUB": 10,
}

// signature returns the first 10 bytes of the greeting of ZMTP 2.0 and later. A
// ZMTP 1.0 peer reads them as the header of an identity message of idSize
// bytes.
func signature(idSize int) []byte {
	b := binary.BigEndian.AppendUint64([]byte{0xff}, uint64(idSize)+1)
	return append(b, 0x7f)
}

// greet performs the handshake. An eager peer sends its complete part before it
// reads ours. Other peers alternate: they send a part and read the
// corresponding part of ours, as implementations do that negotiate the version.
func (w *wire) greet() error {
	if err := w.attempt(); err != nil {
		return fmt.Errorf("handshake of %v: %w", w.version, err)
	}
	return nil
}

func (w *wire) attempt() error {
	var identity []byte
	if hasID(w.name) {
		identity = []byte(theirsID)
	}
	var parts [][]byte // in the order in which they are sent
	switch w.version {
	case v1:
		parts = [][]byte{v1.appendFrame(nil, wireFrame{body: identity})}
	case v2:
		parts = [][]byte{signature(len(identity)), {1}, {numbers[w.name]}, v2.appendFrame(nil, wireFrame{body: identity})}
	case v3_0:
		rest := make([]byte, 53)
		copy(rest[1:], w.mechanism)
		parts = [][]byte{signature(len(identity)), {3}, rest, v3_0.appendFrame(nil, wireFrame{command: true, body: w.ready(identity)})}
	}
	if w.eager {
		w.write(append(bytes.Join(parts, nil), w.early...))
	}
	for i, part := range parts {
		if !w.eager {
			w.write(part)
		}
		if err := w.readPart(i); err != nil {
			return err
		}
	}
	return nil
}

// ready returns the body of a READY command.
func (w *wire) ready(identity []byte) []byte {
	b := []byte("\x05READY")
	property := func(name, value string) {
		b = append(append(b, byte(len(name))), name...)
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...)
	}
	property("Socket-Type", w.name)
	if hasID(w.name) {
		property("Identity", string(identity))
	}
	return b
}

// readPart reads the part of our handshake that corresponds to the peer's part
// i.
func (w *wire) readPart(i int) error {
	switch {
	case w.version == v1:
		return w.readIdentity()
	case i == 0:
		b, err := w.readN(10)
		if err == nil && (b[0] != 0xff || b[9] != 0x7f) {
			err = fmt.Errorf("signature % x", b)
		}
		return err
	case i == 1:
		b, err := w.readN(1)
		if err == nil && b[0] != 3 {
			err = fmt.Errorf("revision %d", b[0])
		}
		return err
	case w.version == v2 && i == 2:
		b, err := w.readN(1)
		if err == nil && b[0] != numbers[w.peer] {
			err = fmt.Errorf("socket type %d of a %s", b[0], w.peer)
		}
		return err
	case w.version == v2:
		return w.readIdentity()
	case i == 2:
		b, err := w.readN(53)
		if err == nil && (b[0] < 1 || string(bytes.TrimRight(b[1:21], "\x00")) != "NULL") {
			err = fmt.Errorf("greeting % x", b)
		}
		return err
	}
	return w.readReady()
}

func (w *wire) readN(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(w.r, b)
	return b, err
}

// readIdentity reads the identity message, which begins a connection in
// versions before ZMTP 3.0. A ZMTP 1.0 peer reads the 10 bytes of our signature
// as the frame header of this message, so its flags are not checked.
func (w *wire) readIdentity() error {
	f, err := w.version.readFrame(w.r, new([]byte))
	if err == nil && (f.more || f.odd) && w.version != v1 {
		err = fmt.Errorf("identity message with flags")
	}
	w.peerID = string(f.body)
	return w.checkID(err)
}

func (w *wire) checkID(err error) error {
	if err == nil && hasID(w.peer) && w.peerID != oursID {
		err = fmt.Errorf("identity %q of our %s", w.peerID, w.peer)
	}
	return err
}

func (w *wire) readReady() error {
	f, err := w.version.readFrame(w.r, new([]byte))
	if err != nil {
		return err
	}
	body, ok := bytes.CutPrefix(f.body, []byte("\x05READY"))
	if !ok || !f.command || f.more || f.odd {
		return fmt.Errorf("first command %q", f.body)
	}
	properties := make(map[string]string)
	for len(body) > 0 {
		n := int(body[0])
		size := int(binary.BigEndian.Uint32(body[1+n:]))
		properties[strings.ToLower(string(body[1:1+n]))] = string(body[5+n : 5+n+size])
		body = body[5+n+size:]
	}
	if properties["socket-type"] != w.peer {
		return fmt.Errorf("Socket-Type %q of a %s", properties["socket-type"], w.peer)
	}
	w.peerID = properties["identity"]
	return w.checkID(nil)
}
