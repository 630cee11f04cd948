package zmq_test

import (
	"context"
	"testing"

	"github.com/zerobroker/zmq"
)

// flow sends from one socket to another.
type flow struct {
	name string
	send func(body []byte) error
	recv func() error
}

// flows connects pairs of sockets over inproc, one for each sending type that
// does not alternate.
func flows(t *testing.T) (list []flow) {
	ctx := context.Background()
	o := inprocOptions()
	o.SendHWM, o.RecvHWM = zmq.Unlimited, zmq.Unlimited
	join := func(name string, binds, connects connector) { join(t, "inproc://"+name, binds, connects) }
	add := func(name string, send func([]byte) error, recv func() error) {
		list = append(list, flow{name, send, recv})
	}
	receive := func(r zmq.Receiver) func() error {
		return func() error { _, err := r.Recv(ctx); return err }
	}

	push, pull := must(zmq.NewPush(o.For(zmq.TypePush))), must(zmq.NewPull(o.For(zmq.TypePull)))
	join("push", pull, push)
	add("PUSH", func(b []byte) error { return push.Send(ctx, b) }, receive(pull.Receiver))

	pub, sub := must(zmq.NewPub(o.For(zmq.TypePub))), must(zmq.NewSub(o.For(zmq.TypeSub)))
	sub.Subscribe("")
	join("pub", pub, sub)
	add("PUB", func(b []byte) error { return pub.Send(ctx, b) }, receive(sub.Receiver))

	dealer, router := must(zmq.NewDealer(o)), must(zmq.NewRouter(o))
	join("dealer", router, dealer)
	add("DEALER", func(b []byte) error { return dealer.Send(ctx, b) }, receive(router.Receiver))
	dealer.Send(ctx, nil)
	id := must(router.Recv(ctx)).RoutingID()
	add("ROUTER", func(b []byte) error { return router.SendTo(ctx, id, b) }, receive(dealer.Receiver))

	client, server := must(zmq.NewClient(o)), must(zmq.NewServer(o))
	join("client", server, client)
	add("CLIENT", func(b []byte) error { return client.Send(ctx, b) }, receive(server.Receiver))
	client.Send(ctx, nil)
	number := must(server.Recv(ctx)).RoutingNumber()
	add("SERVER", func(b []byte) error { return server.SendTo(ctx, number, b) }, receive(client.Receiver))

	scatter, gather := must(zmq.NewScatter(o.For(zmq.TypeScatter))), must(zmq.NewGather(o.For(zmq.TypeGather)))
	join("scatter", gather, scatter)
	add("SCATTER", func(b []byte) error { return scatter.Send(ctx, b) }, receive(gather.Receiver))

	channel, other := must(zmq.NewChannel(o)), must(zmq.NewChannel(o))
	join("channel", other, channel)
	add("CHANNEL", func(b []byte) error { return channel.Send(ctx, b) }, receive(other.Receiver))

	radio, dish := must(zmq.NewRadio(o.For(zmq.TypeRadio))), must(zmq.NewDish(o.For(zmq.TypeDish)))
	const group = "a group whose name does not fit in a small buffer"
	dish.Join(group)
	join("radio", radio, dish)
	add("RADIO", func(b []byte) error {
		return radio.Send(ctx, group, b)
	}, func() error { _, err := dish.Recv(ctx); return err })
	return list
}

// The memory of the queues is allocated for many messages at once.
func TestSendAndRecvOfOneFrameDoNotAllocate(t *testing.T) {
	const run = 1000
	body := make([]byte, 10)
	for _, f := range flows(t) {
		n := testing.AllocsPerRun(5, func() {
			for range run {
				if err := f.send(body); err != nil {
					t.Fatal(f.name, err)
				}
			}
			for range run {
				if err := f.recv(); err != nil {
					t.Fatal(f.name, err)
				}
			}
		})
		t.Logf("%s: %.3f", f.name, n/run)
		if n/run > 0.1 {
			t.Errorf("%s: %.3f allocations for each message", f.name, n/run)
		}
	}
}

// batchFlow sends and receives a batch.
type batchFlow struct {
	name string
	send func(msgs []zmq.Message) (int, error)
	recv zmq.Receiver
}

// Neither SendBatch, RecvBatch nor a loop over Messages allocates for each message.
func TestBatchesAndLoopsOfOneFrameDoNotAllocate(t *testing.T) {
	ctx := context.Background()
	o := inprocOptions()
	o.SendHWM, o.RecvHWM = zmq.Unlimited, zmq.Unlimited
	join := func(name string, binds, connects connector) { join(t, "inproc://"+name, binds, connects) }
	push, pull := must(zmq.NewPush(o.For(zmq.TypePush))), must(zmq.NewPull(o.For(zmq.TypePull)))
	join("push", pull, push)
	pub, sub := must(zmq.NewPub(o.For(zmq.TypePub))), must(zmq.NewSub(o.For(zmq.TypeSub)))
	sub.Subscribe("")
	join("pub", pub, sub)
	dealer, router := must(zmq.NewDealer(o)), must(zmq.NewRouter(o))
	join("dealer", router, dealer)
	dealer.Send(ctx, nil)
	id := must(router.Recv(ctx)).RoutingID()
	client, server := must(zmq.NewClient(o)), must(zmq.NewServer(o))
	join("client", server, client)
	client.Send(ctx, nil)
	number := must(server.Recv(ctx)).RoutingNumber()
	channel, other := must(zmq.NewChannel(o)), must(zmq.NewChannel(o))
	join("channel", other, channel)

	with := func(send func(context.Context, []zmq.Message) (int, error)) func([]zmq.Message) (int, error) {
		return func(msgs []zmq.Message) (int, error) { return send(ctx, msgs) }
	}
	const run = 1024
	msgs, received := make([]zmq.Message, run), make([]zmq.Message, 64)
	for i := range msgs {
		msgs[i] = zmq.NewMessage(make([]byte, 10))
	}
	for _, f := range []batchFlow{
		{"PUSH", with(push.SendBatch), pull.Receiver},
		{"PUB", with(pub.SendBatch), sub.Receiver},
		{"DEALER", with(dealer.SendBatch), router.Receiver},
		{"ROUTER", func(msgs []zmq.Message) (int, error) { return router.SendBatchTo(ctx, id, msgs) }, dealer.Receiver},
		{"CLIENT", with(client.SendBatch), server.Receiver},
		{"SERVER", func(msgs []zmq.Message) (int, error) { return server.SendBatchTo(ctx, number, msgs) }, client.Receiver},
		{"CHANNEL", with(channel.SendBatch), other.Receiver},
	} {
		for name, recv := range map[string]func(){
			"batches": func() {
				for left := run; left > 0; {
					n, err := f.recv.RecvBatch(ctx, received)
					if err != nil {
						t.Fatal(f.name, err)
					}
					left -= n
				}
			},
			"a loop": func() {
				left := run
				for _, err := range f.recv.Messages(ctx) {
					if err != nil {
						t.Fatal(f.name, err)
					}
					if left--; left == 0 {
						break
					}
				}
			},
		} {
			n := testing.AllocsPerRun(5, func() {
				if k, err := f.send(msgs); k != run || err != nil {
					t.Fatal(f.name, k, err)
				}
				recv()
			})
			t.Logf("%s, %s: %.3f", f.name, name, n/run)
			if n/run > 0.1 {
				t.Errorf("%s, %s: %.3f allocations for each message", f.name, name, n/run)
			}
		}
	}
}
