package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// msreader reads from two sockets with calls that do not wait (chapter 2): tasks of a
// ventilator (taskvent) and updates of a weather server (wuserver), tasks first.
//
// As in the Guide it is the version not to imitate: it polls every millisecond. mspoller
// waits instead.
func msreader(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("msreader", flag.ContinueOnError)
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
		for _, s := range []zmq.Receiver{tasks.Receiver, updates.Receiver} {
			m, err := s.TryRecv()
			for ; err == nil; m, err = s.TryRecv() {
				fmt.Fprintf(out, "%s: %s\n", s.Type(), m)
			}
			if !errors.Is(err, zmq.ErrWouldBlock) {
				return err
			}
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
