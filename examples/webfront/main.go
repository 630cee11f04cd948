// Command webfront is a web server whose requests are done by workers that connect to it.
//
//	go run ./webfront serve 127.0.0.1:8080 tcp://127.0.0.1:5557
//	go run ./webfront work tcp://127.0.0.1:5557    # any number of these
//	curl 127.0.0.1:8080/upper -d hello
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

const (
	timeout = 5 * time.Second // of a request at a worker
	maxBody = 1 << 20         // bytes
)

// front passes the body of each HTTP request to a worker, and returns its reply. One REQ is
// enough: Do may be called by any number of goroutines.
type front struct{ req *zmq.Req }

func (f front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout) // ends when the client has gone
	defer cancel()
	reply, err := f.req.Do(ctx, []byte(r.URL.Path), body)
	switch {
	case errors.Is(err, zmq.ErrWithdrawn):
		http.Error(w, "no worker is free", http.StatusServiceUnavailable)
	case errors.Is(err, zmq.ErrPeerLost):
		http.Error(w, "the worker was lost", http.StatusBadGateway)
	case err != nil:
		http.Error(w, "the worker did not reply", http.StatusGatewayTimeout)
	case string(reply.Frame(0)) == "not found":
		http.NotFound(w, r)
	default:
		w.Write(reply.Frame(1))
	}
}

// work does requests until ctx ends.
func work(ctx context.Context, endpoint string) error {
	rep, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer rep.Close()
	if err := rep.Connect(endpoint); err != nil {
		return err
	}
	for request, err := range rep.Messages(ctx) {
		if err != nil {
			return err
		}
		status, body := "not found", ""
		if request.NumFrames() == 2 && string(request.Frame(0)) == "/upper" {
			status, body = "ok", strings.ToUpper(string(request.Frame(1)))
		}
		if err := rep.Send(ctx, []byte(status), []byte(body)); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "serve":
		req, err := zmq.NewReq(nil)
		if err != nil {
			log.Fatal(err)
		}
		defer req.Close()
		if _, err := req.Bind(args[2]); err != nil {
			log.Fatal(err)
		}
		server := &http.Server{Addr: args[1], Handler: front{req}}
		context.AfterFunc(ctx, func() { server.Shutdown(context.Background()) })
		if err := server.ListenAndServe(); ctx.Err() == nil {
			log.Fatal(err)
		}
	case len(args) == 2 && args[0] == "work":
		if err := work(ctx, args[1]); ctx.Err() == nil {
			log.Fatal(err)
		}
	default:
		log.Fatal("usage: webfront serve ADDRESS ENDPOINT | webfront work ENDPOINT")
	}
}
