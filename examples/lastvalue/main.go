// Command lastvalue is a proxy between publishers and subscribers that keeps the last value of
// each topic: a subscriber that comes late receives the present state first.
//
//	go run ./lastvalue tcp://127.0.0.1:5557 tcp://127.0.0.1:5558
//	printf 'price.tea 3\nprice.coffee 4\n' | zmq pub --connect tcp://127.0.0.1:5557
//	zmq sub --connect tcp://127.0.0.1:5558 -s price.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"

	"github.com/zerobroker/zmq/patterns/lvc"
)

// run forwards messages from publishers to subscribers until ctx ends.
func run(ctx context.Context, publishers, subscribers string) error {
	proxy, err := lvc.New(nil)
	if err != nil {
		return err
	}
	defer proxy.Close()
	if _, err := proxy.Front().Bind(publishers); err != nil {
		return err
	}
	if _, err := proxy.Back().Bind(subscribers); err != nil {
		return err
	}
	return proxy.Run(ctx)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		log.Fatal("usage: lastvalue PUBLISHERS SUBSCRIBERS")
	}
	if err := run(ctx, os.Args[1], os.Args[2]); ctx.Err() == nil {
		log.Fatal(err)
	}
}
