package memnet_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/internal/transport/transporttest"
)

func TestMain(m *testing.M) { transporttest.Main(m) }

// TestNetworkPassesTransportTests runs the tests of package transporttest in
// virtual and in real time, and with link settings that lose no bytes.
func TestNetworkPassesTransportTests(t *testing.T) {
	links := map[string]func(*memnet.Link){
		"perfect": nil,
		"chunked": func(l *memnet.Link) { l.Up().SetChunk(300); l.Down().SetChunk(70_000) },
		"slow":    func(l *memnet.Link) { l.SetLatency(time.Millisecond); l.Up().SetBandwidth(50 << 20) },
		"narrow":  func(l *memnet.Link) { l.Up().SetBuffer(4000); l.Down().SetBuffer(50) },
	}
	for name, setup := range links {
		for _, bubble := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/virtual=%v", name, bubble), func(t *testing.T) {
				transporttest.Run(t, transporttest.Config{
					New: func(t *testing.T) (transport.Transport, string) {
						n := memnet.New(1)
						n.OnLink(setup)
						return n, "host:0"
					},
					DialClosed: syscall.ECONNREFUSED,
					Bubble:     bubble,
				})
			})
		}
	}
}
