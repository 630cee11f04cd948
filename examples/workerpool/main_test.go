package main

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

func TestEachTaskIsDoneOnce(t *testing.T) {
	tasks, results := exampletest.Endpoint(t), exampletest.Endpoint(t)
	for range 3 {
		exampletest.Background(t, func(ctx context.Context) error {
			return work(ctx, tasks, results, func(task string) string { return task })
		})
	}
	done, err := distribute(t.Context(), tasks, results, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var numbers, want []int
	for i, text := range done {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		numbers, want = append(numbers, n), append(want, i)
	}
	if slices.Sort(numbers); !slices.Equal(numbers, want) || len(done) != 1000 {
		t.Errorf("%d results: %v", len(done), numbers)
	}
}
