//go:build unix

package session_test

import (
	"fmt"
	"testing"

	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestPongsReachPeerThatReadsLate: a peer sends PINGs and does not read until the
// connection takes no more PONGs. It receives whole PONGs in the order of its PINGs,
// the one for its last PING, and a message that was queued meanwhile.
func TestPongsReachPeerThatReadsLate(t *testing.T) {
	const pings = 5000
	runFlush(t, func(t *testing.T, f *flushTest) {
		done := make(chan struct{})
		f.set(func() {
			f.onReceived = func() { close(done) }
		})
		for i := range pings {
			f.peer.MustWrite(st.Ping(0, fmt.Sprintf("%016d", i)))
		}
		f.peer.MustWrite(st.Message("all PINGs are processed"))
		<-done
		f.send("a", "message")
		f.flush()
		next, received, message := 0, 0, false
		for next < pings || !message {
			flags, body := f.peer.Frame()
			if flags&4 == 0 {
				message = message || string(body) == "message"
				continue
			}
			var i int
			if n, err := fmt.Sscanf(string(body), "\x04PONG%d", &i); n != 1 || err != nil || i < next {
				t.Fatalf("received %q after the PONG for PING %d", body, next-1)
			}
			next = i + 1
			received++
		}
		if received == pings {
			t.Error("the connection took all PONGs: the test needs more PINGs")
		}
	})
}
