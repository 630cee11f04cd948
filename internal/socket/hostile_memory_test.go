package socket_test

import (
	"encoding/binary"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pattern"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// A peer that sends the longest command that the limits allow, without its last
// byte, costs at most 40 KiB while its handshake is pending. A longer one is refused
// by its header. TestPendingHandshakesCostLittleMemory has the bound for peers that
// are silent or send valid commands.
func TestPendingPeerWithIncompleteCommandCostsLittleMemory(t *testing.T) {
	const peers, most = 50, 40 << 10
	const longest = 9 << 10
	eachPlace(t, func(t *testing.T, pl place) {
		if !pl.binds {
			return
		}
		claim := func(size uint64) []byte {
			return append(st.GreetingOf(pl.sec.Name, !pl.server),
				binary.BigEndian.AppendUint64([]byte{wire.FlagCommand | wire.FlagLarge}, size)...)
		}
		for _, size := range []int{300, 4 << 10, longest} {
			st.Run(t, func(w *st.World) {
				pull := w.Socket(pattern.PULL, pl.ours)
				pull.MustBind("mem://a")
				input := append(claim(uint64(size)), make([]byte, size-1)...)
				before := heap()
				for range peers {
					w.Dial("a").MustWrite(input)
				}
				w.Settle()
				each := (heap() - before) / peers
				t.Logf("a command of %d bytes costs %d, with both ends of the connection", size, each)
				if each > most {
					t.Errorf("a pending peer with a command of %d bytes costs %d bytes", size, each)
				}
				pull.WantCloseReasons(nil)
			})
		}
		st.Run(t, func(w *st.World) {
			pull := w.Socket(pattern.PULL, pl.ours)
			pull.MustBind("mem://a")
			p := w.Dial("a")
			p.MustWrite(claim(longest + 1))
			if d := p.WaitClosed(); d != 0 {
				t.Errorf("a command of %d bytes is refused after %v", longest+1, d)
			}
			pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseMetadata: 1})
		})
	})
}
