package wire

// NamePong is the name of the PONG command.
const NamePong = "PONG"

// Pong is the answer to a [Ping]; [Ping.Pong] creates it.
//
//	pong = command-size %d4 "PONG" ping-context
//
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
type Pong struct {
	Context []byte // from the PING; truncated to MaxPingContext when encoded
}

// Append appends the command as a frame.
func (p Pong) Append(dst []byte) []byte { return AppendCommand(dst, NamePong, cutContext(p.Context)) }

// AppendBody appends the command without a frame header.
func (p Pong) AppendBody(dst []byte) []byte {
	return AppendCommandBody(dst, NamePong, cutContext(p.Context))
}

// Decode sets p to slices of data. It returns no error, because a PONG with any
// content shows that the peer is alive.
func (p *Pong) Decode(data []byte) error {
	p.Context = data
	return nil
}
