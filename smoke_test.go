package zmq_test

import (
	"fmt"
	"testing"

	"github.com/zerobroker/zmq"
)

func TestSmoke(t *testing.T) {
	for _, ep := range []string{"tcp://127.0.0.1:*", "ipc://*", "inproc://x"} {
		t.Run(ep, func(t *testing.T) {
			ctx := bounded(t)
			pull, err := zmq.NewPull(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer pull.Close()
			bound, err := pull.Bind(ep)
			if err != nil {
				t.Fatal(err)
			}
			push, _ := zmq.NewPush(nil)
			if err := push.Connect(bound); err != nil {
				t.Fatal(err)
			}
			go func() {
				for i := range 100000 {
					if err := push.Send(ctx, []byte(fmt.Sprint(i)), []byte("x")); err != nil {
						t.Error(err)
						return
					}
				}
				push.Send(ctx, make([]byte, 16<<20))
				push.Close()
			}()
			for i := range 100000 {
				m, err := pull.Recv(ctx)
				if err != nil {
					t.Fatal(i, err)
				}
				if m.NumFrames() != 2 || string(m.Frame(0)) != fmt.Sprint(i) {
					t.Fatalf("%d: %v", i, m)
				}
			}
			m, err := pull.Recv(ctx)
			if err != nil || m.Size() != 16<<20 {
				t.Fatal(err, m.Size())
			}
		})
	}
}

func TestSmokeReq(t *testing.T) {
	ctx := bounded(t)
	for _, ep := range []string{"tcp://127.0.0.1:*", "inproc://y"} {
		rep, _ := zmq.NewRep(nil)
		bound, err := rep.Bind(ep)
		if err != nil {
			t.Fatal(err)
		}
		req, _ := zmq.NewReq(nil)
		req.Connect(bound)
		go func() {
			for m, err := range rep.Messages(ctx) {
				if err != nil {
					return
				}
				rep.SendMessage(ctx, m)
			}
		}()
		for i := range 1000 {
			if err := req.Send(ctx, []byte(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
			m, err := req.Recv(ctx)
			if err != nil || m.String() != fmt.Sprint(i) {
				t.Fatal(err, m)
			}
			m, err = req.Do(ctx, []byte(fmt.Sprint(i)))
			if err != nil || m.String() != fmt.Sprint(i) {
				t.Fatal(err, m)
			}
		}
		req.Close()
		rep.Close()
	}
}

func TestSmokePub(t *testing.T) {
	ctx := bounded(t)
	for _, ep := range []string{"tcp://127.0.0.1:*", "inproc://z"} {
		pub, _ := zmq.NewPub(nil)
		bound, err := pub.Bind(ep)
		if err != nil {
			t.Fatal(err)
		}
		sub, _ := zmq.NewSub(nil)
		sub.Subscribe("a")
		sub.Connect(bound)
		if err := sub.WaitSubscribed(ctx); err != nil {
			t.Fatal(err)
		}
		pub.Send(ctx, []byte("b1"))
		pub.Send(ctx, []byte("a1"))
		m, err := sub.Recv(ctx)
		if err != nil || m.String() != "a1" {
			t.Fatalf("%s %v %v\npub %+v\nsub %+v", ep, err, m, pub.Stats(), sub.Stats())
		}
		pub.Close()
		sub.Close()
	}
}
