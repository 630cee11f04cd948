package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/zerobroker/zmq"
)

// dechat is a chat without a server (chapter 8): each participant publishes lines of its
// standard input, and subscribes to all 254 addresses of its network.
//
//	go run ./zguide dechat 192.168.55.123 eth0 joe
//
// Addresses without a participant are retried in the background. The program ends at
// the end of the input, or with ctx, while a read of the input may still wait.
func dechat(ctx context.Context, out io.Writer, args []string) error {
	return dechatFrom(ctx, os.Stdin, out, args)
}

func dechatFrom(ctx context.Context, in io.Reader, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("dechat", flag.ContinueOnError)
	at := flags.String("at", "tcp://", "prefix of the endpoints")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dot := strings.LastIndex(flags.Arg(0), ".")
	if flags.NArg() != 3 || dot < 0 {
		return errors.New("usage: dechat ADDRESS INTERFACE USER, such as dechat 192.168.55.123 eth0 joe")
	}
	network, iface, user := flags.Arg(0)[:dot+1], flags.Arg(1), flags.Arg(2)

	broadcaster, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer broadcaster.Shutdown(ctx)
	if _, err := broadcaster.Bind(*at + iface + ":9000"); err != nil {
		return err
	}
	listener, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := listener.Subscribe(""); err != nil {
		return err
	}
	for host := 1; host < 255; host++ {
		if err := listener.Connect(fmt.Sprintf("%s%s%d:9000", *at, network, host)); err != nil {
			return err
		}
	}

	received, lines := make(chan zmq.Message), make(chan string)
	go listener.Deliver(ctx, received)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case m := <-received:
			fmt.Fprint(out, m)
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if err := broadcaster.Send(ctx, fmt.Appendf(nil, "%s: %s\n", user, line)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
