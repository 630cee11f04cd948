package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

// newBroker runs a broker and returns its endpoints.
func newBroker(t *testing.T) (clients, workers string) {
	clients, workers = exampletest.Endpoint(t), exampletest.Endpoint(t)
	exampletest.Background(t, func(ctx context.Context) error { return run(ctx, clients, workers) })
	return clients, workers
}

// newReq returns a REQ that is connected to an endpoint.
func newReq(t *testing.T, endpoint string) *zmq.Req {
	req, err := zmq.NewReq(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { req.Close() })
	if err := req.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	return req
}

// worker connects a worker to the broker. It calls do for each request.
func worker(t *testing.T, endpoint, name string, do func()) *zmq.Req {
	req := newReq(t, endpoint)
	go func() {
		reply := zmq.NewStringMessage("READY")
		for {
			request, err := req.DoMessage(context.Background(), reply)
			if err != nil {
				return // closed
			}
			do()
			frames := request.Frames()
			body := &frames[len(frames)-1]
			*body = fmt.Appendf(nil, "%s: %s", name, *body)
			reply = zmq.NewMessage(frames...)
		}
	}()
	return req
}

func ask(t *testing.T, req *zmq.Req, request string) string {
	reply, err := req.Do(t.Context(), []byte(request))
	if err != nil {
		t.Error(err)
	}
	return reply.String()
}

func TestRequestsGoToFreeWorkers(t *testing.T) {
	clients, workers := newBroker(t)
	client := newReq(t, clients)
	busy, release, first := make(chan struct{}), make(chan struct{}), make(chan string, 1)
	worker(t, workers, "slow", func() { close(busy); <-release })
	go func() { first <- ask(t, client, "first") }()
	<-busy
	worker(t, workers, "fast", func() {})
	for range 100 {
		if reply := ask(t, client, "x"); reply != "fast: x" {
			t.Fatal(reply)
		}
	}
	close(release)
	if reply := <-first; reply != "slow: first" {
		t.Error(reply)
	}
}

func TestDisconnectedWorkerGetsNoRequests(t *testing.T) {
	clients, workers := newBroker(t)
	client := newReq(t, clients)
	gone := worker(t, workers, "gone", func() {})
	if reply := ask(t, client, "a"); reply != "gone: a" {
		t.Error(reply)
	}
	gone.Close()
	worker(t, workers, "next", func() {})
	if reply := ask(t, client, "b"); reply != "next: b" {
		t.Error(reply)
	}
}

func TestPythonWorkersServeCClients(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler (gcc)")
	}
	client := filepath.Join(t.TempDir(), "client")
	if out, err := exec.Command(cc, "-o", client, "client/client.c", "-lzmq").CombinedOutput(); err != nil {
		if os.Getenv("ZMQ_INTEROP_REQUIRED") != "" {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Skip("no headers of libzmq (libzmq3-dev)")
	}
	clients, workers := newBroker(t)
	for range 2 {
		w := exampletest.Python(t, "worker.py", workers)
		if err := w.Start(); err != nil {
			t.Fatal(err)
		}
		defer w.Wait()
		defer w.Process.Kill()
	}
	out, err := exec.CommandContext(t.Context(), client, clients, "hello", "world").CombinedOutput()
	if err != nil || string(out) != "HELLO\nWORLD\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestBrokerReportsEndpointInUse(t *testing.T) {
	endpoint := exampletest.Endpoint(t)
	if err := run(t.Context(), endpoint, endpoint); err == nil || errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
