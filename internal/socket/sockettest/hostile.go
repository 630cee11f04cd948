package sockettest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// Recorded is a peer whose bytes are those of a valid connection to an engine. If
// the random bytes of both sides are always the same (Constant), the recorded
// handshake is valid every time, and so is the encryption that the mechanism has at
// its end.
type Recorded struct {
	Steps [][]byte // frames of the handshake, each complete; the first is the greeting
	Mech  mechanism.Mechanism
}

// Constant returns a source of random bytes that never change.
func Constant(b byte) func([]byte) {
	return func(p []byte) {
		for i := range p {
			p[i] = b
		}
	}
}

// Record completes a handshake with an engine and returns the peer's part. The
// peer announces no socket type, so it is valid for an engine of any type.
func Record(e *engine.Engine, theirs func(metadata []byte) mechanism.Mechanism) (*Recorded, error) {
	p := &Recorded{Mech: theirs(wire.AppendProperty(nil, wire.PropOnError, wire.OnErrorRetry))}
	p.Steps = append(p.Steps, GreetingOf(p.Mech.Name(), p.Mech.Server()))
	if n, err := e.Handshake(p.Steps[0]); err != nil || n != 64 {
		return nil, fmt.Errorf("%d bytes of the greeting consumed: %w", n, err)
	}
	sent := e.Output()[64:]
	for p.Mech.Status() != mechanism.Complete || !e.HandshakeDone() {
		if p.Mech.Status() == mechanism.Waiting {
			p.Mech.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted})
		}
		if _, waiting := e.Authenticating(); waiting {
			e.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted})
		}
		if body, ok := p.Mech.Next(nil); ok {
			p.Steps = append(p.Steps, RawFrame(wire.FlagCommand, body))
			if _, err := e.Handshake(p.Steps[len(p.Steps)-1]); err != nil {
				return nil, err
			}
		}
		if e.HandshakeDone() {
			e.Admit()
		}
		sent = append(sent, e.Output()...)
		for len(sent) > 0 && p.Mech.Status() == mechanism.Handshaking {
			_, size, h := wire.ConsumeFrameHeader(sent)
			if err := p.Mech.Receive(sent[h : h+int(size)]); err != nil {
				return nil, err
			}
			sent = sent[h+int(size):]
		}
	}
	return p, nil
}

// Streams makes streams of bytes of hostile peers. Each has a seed, with which it is
// made again, except for the nonces of sealed frames, which never repeat. One
// goroutine may use it.
type Streams struct {
	*rand.Rand
	src *rand.PCG
}

// NewStreams returns streams with the seed 0.
func NewStreams() *Streams {
	src := rand.NewPCG(0, 1)
	return &Streams{rand.New(src), src}
}

// Seed begins the stream of a seed.
func (r *Streams) Seed(seed uint64) { r.src.Seed(seed, 1) }

// Stream makes a stream: a valid handshake or one changed at a random place, and
// frames that a grammar generates, which the peer seals if its mechanism does. One
// in eight is random from its start.
func (r *Streams) Stream(p *Recorded) (b []byte) {
	if r.IntN(8) == 0 {
		return r.random(r.IntN(200))
	}
	deep := r.IntN(4) > 0 // the handshake is valid
	for i, step := range p.Steps {
		step = slices.Clone(step)
		if i == len(p.Steps)-1 && !p.Mech.Seals() && r.IntN(8) == 0 {
			step = r.properties(step)
		}
		if !deep && r.IntN(len(p.Steps)) == 0 {
			step = r.mutate(step)
		}
		b = append(b, step...)
		if !deep && r.IntN(16) == 0 {
			b = append(b, p.Steps[r.IntN(i+1)]...) // again
		}
	}
	start := len(b)
	for range r.IntN(12) {
		b = r.frame(b, p)
	}
	switch r.IntN(6) {
	case 0:
		b = b[:len(b)-r.IntN(len(b)-start+1)]
	case 1:
		if len(b) > start {
			b = append(b[:start:start], r.mutate(b[start:])...)
		}
	}
	return b
}

func (r *Streams) random(n int) []byte {
	b := make([]byte, (n+7)&^7)
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b[:n]
}

// mutate changes, removes, repeats or inserts bytes.
func (r *Streams) mutate(b []byte) []byte {
	for range 1 + r.IntN(3) {
		if len(b) == 0 {
			return r.random(4)
		}
		i := r.IntN(len(b))
		switch r.IntN(6) {
		case 0:
			b[i] ^= 1 << r.IntN(8)
		case 1:
			b[i] = []byte{0, 1, 0x7f, 0x80, 0xff}[r.IntN(5)]
		case 2:
			b = b[:i]
		case 3:
			b = slices.Insert(b, i, r.random(1+r.IntN(9))...)
		case 4:
			b = slices.Delete(b, i, min(len(b), i+1+r.IntN(8)))
		case 5:
			b = append(b, b[i:]...)
		}
	}
	return b
}

var hostileProperties = []string{"Socket-Type", "Identity", "X-On-Error", "Resource", "X"}

// properties adds properties to a READY or INITIATE.
func (r *Streams) properties(step []byte) []byte {
	body := step[2:]
	for range r.IntN(8) {
		name := hostileProperties[r.IntN(len(hostileProperties))]
		body = wire.AppendProperty(body, name, string(r.random(r.IntN(1<<r.IntN(10)))))
	}
	return append(wire.AppendFrameHeader(nil, wire.FlagCommand, len(body)), body...)
}

var hostileCommands = []string{"PING", "PONG", "SUBSCRIBE", "CANCEL", "JOIN", "LEAVE", "ERROR", "READY", "HELLO", "WELCOME", "INITIATE", "MESSAGE", "X", ""}

// frame appends a frame.
func (r *Streams) frame(b []byte, p *Recorded) []byte {
	var flags byte
	var body []byte
	switch r.IntN(8) {
	case 0: // a header that claims any size
		h := binary.BigEndian.AppendUint64([]byte{wire.FlagLarge | byte(r.IntN(8))}, 1<<r.IntN(64)+uint64(r.IntN(3))-1)
		return append(b, h...)
	case 1:
		return append(b, r.random(r.IntN(40))...)
	case 2, 3:
		name := hostileCommands[r.IntN(len(hostileCommands))]
		body = append([]byte{byte(len(name))}, name...)
		flags, body = wire.FlagCommand, append(body, r.random(r.IntN(1<<r.IntN(9)))...)
	case 4:
		most := 12
		if r.IntN(16) == 0 {
			most = 18
		}
		body = make([]byte, r.IntN(1<<r.IntN(most)))
	default:
		body = r.random(r.IntN(64))
	}
	if r.IntN(3) == 0 {
		flags |= wire.FlagMore
	}
	if r.IntN(32) == 0 {
		body = r.mutate(body)
	}
	if p.Mech.Seals() && r.IntN(16) > 0 {
		sealed, err := p.Mech.Seal(nil, flags, body)
		if err != nil {
			panic(err) // it has sealed 2^64 frames
		}
		flags, body = 0, sealed
	}
	return append(wire.AppendFrameHeader(b, flags, len(body)), body...)
}
