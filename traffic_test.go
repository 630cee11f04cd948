package zmq_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/zerobroker/zmq"
)

// The last message is larger than all buffers.
func TestPullReceivesAllMessagesInOrder(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		const messages, large = 100_000, 16 << 20
		ctx := testContext(t)
		push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
		join(t, ep, pull, push)
		go func() {
			for i := range messages {
				if err := push.Send(ctx, []byte(strconv.Itoa(i)), []byte("x")); err != nil {
					t.Error(err)
					return
				}
			}
			if err := push.Send(ctx, make([]byte, large)); err != nil {
				t.Error(err)
			}
			push.Close()
		}()
		for i := range messages {
			m, err := pull.Recv(ctx)
			if err != nil || m.NumFrames() != 2 || string(m.Frame(0)) != strconv.Itoa(i) {
				t.Fatalf("message %d is %q, %v", i, m, err)
			}
		}
		if m, err := pull.Recv(ctx); err != nil || m.Size() != large {
			t.Fatalf("the last message has %d bytes, %v", m.Size(), err)
		}
	})
}

func TestReqMayMixSendRecvAndDo(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		ctx := testContext(t)
		req, rep := must(zmq.NewReq(o)), must(zmq.NewRep(o))
		join(t, ep, rep, req)
		go func() {
			for m, err := range rep.Messages(ctx) {
				if err != nil {
					return
				}
				rep.SendMessage(ctx, m)
			}
		}()
		for i := range 1000 {
			request := fmt.Sprint("request ", i)
			if err := req.Send(ctx, []byte(request)); err != nil {
				t.Fatal(err)
			}
			if m, err := req.Recv(ctx); err != nil || m.String() != request {
				t.Fatalf("reply to %s: %q, %v", request, m, err)
			}
			if m, err := req.Do(ctx, []byte(request)); err != nil || m.String() != request {
				t.Fatalf("Do of %s: %q, %v", request, m, err)
			}
		}
	})
}

func TestSubReceivesOnlySubscribedMessages(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		ctx := testContext(t)
		pub, sub := must(zmq.NewPub(o)), must(zmq.NewSub(o))
		check(sub.Subscribe("a"))
		join(t, ep, pub, sub)
		if err := sub.WaitSubscribed(ctx); err != nil {
			t.Fatal(err)
		}
		check(pub.Send(ctx, []byte("b1")))
		check(pub.Send(ctx, []byte("a1")))
		if m, err := sub.Recv(ctx); err != nil || m.String() != "a1" {
			t.Fatalf("received %q, %v\npub %+v\nsub %+v", m, err, pub.Stats(), sub.Stats())
		}
	})
}
