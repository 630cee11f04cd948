package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

// newFront returns a front and the endpoint of its workers.
func newFront(t *testing.T) (f front, endpoint string) {
	req, err := zmq.NewReq(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { req.Close() })
	endpoint = exampletest.Endpoint(t)
	if _, err := req.Bind(endpoint); err != nil {
		t.Fatal(err)
	}
	return front{req}, endpoint
}

func TestWorkersAnswerConcurrentRequests(t *testing.T) {
	f, endpoint := newFront(t)
	for range 3 {
		exampletest.Background(t, func(ctx context.Context) error { return work(ctx, endpoint) })
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			w := httptest.NewRecorder()
			f.ServeHTTP(w, httptest.NewRequest("POST", "/upper", strings.NewReader("hello")))
			if w.Code != 200 || w.Body.String() != "HELLO" {
				t.Errorf("status %d, %q", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
}

func TestFrontReportsErrors(t *testing.T) {
	f, endpoint := newFront(t)
	get := func(ctx context.Context, path, body string) int {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)).WithContext(ctx))
		return w.Code
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if code := get(gone, "/upper", "no worker is connected"); code != 503 {
		t.Errorf("status %d without a worker", code)
	}
	exampletest.Background(t, func(ctx context.Context) error { return work(ctx, endpoint) })
	if code := get(t.Context(), "/lower", ""); code != 404 {
		t.Errorf("status %d for an unknown path", code)
	}
	if code := get(t.Context(), "/upper", strings.Repeat("x", maxBody+1)); code != 413 {
		t.Errorf("status %d for a large body", code)
	}
}
