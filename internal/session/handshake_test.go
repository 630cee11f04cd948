package session_test

import (
	"fmt"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestMessagesInSameWriteAsHandshakeAreReceived sends the handshake and more than a
// read buffer of messages in one write.
func TestMessagesInSameWriteAsHandshakeAreReceived(t *testing.T) {
	for _, size := range []int{0, 300, 7 << 10, 31 << 10, 60 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				pull := w.Socket(pattern.PULL, func(o *socket.Options) { o.Limits.Metadata = 64 << 10 })
				pull.MustBind("mem://a")
				p := w.Dial("a")
				b := append(st.Greeting(), st.Ready("Socket-Type", "PUSH", "X-Big", st.Large(size))...)
				for i := range 1500 {
					b = append(b, st.Message(fmt.Sprint(i), st.Large(100))...)
				}
				p.MustWrite(b)
				for i := range 1500 {
					pull.WantRecv(fmt.Sprint(i), st.Large(100))
				}
			})
		})
	}
}
