package wire

import (
	"encoding/binary"
	"time"
)

// NamePing is the name of the PING command.
const NamePing = "PING"

// MaxPingContext is the longest context of a PING and of its PONG.
const MaxPingContext = 16

// Ping asks for a sign of life, and may ask to be given up when nothing more
// is heard from its sender for a while.
//
//	ping = command-size %d4 "PING" ping-ttl ping-context
//	ping-ttl = 2OCTET
//	ping-context = 0*16OCTET
//
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
type Ping struct {
	TTL     uint16 // in tenths of a second; 0: none
	Context []byte // comes back in the PONG; cut to MaxPingContext when sent
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

// Decode sets p to slices of data. A context longer than [MaxPingContext] is
// no error, since libzmq takes it for none, but [Ping.Pong] does not echo it
// whole.
func (p *Ping) Decode(data []byte) error {
	if len(data) < 2 {
		return errPingTTL
	}
	p.TTL, p.Context = binary.BigEndian.Uint16(data), data[2:]
	return nil
}

// Pong returns the answer to p. Its context aliases p's, at most the first
// [MaxPingContext] bytes.
func (p Ping) Pong() Pong { return Pong{Context: cutContext(p.Context)} }

// Lifetime returns the TTL as a duration, 0 if there is none. All 16 bits
// count: 65535 is one hour and 49 minutes.
func (p Ping) Lifetime() time.Duration { return time.Duration(p.TTL) * (time.Second / 10) }

func cutContext(c []byte) []byte { return c[:min(len(c), MaxPingContext)] }
