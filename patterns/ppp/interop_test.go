package ppp

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const interpreter = "/usr/bin/python3"

// pyzmq starts testdata/pirate.py and returns the lines of its output. The process ends
// with the test. The test is skipped if pyzmq is missing.
func pyzmq(t *testing.T, arguments ...string) *bufio.Scanner {
	t.Helper()
	if out, err := exec.Command(interpreter, "-I", "-c", "import zmq").CombinedOutput(); err != nil {
		if os.Getenv("ZMQ_INTEROP_REQUIRED") == "1" {
			t.Fatalf("ZMQ_INTEROP_REQUIRED=1, but no pyzmq: %v: %s", err, out)
		}
		t.Skipf("no pyzmq for %s: %v", interpreter, err)
	}
	cmd := exec.Command(interpreter, append([]string{"-I", "testdata/pirate.py"}, arguments...)...)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		kill.Stop()
		stdin.Close()
		cmd.Wait()
	})
	return bufio.NewScanner(stdout)
}

// line returns the next line.
func line(t *testing.T, s *bufio.Scanner) string {
	t.Helper()
	if !s.Scan() {
		t.Fatalf("the process ended: %v", s.Err())
	}
	return s.Text()
}

const (
	testInterval = 100 * time.Millisecond // that of pirate.py
	testLiveness = 50                     // a busy machine delays heartbeats
)

func TestQueueServesPyzmqClientsAndWorkers(t *testing.T) {
	q := openQueue(t, &QueueOptions{HeartbeatInterval: testInterval, Liveness: testLiveness}, "ipc://*", "ipc://*")
	clients, workers := bind(t, q, "tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
	for _, requests := range []string{"7", "1000"} { // the first ends with a request
		want(t, "worker", line(t, pyzmq(t, "worker", workers, requests)), "ready")
	}
	first, second := pyzmq(t, "client", clients, "20"), pyzmq(t, "client", clients, "20")
	want(t, "first client", line(t, first), "ok")
	want(t, "second client", line(t, second), "ok")
	s := q.Stats()
	if s.Requests < 40 || s.Replies < 40 || s.Retries != 1 || s.Drops.Malformed+s.Drops.UnknownWorker+s.Drops.StaleReply != 0 {
		t.Errorf("%+v", s)
	}
}

func TestQueuePassesOneAddressToPyzmqWorker(t *testing.T) {
	q := openQueue(t, &QueueOptions{HeartbeatInterval: testInterval, Liveness: testLiveness}, "ipc://*", "ipc://*")
	clients, workers := bind(t, q, "tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
	pyzmq(t, "worker", workers, "1000")
	c := openClient(t, &ClientOptions{Timeout: 20 * time.Second}, clients)
	reply, err := c.Request(t.Context(), []byte("x")) // its envelope has two frames
	if err != nil || string(reply.Bytes()) != "python x" {
		t.Errorf("%v, %v", reply, err)
	}
}

func TestWorkerAndClientsWithPyzmqQueue(t *testing.T) {
	endpoints := strings.Fields(line(t, pyzmq(t, "queue")))
	worker := openWorker(t, endpoints[1], echo, &WorkerOptions{HeartbeatInterval: testInterval, Liveness: testLiveness})
	client := openClient(t, nil, endpoints[0])
	foreign := pyzmq(t, "client", endpoints[0], "20")
	for n := range 20 {
		body := fmt.Sprint(n)
		reply, err := client.Request(t.Context(), []byte(body))
		if err != nil || string(reply.Bytes()) != body {
			t.Fatalf("request %d: %v, %v", n, reply, err)
		}
	}
	want(t, "pyzmq client", line(t, foreign), "ok")
	// The queue has sent heartbeats, so the conversation is still the first.
	if s := worker.Stats(); s.Replies < 40 || s.Expired != 0 || s.Lost != 0 || s.Drops != (WorkerDrops{}) {
		t.Errorf("%+v", s)
	}
}
