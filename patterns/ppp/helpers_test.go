package ppp

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
)

func echo(_ context.Context, request zmq.Message) (zmq.Message, error) { return request, nil }

func openQueue(t *testing.T, o *QueueOptions, clients, workers string) *Queue {
	t.Helper()
	q, err := NewQueue(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	bind(t, q, clients, workers)
	return q
}

// bind binds a queue and returns the endpoints.
func bind(t *testing.T, q *Queue, clients, workers string) (c, w string) {
	t.Helper()
	c, err := q.BindClients(clients)
	if err != nil {
		t.Fatal(err)
	}
	w, err = q.BindWorkers(workers)
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

func openWorker(t *testing.T, endpoint string, h Handler, o *WorkerOptions) *Worker {
	t.Helper()
	w, err := NewWorker(endpoint, h, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func openClient(t *testing.T, o *ClientOptions, endpoints ...string) *Client {
	t.Helper()
	c, err := NewClient(endpoints, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// text returns the frames of a message, separated by "|".
func text(m zmq.Message) string {
	var b []string
	for _, f := range m.Frames() {
		b = append(b, string(f))
	}
	return strings.Join(b, "|")
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, fmt.Sprint(got), fmt.Sprint(want))
	}
}
