package pattern

import "github.com/zerobroker/zmq/internal/msg"

// commonLog is where messages lie that several peers get: the queues hold parts
// of it. It is a chain of pieces, of which only the newest is held here, and whose
// size grows with the traffic, up to maxLogPiece.
type commonLog struct {
	b []byte // what is written of the newest piece
}

const (
	minLogPiece = 512
	maxLogPiece = msg.ChunkSize
)

// reserve makes room behind b for a message of n bytes at rest, and returns where
// it begins: at 0 it is the first of a piece. What is behind it in the piece is
// the room for the next.
func (l *commonLog) reserve(n int) (at int) {
	if n > cap(l.b)-len(l.b) {
		size := max(minLogPiece, min(2*cap(l.b), maxLogPiece))
		l.b = make([]byte, 0, max(size, n))
	}
	return len(l.b)
}
