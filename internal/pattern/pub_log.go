package pattern

import "github.com/zerobroker/zmq/internal/msg"

// pubLog is where messages lie that several peers get: the queues hold parts of
// it. It is a chain of pieces, of which only the newest is held here, and whose
// size follows the traffic.
type pubLog struct {
	b []byte // what is written of the newest piece
}

const (
	minLogPiece = 512
	maxLogPiece = msg.ChunkSize
)

// add writes a message at rest, and reports whether it is the first of a piece.
// What is behind it in the piece is the room for the next.
func (l *pubLog) add(m *msg.Msg) (b []byte, first bool) {
	n := m.RestSize()
	if n > cap(l.b)-len(l.b) {
		size := max(minLogPiece, min(2*cap(l.b), maxLogPiece))
		l.b = make([]byte, 0, max(size, n))
	}
	at := len(l.b)
	l.b = m.Append(l.b)
	return l.b[at:], at == 0
}
