package mdp_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/zerobroker/zmq/patterns/mdp"
)

const python = "/usr/bin/python3"

// requirePyzmq skips the test without pyzmq, or fails it if ZMQ_INTEROP_REQUIRED is 1.
func requirePyzmq(t *testing.T) {
	t.Helper()
	if err := exec.Command(python, "-c", "import zmq").Run(); err != nil {
		if os.Getenv("ZMQ_INTEROP_REQUIRED") == "1" {
			t.Fatalf("%s without pyzmq: %v", python, err)
		}
		t.Skipf("%s without pyzmq: %v", python, err)
	}
}

func startPeer(t *testing.T, input string, args ...string) (output *bytes.Buffer, wait func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	cmd := exec.CommandContext(ctx, python, append([]string{"testdata/peer.py"}, args...)...)
	output = new(bytes.Buffer)
	cmd.Stdin = bytes.NewReader([]byte(input))
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cancel(); <-ended })
	return output, func() {
		t.Helper()
		err := <-ended
		ended <- nil
		if err != nil {
			t.Errorf("%v: %v\n%s", args, err, output)
		}
	}
}

// Clients and workers with pyzmq, of both versions, with the broker and with each other.
func TestBrokerServesPyzmqClientsAndWorkers(t *testing.T) {
	requirePyzmq(t)
	for _, workerVersion := range []string{"1", "2"} {
		b, err := mdp.NewBroker(&mdp.BrokerOptions{Heartbeat: 500 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		endpoint, err := b.Bind("tcp://127.0.0.1:*")
		if err != nil {
			t.Fatal(err)
		}
		_, waitWorker := startPeer(t, "", "worker", workerVersion, endpoint)
		c, err := mdp.NewClient(endpoint, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if m, err := c.Do(t.Context(), "echo", []byte("a"), []byte("b")); err != nil || m.String() != "A\tB" {
			t.Errorf("worker of version %s: reply %q, %v", workerVersion, m, err)
		}
		for _, clientVersion := range []string{"1", "2"} {
			output, wait := startPeer(t, "echo hello world\nmmi.service echo\nmmi.service none\nmmi.none x\n", "client", clientVersion, endpoint)
			wait()
			want := "final HELLO WORLD\nfinal 200\nfinal 404\nfinal 501\n"
			if clientVersion == "2" && workerVersion == "2" {
				want = "partial partial\n" + want
			}
			if output.String() != want {
				t.Errorf("client of version %s, worker of version %s:\n%swant\n%s", clientVersion, workerVersion, output, want)
			}
		}
		if _, err := c.Do(t.Context(), "echo", []byte("stop")); err != nil {
			t.Error(err)
		}
		waitWorker()
		if s := b.Stats(); s.WorkersLost > 0 {
			t.Errorf("%+v", s)
		}
	}
}

// A worker with pyzmq that the broker does not know gets DISCONNECT, and registers again.
func TestPyzmqWorkerRegistersAtRestartedBroker(t *testing.T) {
	requirePyzmq(t)
	o := &mdp.BrokerOptions{Heartbeat: 500 * time.Millisecond}
	b, err := mdp.NewBroker(o)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := b.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	startPeer(t, "", "worker", "2", endpoint)
	c, err := mdp.NewClient(endpoint, &mdp.ClientOptions{Retries: 5, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		if _, err := c.Do(t.Context(), "echo", []byte("a")); err != nil {
			t.Fatal(err)
		}
		b.Close()
		if b, err = mdp.NewBroker(o); err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		for begin := time.Now(); ; {
			_, err := b.Bind(endpoint)
			if err == nil {
				break
			}
			if time.Since(begin) > 5*time.Second || errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
	}
	if _, err := c.Do(t.Context(), "echo", []byte("a")); err != nil {
		t.Fatal(err)
	}
}
