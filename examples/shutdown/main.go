// Command shutdown is a worker that ends without losing tasks, as Kubernetes expects of a
// pod: at SIGTERM it reports that it is not ready, receives what its peers have
// already written, does these tasks, and ends before the grace period does.
//
//	go run ./shutdown tcp://127.0.0.1:5557 127.0.0.1:8080
//	zmq push --connect tcp://127.0.0.1:5557 one two three
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/zerobroker/zmq"
)

// grace is how long work may take to end. It is less than the pod's
// terminationGracePeriodSeconds, which is 30 by default.
const grace = 20 * time.Second

// work binds a PULL and does its tasks until ctx ends, and then those that have been sent to it.
// ready becomes true when tasks can be sent, and false when ctx ends.
func work(ctx context.Context, endpoint string, ready *atomic.Bool, do func(task string)) error {
	pull, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer pull.Close()
	if _, err := pull.Bind(endpoint); err != nil {
		return err
	}
	ready.Store(true)

	receiving, endReceiving := context.WithCancel(context.Background())
	defer endReceiving()
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ready.Store(false)
		limit, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		stopped <- pull.StopReceiving(limit) // peers send their next tasks to other workers
		endReceiving()
	})
	for task, err := range pull.Messages(receiving) {
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			return err
		}
		do(task.String())
	}
	for { // tasks that are queued
		task, err := pull.TryRecv()
		if errors.Is(err, zmq.ErrWouldBlock) {
			return <-stopped
		}
		if err != nil {
			return err
		}
		do(task.String())
	}
}

// readiness answers the readiness probe of the pod.
func readiness(ready *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) != 3 {
		log.Fatal("usage: shutdown ENDPOINT PROBE")
	}
	l, err := net.Listen("tcp", os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	var ready atomic.Bool
	go http.Serve(l, readiness(&ready))
	if err := work(ctx, os.Args[1], &ready, func(task string) { fmt.Println("done:", task) }); err != nil {
		log.Fatal(err)
	}
}
