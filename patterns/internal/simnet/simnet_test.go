package simnet_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
)

func TestSocketsReconnectAfterCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		ctx := context.Background()
		pull, err := zmq.NewPull(n.Options())
		if err != nil {
			t.Fatal(err)
		}
		defer pull.Close()
		if _, err := pull.Bind("sim://a"); err != nil {
			t.Fatal(err)
		}
		push, err := zmq.NewPush(n.Options())
		if err != nil {
			t.Fatal(err)
		}
		defer push.Close()
		if err := push.Connect("sim://a"); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"before", "after"} {
			if err := push.Send(ctx, []byte(text)); err != nil {
				t.Fatal(err)
			}
			m, err := pull.Recv(ctx)
			if err != nil || string(m.Frames()[0]) != text {
				t.Fatalf("received %v, %v", m, err)
			}
			n.Cut()
			synctest.Wait()
		}
	})
}
