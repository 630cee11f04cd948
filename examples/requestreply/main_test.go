package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

func TestAskReturnsGreeting(t *testing.T) {
	endpoint := exampletest.Endpoint(t)
	exampletest.Background(t, func(ctx context.Context) error { return serve(ctx, endpoint) })
	for _, name := range []string{"world", "again"} {
		reply, err := ask(t.Context(), endpoint, name)
		if err != nil || reply != "hello, "+name {
			t.Errorf("%q, %v", reply, err)
		}
	}
}

func TestAskWithoutServerEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := ask(ctx, exampletest.Endpoint(t), "world"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
