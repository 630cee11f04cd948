package socket_test

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// rewriting changes what is written to a connection, as an intermediary could.
type rewriting struct {
	net.Conn
	change func(b []byte)
}

func (c *rewriting) Write(b []byte) (int, error) {
	b = slices.Clone(b)
	c.change(b)
	return c.Conn.Write(b)
}

// CURVE does not authenticate the minor version in the greeting and the flags of the
// frames that contain its commands: libzmq sends MESSAGE without COMMAND, and RFC 26
// with it. An intermediary that changes them changes nothing of a message.
func TestUnauthenticatedBytesOfCURVEDoNotChangeMessages(t *testing.T) {
	for _, flags := range []byte{0, wire.FlagMore, wire.FlagCommand, wire.FlagMore | wire.FlagCommand} {
		for minor := range byte(2) {
			t.Run(fmt.Sprintf("flags %d, ZMTP 3.%d", flags, minor), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					curve := place{st.Securities()[2], true, true}
					pull := w.Socket(pattern.PULL, curve.ours)
					p, changed := rawPeer(w, pull, true), 0
					p.Conn = &rewriting{p.Conn, func(b []byte) {
						switch sealed := len(b) > 10 && string(b[2:10]) == "\x07MESSAGE"; {
						case b[0] == 0xFF:
							b[11] = minor
						case sealed:
							b[0] = flags
							changed++
						default:
							b[0] &^= wire.FlagCommand // of HELLO and INITIATE
						}
					}}
					p.HandshakeWith(curve.hostile(), "PUSH")
					for _, frame := range [][]byte{{wire.FlagMore, 1, 'a'}, {0, 1, 'b'}, {0, 1, 'c'}} {
						p.MustWrite(p.Seal(frame))
					}
					pull.WantRecv("a", "b")
					pull.WantRecv("c")
					if changed != 3 {
						t.Errorf("the flags of %d sealed frames were set, want 3", changed)
					}
				})
			})
		}
	}
}
