// Command workerpool distributes tasks among workers and collects their results. Workers
// may be added and removed at any time.
//
//	go run ./workerpool distribute tcp://127.0.0.1:5557 tcp://127.0.0.1:5558 100
//	go run ./workerpool work tcp://127.0.0.1:5557 tcp://127.0.0.1:5558    # any number of these
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/zerobroker/zmq"
)

// distribute sends n tasks, and returns their results in the order of their arrival.
// A task is its number. A PUSH gives tasks to its workers in turn, and many of them wait
// in the queues of a worker and of its connection. That is fast for many short tasks.
// For tasks that take long, or that differ, see ../loadbalancer.
func distribute(ctx context.Context, tasks, results string, n int) ([]string, error) {
	push, err := zmq.NewPush(nil)
	if err != nil {
		return nil, err
	}
	defer push.Close()
	pull, err := zmq.NewPull(nil)
	if err != nil {
		return nil, err
	}
	defer pull.Close()
	if _, err := push.Bind(tasks); err != nil {
		return nil, err
	}
	if _, err := pull.Bind(results); err != nil {
		return nil, err
	}

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for i := range n {
			if err := push.Send(ctx, []byte(strconv.Itoa(i))); err != nil { // waits for a worker
				return err
			}
		}
		return nil
	})
	var list []string
	g.Go(func() error {
		for range n {
			m, err := pull.Recv(ctx)
			if err != nil {
				return err
			}
			list = append(list, m.String())
		}
		return nil
	})
	return list, g.Wait()
}

// work does tasks until ctx ends. It takes the next task when it has sent the
// result of the one before.
func work(ctx context.Context, tasks, results string, do func(task string) string) error {
	pull, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer pull.Close()
	push, err := zmq.NewPush(nil)
	if err != nil {
		return err
	}
	defer push.Close() // writes the last results
	if err := pull.Connect(tasks); err != nil {
		return err
	}
	if err := push.Connect(results); err != nil {
		return err
	}
	for task, err := range pull.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := push.Send(ctx, []byte(do(task.String()))); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	args := os.Args[1:]
	switch {
	case len(args) == 4 && args[0] == "distribute":
		n, err := strconv.Atoi(args[3])
		if err != nil {
			log.Fatal(err)
		}
		results, err := distribute(ctx, args[1], args[2], n)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(strings.Join(results, "\n"))
	case len(args) == 3 && args[0] == "work":
		name := fmt.Sprint("worker ", os.Getpid())
		err := work(ctx, args[1], args[2], func(task string) string { return name + " did task " + task })
		if ctx.Err() == nil {
			log.Fatal(err)
		}
	default:
		log.Fatal("usage: workerpool distribute TASKS RESULTS N | workerpool work TASKS RESULTS")
	}
}
