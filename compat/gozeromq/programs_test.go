package zmq4_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	zmq4 "github.com/zerobroker/zmq/compat/gozeromq"
)

// The tests of this file behave as the example programs of the original do, with the two
// sides of each in one process.

// hwserver and hwclient: a REP answers the ten requests of a REQ.
func Example() {
	ctx := context.Background()
	server := zmq4.NewRep(ctx)
	defer server.Close()
	if err := server.Listen("tcp://127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	go func() {
		for {
			m, err := server.Recv()
			if err != nil {
				return // closed
			}
			if err := server.Send(zmq4.NewMsgString(string(m.Bytes()) + " World")); err != nil {
				return
			}
		}
	}()

	client := zmq4.NewReq(ctx, zmq4.WithDialerRetry(time.Second))
	defer client.Close()
	if err := client.Dial("tcp://" + server.Addr().String()); err != nil {
		log.Fatal(err)
	}
	for range 10 {
		if err := client.Send(zmq4.NewMsgString("Hello")); err != nil {
			log.Fatal(err)
		}
		m, err := client.Recv()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(m, " ")
	}
	// Output: Msg{Frames:{"Hello World"}} Msg{Frames:{"Hello World"}} Msg{Frames:{"Hello World"}} Msg{Frames:{"Hello World"}} Msg{Frames:{"Hello World"}} Msg{Frames:{"Hello World"}} Msg{Frames:{"Hello World"}} Msg{Frames:{"Hello World"}} Msg{Frames:{"Hello World"}} Msg{Frames:{"Hello World"}}
}

// psenvpub and psenvsub: messages with an address frame, of which a subscriber receives
// those of one address.
func TestPublishSubscribeEnvelopeProgram(t *testing.T) {
	pub, sub := zmq4.NewPub(bg), zmq4.NewSub(bg)
	dial(t, sub, listen(t, pub))
	check(t, sub.SetOption(zmq4.OptionSubscribe, "B"))
	stop := make(chan struct{})
	var publisher sync.WaitGroup
	defer publisher.Wait()
	defer close(stop)
	publisher.Go(func() {
		for {
			for _, address := range []string{"A", "B"} {
				if err := pub.Send(zmq4.NewMsgFrom([]byte(address), []byte("for "+address))); err != nil {
					t.Error(err)
				}
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	for range 3 {
		if got := recv(t, sub); got != "B|for B" {
			t.Errorf("received %q", got)
		}
	}
}

// rrclient and rrworker, with a proxy of ROUTER and DEALER between them.
func TestRequestReplyBrokerProgram(t *testing.T) {
	front, back := zmq4.NewRouter(bg), zmq4.NewDealer(bg)
	clients, workers := listen(t, front), listen(t, back)
	proxy := zmq4.NewProxy(bg, front, back, nil)
	defer func() {
		proxy.Kill()
		check(t, proxy.Run())
	}()
	for range 2 {
		w := zmq4.NewRep(bg)
		dial(t, w, workers)
		go func() {
			for {
				if _, err := w.Recv(); err != nil {
					return
				}
				if err := w.Send(zmq4.NewMsgString("World")); err != nil {
					return
				}
			}
		}()
	}
	client := zmq4.NewReq(bg)
	dial(t, client, clients)
	for range 10 {
		check(t, client.Send(zmq4.NewMsgString("Hello")))
		if got := recv(t, client); got != "World" {
			t.Errorf("reply %q", got)
		}
	}
}

// rtdealer: a ROUTER gives work to ten DEALERs that ask for it, until it dismisses them.
func TestRouterToDealerProgram(t *testing.T) {
	const workers = 10
	router := zmq4.NewRouter(bg, zmq4.WithID(zmq4.SocketIdentity("router")))
	endpoint := listen(t, router)
	var working sync.WaitGroup
	done := make([]int, workers)
	for i := range workers {
		working.Go(func() {
			dealer := zmq4.NewDealer(bg, zmq4.WithID(zmq4.SocketIdentity(fmt.Sprintf("worker-%d", i))))
			defer dealer.Close()
			if err := dealer.Dial(endpoint); err != nil {
				t.Error(err)
				return
			}
			for {
				if err := dealer.Send(zmq4.NewMsgFrom(nil, []byte("ready"))); err != nil {
					t.Error(err)
				}
				m, err := dealer.Recv()
				if err != nil || string(m.Frames[1]) == "Fired!" {
					return
				}
				done[i]++
			}
		})
	}
	tasks := map[string]int{}
	for fired := 0; fired < workers; {
		m, err := router.Recv()
		check(t, err)
		id, reply := string(m.Frames[0]), "Work Harder!"
		if tasks[id]++; tasks[id] > 5 {
			reply = "Fired!"
			fired++
		}
		check(t, router.SendMulti(zmq4.NewMsgFrom([]byte(id), nil, []byte(reply))))
	}
	working.Wait()
	for i := range workers {
		if id := fmt.Sprintf("worker-%d", i); done[i] != 5 || tasks[id] != 6 {
			t.Errorf("%s did %d tasks", id, done[i])
		}
	}
	check(t, router.Send(zmq4.NewMsgFrom([]byte("nobody"), []byte("x"))))
}

// A REQ of libzmq and one of this package at the same REP.
func TestPyzmqClient(t *testing.T) {
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-I", "-c", "import zmq").CombinedOutput(); err != nil {
		if os.Getenv("ZMQ_INTEROP_REQUIRED") == "1" {
			t.Fatalf("ZMQ_INTEROP_REQUIRED=1, but no pyzmq: %v: %s", err, out)
		}
		t.Skipf("no pyzmq for %s: %v", python, err)
	}
	rep := zmq4.NewRep(bg)
	endpoint := listen(t, rep)
	ctx, cancel := context.WithTimeout(bg, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "-I", "-c", `
import sys, zmq
s = zmq.Context().socket(zmq.REQ)
s.linger = 0
s.rcvtimeo = 20000
s.connect(sys.argv[1])
s.send_multipart([b"a", b"b"])
print(s.recv_multipart())
`, endpoint)
	answered := make(chan error, 1)
	go func() {
		m, err := rep.Recv()
		if err == nil {
			err = rep.Send(zmq4.NewMsgFrom(append(m.Frames, []byte("c"))...))
		}
		answered <- err
	}()
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "[b'a', b'b', b'c']\n" {
		t.Errorf("the client printed %q, %v", out, err)
	}
	check(t, <-answered)
}
