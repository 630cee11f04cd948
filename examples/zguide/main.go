// The programs of the ZeroMQ Guide (https://zguide.zeromq.org), written for
// [github.com/zerobroker/zmq]. Each program is a function in a file of its name. The
// messages and the default ports are those of the Guide, so that the programs also
// communicate with the Guide's programs in other languages.
//
//	go run ./zguide                  lists the programs
//	go run ./zguide NAME [FLAGS]     runs one; -h lists its flags
//
// A server binds to 127.0.0.1 unless a flag names another endpoint.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"text/tabwriter"
)

// program is one entry of the table of programs.
type program struct {
	name    string
	chapter int
	shows   string
	run     func(ctx context.Context, out io.Writer, args []string) error
}

func main() {
	if len(os.Args) < 2 {
		list(os.Stdout)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second SIGINT ends the process at once

	err := run(ctx, os.Stdout, os.Args[1], os.Args[2:])
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// run runs the program with a name.
func run(ctx context.Context, out io.Writer, name string, args []string) error {
	for _, p := range programs {
		if p.name == name {
			return p.run(ctx, out, args)
		}
	}
	return errors.New("no such program; run without arguments for a list")
}

// list writes the table of programs.
func list(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROGRAM\tCHAPTER\tSHOWS")
	for _, p := range programs {
		fmt.Fprintf(w, "%s\t%d\t%s\n", p.name, p.chapter, p.shows)
	}
	w.Flush()
}
