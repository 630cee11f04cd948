package socket_test

import (
	"context"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestRadioJoinsByCommandsAlone: a message of a DISH joins nothing, whatever it
// looks like. (libzmq, radio.cpp: xread_activated)
func TestRadioJoinsByCommandsAlone(t *testing.T) {
	st.Run(t, func(w *st.World) {
		radio := w.Socket(pattern.RADIO)
		radio.MustBind("mem://a")
		p := w.Dial("a")
		p.Shake("DISH")
		p.Must(st.Message("\x01g"), st.Message("\x01", "g"), st.Message("\x01"+st.Large(64<<10)))
		w.Settle()
		if radio.WaitSubscribers(st.Ended(), 1, []byte("g")) == nil {
			t.Error("a message has joined a group")
		}
		radio.WantDrops(map[pipe.Drop]uint64{pipe.DropUpstream: 3})
		p.Must(st.Command("JOIN", []byte("g")), st.Message("\x00g"))
		w.Settle()
		if err := radio.WaitSubscribers(context.Background(), 1, []byte("g")); err != nil {
			t.Error(err)
		}
		radio.MustSend("g", "x")
		if m := p.Message(); len(m) != 2 || m[0] != "g" || m[1] != "x" {
			t.Errorf("it gets %q", m)
		}
		radio.WantDrops(map[pipe.Drop]uint64{pipe.DropUpstream: 4})
	})
}
