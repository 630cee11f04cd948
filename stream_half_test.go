package zmq_test

import (
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/zerobroker/zmq"
)

// TestStreamAnswersHalfClosedClient: over tcp and ipc, a client that ends its
// direction after its request gets the answer, and ClosePeer returns when the
// client's system has it.
func TestStreamAnswersHalfClosedClient(t *testing.T) {
	for _, ep := range []string{"tcp://127.0.0.1:*", "ipc://" + filepath.Join(t.TempDir(), "s")} {
		t.Run(ep[:3], func(t *testing.T) {
			ctx := bounded(t)
			s, err := zmq.NewStream(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			bound, err := s.Bind(ep)
			if err != nil {
				t.Fatal(err)
			}
			network, address := "tcp", bound[len("tcp://"):]
			if bound[:3] == "ipc" {
				network = "unix"
			}
			c, err := net.Dial(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write([]byte("request")); err != nil {
				t.Fatal(err)
			}
			if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			for m, err := range s.Messages(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				if !m.IsDisconnect() {
					continue
				}
				if err := s.Reply(ctx, m, []byte("answer")); err != nil {
					t.Fatal(err)
				}
				if err := s.ClosePeer(ctx, m.RoutingID()); err != nil {
					t.Fatal(err)
				}
				break
			}
			if b, err := io.ReadAll(c); string(b) != "answer" || err != nil {
				t.Errorf("the client got %q, %v", b, err)
			}
		})
	}
}
