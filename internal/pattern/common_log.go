package pattern

import "github.com/zerobroker/zmq/internal/msg"

// commonLog is an append-only log of encoded messages that several queues
// share. The queues refer to sections of it instead of copies. It is a chain of
// pieces, of which commonLog holds the newest; their size grows with the
// traffic up to maxLogPiece.
type commonLog struct {
	b []byte // the written part of the newest piece
}

const (
	minLogPiece = 512
	maxLogPiece = msg.ChunkSize
)

// reserve ensures that b has the capacity for an encoded message of n bytes
// more, and returns its offset. The offset is 0 if the message is the first one
// of a new piece.
func (l *commonLog) reserve(n int) (at int) {
	if n > cap(l.b)-len(l.b) {
		size := max(minLogPiece, min(2*cap(l.b), maxLogPiece))
		l.b = make([]byte, 0, max(size, n))
	}
	return len(l.b)
}
