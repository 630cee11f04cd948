package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

func TestTasksSentBeforeTheEndAreDone(t *testing.T) {
	const tasks = 5000
	endpoint := exampletest.Endpoint(t)
	push, err := zmq.NewPush(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		t.Fatal(err)
	}
	defer push.Close()
	if err := push.Connect(endpoint); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	var ready atomic.Bool
	done, began := 0, make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- work(ctx, endpoint, &ready, func(task string) {
			if done == 0 {
				close(began)
			}
			if task != fmt.Sprint(done) {
				t.Errorf("task %s after %d tasks", task, done)
			}
			done++
		})
	}()
	for i := range tasks {
		if err := push.Send(t.Context(), fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := push.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-began
	stop()
	if err := <-ended; err != nil || done != tasks {
		t.Errorf("%d of %d tasks done, %v", done, tasks, err)
	}
	if ready.Load() {
		t.Error("still ready")
	}
}

func TestReadinessProbe(t *testing.T) {
	var ready atomic.Bool
	for want, on := range map[int]bool{503: false, 200: true} {
		ready.Store(on)
		w := httptest.NewRecorder()
		readiness(&ready).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != want {
			t.Errorf("status %d, want %d", w.Code, want)
		}
	}
}
