// Command selectloop serves two sockets, a Go channel and a timer in one goroutine: lines
// from the terminal become orders, and prices arrive from a publisher.
//
//	go run ./selectloop tcp://127.0.0.1:5561 tcp://127.0.0.1:5562
//	zmq pub --bind tcp://127.0.0.1:5562 'tea 3'    # publishes a price
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/zerobroker/zmq"
)

// trade receives orders from other programs at one endpoint, prices from a publisher at
// another, and commands from a channel, until commands is closed or ctx ends. It writes
// a line for each of them, and one when nothing has happened for the time quiet.
func trade(ctx context.Context, w io.Writer, orders, prices string, commands <-chan string, quiet time.Duration) error {
	pull, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer pull.Close()
	sub, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer sub.Close()
	if _, err := pull.Bind(orders); err != nil {
		return err
	}
	if err := sub.Subscribe(""); err != nil {
		return err
	}
	if err := sub.Connect(prices); err != nil {
		return err
	}

	idle := time.NewTimer(quiet)
	for {
		select {
		case <-pull.Ready(): // a message may be waiting: TryRecv takes it
			if m, err := pull.TryRecv(); err == nil {
				fmt.Fprintln(w, "order:", m)
			}
		case <-sub.Ready():
			if m, err := sub.TryRecv(); err == nil {
				fmt.Fprintln(w, "price:", m)
			}
		case command, ok := <-commands:
			if !ok {
				return nil
			}
			fmt.Fprintln(w, "command:", command)
		case <-idle.C:
			fmt.Fprintln(w, "quiet")
		case <-ctx.Done():
			return ctx.Err()
		}
		idle.Reset(quiet)
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		log.Fatal("usage: selectloop ORDERS PRICES")
	}
	commands := make(chan string)
	go func() {
		defer close(commands)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			commands <- in.Text()
		}
	}()
	if err := trade(ctx, os.Stdout, os.Args[1], os.Args[2], commands, time.Minute); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}
