package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// mspoller waits for messages of two sockets (chapter 2): tasks of a ventilator
// (taskvent) and updates of a weather server (wuserver).
//
// The C program calls zmq_poll. Here [zmq.Receiver.Ready] makes a socket a case of a
// select statement, next to the end of ctx. A [zmq.Poller] is for sockets whose number
// changes; a goroutine for each socket is often simpler than both.
func mspoller(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("mspoller", flag.ContinueOnError)
	ventilator := flags.String("ventilator", "tcp://127.0.0.1:5557", "endpoint of the ventilator")
	weather := flags.String("weather", "tcp://127.0.0.1:5556", "endpoint of the weather server")
	if err := flags.Parse(args); err != nil {
		return err
	}

	tasks, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer tasks.Close()
	if err := tasks.Connect(*ventilator); err != nil {
		return err
	}
	updates, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer updates.Close()
	if err := updates.Connect(*weather); err != nil {
		return err
	}
	if err := updates.Subscribe("10001 "); err != nil {
		return err
	}

	for {
		var m zmq.Message
		var err error
		select {
		case <-tasks.Ready():
			if m, err = tasks.TryRecv(); err == nil {
				fmt.Fprintf(out, "task: %s\n", m)
			}
		case <-updates.Ready():
			if m, err = updates.TryRecv(); err == nil {
				fmt.Fprintf(out, "update: %s\n", m)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil && !errors.Is(err, zmq.ErrWouldBlock) {
			return err
		}
	}
}
