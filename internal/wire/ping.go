package wire

import (
	"encoding/binary"
	"time"
)

// NamePing is the name of the PING command.
const NamePing = "PING"

// MaxPingContext is the maximum length of the context of a PING and of its
// PONG.
const MaxPingContext = 16

// Ping is a heartbeat command, which the peer answers with a [Pong]. Its TTL,
// if any, permits the peer to close the connection if it receives nothing more
// from the sender for that time.
//
//	ping = command-size %d4 "PING" ping-ttl ping-context
//	ping-ttl = 2OCTET
//	ping-context = 0*16OCTET
//
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
type Ping struct {
	TTL     uint16 // in tenths of a second; 0: no TTL
	Context []byte // returned in the PONG; truncated to MaxPingContext when encoded
}

var errPingTTL = &malformed{NamePing, "shorter than its TTL"}

// Append appends the command as a frame.
func (p Ping) Append(dst []byte) []byte {
	return p.AppendBody(appendCommandHeader(dst, NamePing, 2+len(cutContext(p.Context))))
}

// AppendBody appends the command without a frame header.
func (p Ping) AppendBody(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(AppendCommandName(dst, NamePing), p.TTL)
	return append(dst, cutContext(p.Context)...)
}

// Decode sets p to slices of data. It accepts a context longer than
// [MaxPingContext], as libzmq does, but [Ping.Pong] truncates it.
func (p *Ping) Decode(data []byte) error {
	if len(data) < 2 {
		return errPingTTL
	}
	p.TTL, p.Context = binary.BigEndian.Uint16(data), data[2:]
	return nil
}

// Pong returns the answer to p. Its context is a slice of p.Context, at most
// the first [MaxPingContext] bytes.
func (p Ping) Pong() Pong { return Pong{Context: cutContext(p.Context)} }

// Lifetime returns the TTL as a duration, 0 if there is no TTL. The maximum is
// that of 65535 tenths of a second, 1h49m13.5s.
func (p Ping) Lifetime() time.Duration { return time.Duration(p.TTL) * (time.Second / 10) }

func cutContext(c []byte) []byte { return c[:min(len(c), MaxPingContext)] }
