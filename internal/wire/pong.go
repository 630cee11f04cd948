package wire

// NamePong is the name of the PONG command.
const NamePong = "PONG"

// Pong answers a [Ping]; [Ping.Pong] makes it.
//
//	pong = command-size %d4 "PONG" ping-context
//
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
type Pong struct {
	Context []byte // the PING's; cut to MaxPingContext when sent
}

// Append appends the command as a frame.
func (p Pong) Append(dst []byte) []byte { return AppendCommand(dst, NamePong, cutContext(p.Context)) }

// AppendBody appends the command without a frame header.
func (p Pong) AppendBody(dst []byte) []byte {
	return AppendCommandBody(dst, NamePong, cutContext(p.Context))
}

// Decode sets p to slices of data. It never fails: whatever a PONG holds, it
// is a sign of life.
func (p *Pong) Decode(data []byte) error {
	p.Context = data
	return nil
}
