// Command activation is a service that systemd starts when its first peer connects. Its
// units are service.socket and service.service in this directory.
//
//	go build -o /usr/local/bin/activation ./activation
//	cp activation/service.* /etc/systemd/system/ && systemctl start service.socket
//	zmq req --connect tcp://127.0.0.1:5555 hello
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/zerobroker/zmq"
)

// listener returns the listener that systemd passed as descriptor 3.
func listener() (net.Listener, error) {
	if pid, _ := strconv.Atoi(os.Getenv("LISTEN_PID")); pid != os.Getpid() {
		return nil, errors.New("not started by systemd with a socket (LISTEN_PID)")
	}
	if n := os.Getenv("LISTEN_FDS"); n != "1" {
		return nil, fmt.Errorf("%q sockets, want 1 (LISTEN_FDS)", n)
	}
	file := os.NewFile(3, "listener")
	defer file.Close()
	return net.FileListener(file) // a copy of the descriptor
}

// serve answers requests over connections of l until ctx ends.
func serve(ctx context.Context, l net.Listener) error {
	rep, err := zmq.NewRep(nil)
	if err != nil {
		l.Close()
		return err
	}
	defer rep.Close() // closes l
	endpoint, err := rep.BindListener(l, zmq.EndpointOptions{})
	if err != nil {
		return err
	}
	log.Println("serving", endpoint)
	for request, err := range rep.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := rep.SendMessage(ctx, request.Body()); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := listener()
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(ctx, l); ctx.Err() == nil {
		log.Fatal(err)
	}
}
