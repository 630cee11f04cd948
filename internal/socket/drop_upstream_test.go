package socket_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestRadioIgnoresJoinsInMessages: only JOIN commands of a DISH join a group,
// as in libzmq. Its messages are dropped.
func TestRadioIgnoresJoinsInMessages(t *testing.T) {
	st.Run(t, func(w *st.World) {
		radio := w.Socket(pattern.RADIO)
		radio.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("DISH")
		p.MustWrite(st.Message("\x01g"), st.Message("\x01", "g"), st.Message("\x01"+st.Large(64<<10)))
		w.Settle()
		if radio.WaitSubscribers(st.Ended(), 1, []byte("g")) == nil {
			t.Error("a message joined a group")
		}
		radio.WantDrops(map[pipe.Drop]uint64{pipe.DropUpstream: 3})
		p.MustWrite(st.Command("JOIN", []byte("g")), st.Message("\x00g"))
		w.Settle()
		if err := radio.WaitSubscribers(context.Background(), 1, []byte("g")); err != nil {
			t.Error(err)
		}
		radio.MustSend("g", "x")
		if m := p.Message(); len(m) != 2 || m[0] != "g" || m[1] != "x" {
			t.Errorf("the DISH received %q", m)
		}
		radio.WantDrops(map[pipe.Drop]uint64{pipe.DropUpstream: 4})
	})
}

// TestMessagesAfterTooManySubscriptionsAreCounted: a connection is closed
// because of too many subscriptions. Messages after them count as dropped,
// further subscriptions do not.
func TestMessagesAfterTooManySubscriptionsAreCounted(t *testing.T) {
	for _, c := range []struct {
		typ     pattern.Type
		peer    string
		command string
		lost    uint64
	}{
		{pattern.PUB, "SUB", "SUBSCRIBE", 0},
		{pattern.XPUB, "XSUB", "SUBSCRIBE", 2},
		{pattern.RADIO, "DISH", "JOIN", 0},
	} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(c.typ, func(o *socket.Options) { o.Pattern.MaxTopics = 10 })
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.Handshake(c.peer)
			var b bytes.Buffer
			for i := range 100 {
				b.Write(st.Command(c.command, fmt.Append(nil, i)))
			}
			for range c.lost {
				b.Write(st.Message("user"))
			}
			p.MustWrite(b.Bytes())
			w.Settle()
			want := map[pipe.Drop]uint64{}
			if c.lost > 0 {
				want[pipe.DropMalformed] = c.lost
			}
			s.WantDrops(want)
		})
	}
}
