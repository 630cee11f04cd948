// Command filetransfer fetches files from a server. The client decides how much the server sends
// ahead: each chunk is sent for one request, and some requests are always on their way. So a slow client or a
// slow network stops the sender, neither side holds a large part of the file, and the
// network is never idle.
//
//	go run ./filetransfer serve tcp://127.0.0.1:5555 /usr/share/doc
//	go run ./filetransfer fetch tcp://127.0.0.1:5555 bash/CHANGES.gz >/tmp/changes.gz
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/zerobroker/zmq"
)

const (
	chunkSize = 256 << 10       // bytes
	credit    = 10              // chunks that the server may send ahead
	timeout   = 5 * time.Second // after which lost requests are repeated
	attempts  = 5               // at one chunk
)

// serve sends chunks of the files in root until ctx ends. A request has two frames: the
// name of the file, and the offset of the chunk. It keeps no state about clients.
func serve(ctx context.Context, endpoint string, root *os.Root) error {
	router, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer router.Close()
	if _, err := router.Bind(endpoint); err != nil {
		return err
	}
	for request, err := range router.Messages(ctx) {
		if err != nil {
			return err
		}
		reply := chunk(root, request)
		// A client that does not read loses the chunk, and delays no other client.
		if err := router.TrySendMessageTo(request.RoutingID(), reply); errors.Is(err, zmq.ErrClosed) {
			return err
		}
	}
	return nil
}

// chunk returns the reply to a request: "ok", the offset and the bytes, or "error" and
// the reason. A chunk that is shorter than chunkSize is the last.
func chunk(root *os.Root, request zmq.Message) zmq.Message {
	if request.NumFrames() != 2 || len(request.Frame(1)) != 8 {
		return zmq.NewStringMessage("error", "a request has a name and an offset")
	}
	file, err := root.Open(string(request.Frame(0))) // does not leave the directory
	if err != nil {
		return zmq.NewStringMessage("error", err.Error())
	}
	defer file.Close()
	data := make([]byte, chunkSize)
	n, err := file.ReadAt(data, int64(binary.BigEndian.Uint64(request.Frame(1))&^(1<<63)))
	if err != nil && err != io.EOF {
		return zmq.NewStringMessage("error", err.Error())
	}
	return zmq.NewMessage([]byte("ok"), request.Frame(1), data[:n])
}

// fetch writes the file to w.
func fetch(ctx context.Context, endpoint, name string, w io.Writer) error {
	dealer, err := zmq.NewDealer(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return err
	}
	defer dealer.Close()
	if err := dealer.Connect(endpoint); err != nil {
		return err
	}
	asked, written := int64(0), int64(0) // offsets of the next request, and of the next chunk
	for failed := 0; ; {
		for ; asked < written+credit*chunkSize; asked += chunkSize {
			if err := dealer.Send(ctx, []byte(name), binary.BigEndian.AppendUint64(nil, uint64(asked))); err != nil {
				return err
			}
		}
		data, err := receive(ctx, dealer, written)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && failed < attempts:
			failed++
			asked = written // requests or chunks were lost with a connection
			continue
		case err != nil:
			return fmt.Errorf("fetch %s at offset %d: %w", name, written, err)
		}
		failed = 0
		if _, err := w.Write(data); err != nil {
			return err
		}
		if written += int64(len(data)); len(data) < chunkSize {
			return nil
		}
	}
}

// receive returns the chunk at an offset, and ignores others, which were asked for twice.
func receive(ctx context.Context, dealer *zmq.Dealer, offset int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		m, err := dealer.Recv(ctx)
		switch {
		case err != nil:
			return nil, err
		case m.NumFrames() == 2:
			return nil, fmt.Errorf("server: %s", m.Frame(1))
		case m.NumFrames() != 3 || len(m.Frame(1)) != 8:
			return nil, errors.New("invalid reply")
		case binary.BigEndian.Uint64(m.Frame(1)) == uint64(offset):
			return m.Frame(2), nil
		}
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "serve":
		var root *os.Root
		if root, err = os.OpenRoot(args[2]); err == nil {
			err = serve(ctx, args[1], root)
		}
	case len(args) == 3 && args[0] == "fetch":
		out := bufio.NewWriter(os.Stdout)
		if err = fetch(ctx, args[1], args[2], out); err == nil {
			err = out.Flush()
		}
	default:
		log.Fatal("usage: filetransfer serve ENDPOINT DIRECTORY | filetransfer fetch ENDPOINT NAME")
	}
	if err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}
