// Command jupyter is a client of Jupyter kernels, and a kernel.
//
//	python3 -m ipykernel_launcher -f /tmp/kernel.json
//	go run ./jupyter run /tmp/kernel.json 'print(6 * 7)'
//
//	go run ./jupyter kernel /tmp/kernel.json    # with a connection file of jupyter_client
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	args := os.Args[1:]
	if len(args) < 2 {
		log.Fatal("usage: jupyter run FILE CODE | jupyter kernel FILE")
	}
	c, err := readConnection(args[1])
	if err != nil {
		log.Fatal(err)
	}
	switch {
	case args[0] == "run" && len(args) == 3:
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		err = execute(ctx, c, args[2], os.Stdout)
	case args[0] == "kernel" && len(args) == 2:
		if err = serve(ctx, c); ctx.Err() != nil {
			err = nil
		}
	default:
		log.Fatal("usage: jupyter run FILE CODE | jupyter kernel FILE")
	}
	if err != nil {
		log.Fatal(err)
	}
}
