package session_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestConnectionLostWithinBatchDropsOneMessage: a connection is cut after some bytes
// of a batch of messages. Those that were written whole count as written, one that
// was written in part is dropped, and the others are kept, also if the bytes are
// encoded for ZMTP 1.0 or encrypted.
func TestConnectionLostWithinBatchDropsOneMessage(t *testing.T) {
	const messages, body = 3, "message"
	overhead := map[string]int{"unchanged": 2, "encrypted": 2 + 33, "ZMTP 1.0": 2}
	for _, peer := range requestPeers() {
		frame := overhead[peer.form] + len(body)
		size := 2 * frame // of a message of two frames
		for n := range messages * size {
			if n%size > 3 && n%size < size-3 && (n%size < frame-3 || n%size > frame+3) {
				continue // in the middle of a frame
			}
			runHost(t, func(w *st.World, h *host) {
				s := w.Listen("a")
				d := h.dial()
				p := s.Accept()
				s.Close()
				peer.shake(p)
				w.Settle()
				l := w.Net.Links()[0]
				before := l.Up().Stats().Accepted
				l.Up().Stall()
				l.Up().SetBuffer(1)
				h.send(d.Pipe(), body) // blocks the flusher, so that the others become a batch
				w.Settle()
				for range messages {
					h.send(d.Pipe(), body, body)
				}
				l.Up().CutAfterWrite(before+int64(frame+n), memnet.FIN)
				l.Up().SetBuffer(0)
				w.Settle()
				whole, part := n/size, min(1, n%size)
				h.wantDrops(pipe.DropInFlight, uint64(part))
				if kept := h.unsent(d.Pipe()); kept != messages-whole-part {
					t.Errorf("%s, cut after %d of %d bytes: %d messages kept, want %d",
						peer.form, n, messages*size, kept, messages-whole-part)
				}
			}, peer.set)
		}
	}
}
