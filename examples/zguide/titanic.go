package main

import (
	"context"
	"crypto/rand"
	"encoding/gob"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// titanic is the disconnected reliability of the Titanic pattern (chapter 4): services of
// mdbroker that store a request on disk (titanic.request), return its reply when there is
// one (titanic.reply), and delete both (titanic.close), see https://rfc.zeromq.org/spec/9/.
// A dispatcher sends stored requests to their services. ticlient is a client of it.
//
// It shows the protocol by hand. A real program uses the package titanic of the module
// patterns. The C program has a queue file; here every stored request without a reply is
// in the queue. A file is written under another name and renamed, so that it is complete.
func titanic(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("titanic", flag.ContinueOnError)
	broker := flags.String("broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	dir := flags.String("dir", ".titanic", "directory for requests and replies")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := os.MkdirAll(*dir, 0o700); err != nil {
		return err
	}

	store := titanicStore(*dir)
	stored := make(chan string, 100) // IDs of requests, which the dispatcher tries at once
	ctx, cancel := context.WithCancelCause(ctx)
	var services sync.WaitGroup
	for name, serve := range map[string]func(request [][]byte) ([][]byte, error){
		"titanic.request": func(request [][]byte) ([][]byte, error) {
			id, err := store.save(request)
			if err != nil {
				return nil, err
			}
			select {
			case stored <- id:
			default: // the dispatcher finds it later
			}
			return [][]byte{[]byte("200"), []byte(id)}, nil
		},
		"titanic.reply": store.reply,
		"titanic.close": store.close,
	} {
		services.Go(func() { cancel(titanicService(ctx, *broker, name, serve)) })
	}
	services.Go(func() { cancel(titanicDispatch(ctx, out, *broker, store, stored)) })
	services.Wait()
	return context.Cause(ctx)
}

// titanicService is a worker of the broker.
func titanicService(ctx context.Context, broker, name string, serve func([][]byte) ([][]byte, error)) error {
	worker, err := newMDWorker(broker, name)
	if err != nil {
		return err
	}
	defer worker.close()
	for {
		request, err := worker.recv(ctx)
		if err != nil {
			return err
		}
		reply, err := serve(request)
		if err != nil {
			return err
		}
		if err := worker.reply(reply...); err != nil {
			return err
		}
	}
}

// titanicDispatch tries a request when it is stored, and all of them each second.
func titanicDispatch(ctx context.Context, out io.Writer, broker string, store titanicStore, stored <-chan string) error {
	retry := time.NewTicker(time.Second)
	defer retry.Stop()
	for {
		var pending []string
		select {
		case id := <-stored:
			pending = []string{id}
		case <-retry.C:
			var err error
			if pending, err = store.pending(); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, id := range pending {
			done, err := titanicTry(ctx, broker, store, id)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if done {
				fmt.Fprintf(out, "I: processed request %s\n", id)
			} else if err != nil {
				fmt.Fprintf(out, "W: request %s: %v\n", id, err)
			}
		}
	}
}

// titanicTry sends a request to its service, if the broker has workers for it, and stores
// the reply.
func titanicTry(ctx context.Context, broker string, store titanicStore, id string) (done bool, err error) {
	request, err := store.load(id + ".req")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // the client has closed it
	}
	if err != nil {
		return false, err
	}
	client, err := newMDClient(broker)
	if err != nil {
		return false, err
	}
	defer client.close()
	client.timeout, client.retries = time.Second, 1
	known, err := client.send(ctx, "mmi.service", request[0])
	if err != nil || string(known[0]) != "200" {
		return false, err
	}
	reply, err := client.send(ctx, string(request[0]), request[1:]...)
	if err != nil {
		return false, err
	}
	return true, store.write(id+".rep", reply)
}

// titanicStore is a directory with a file for each request and each reply.
type titanicStore string

// save stores a request, which is the name of the service and the body.
func (d titanicStore) save(request [][]byte) (id string, err error) {
	var uuid [16]byte
	rand.Read(uuid[:])
	id = fmt.Sprintf("%X", uuid)
	return id, d.write(id+".req", request)
}

// reply returns the status of a request, and its reply if there is one: 200, 300 if it is
// pending, or 400 if it is not known.
func (d titanicStore) reply(request [][]byte) ([][]byte, error) {
	id := string(request[0])
	if !titanicID.MatchString(id) {
		return [][]byte{[]byte("400")}, nil
	}
	reply, err := d.load(id + ".rep")
	if err == nil {
		return append([][]byte{[]byte("200")}, reply...), nil
	}
	if _, err := os.Stat(filepath.Join(string(d), id+".req")); err == nil {
		return [][]byte{[]byte("300")}, nil
	}
	return [][]byte{[]byte("400")}, nil
}

// close removes a request and its reply.
func (d titanicStore) close(request [][]byte) ([][]byte, error) {
	if id := string(request[0]); titanicID.MatchString(id) {
		for _, suffix := range []string{".req", ".rep"} {
			err := os.Remove(filepath.Join(string(d), id+suffix))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	return [][]byte{[]byte("200")}, nil
}

// titanicID matches an ID, which is part of the name of a file.
var titanicID = regexp.MustCompile(`^[0-9A-F]{32}$`)

// pending returns the IDs of the requests without a reply.
func (d titanicStore) pending() (ids []string, err error) {
	names, err := filepath.Glob(filepath.Join(string(d), "*.req"))
	for _, name := range names {
		name = strings.TrimSuffix(name, ".req")
		if _, err := os.Stat(name + ".rep"); err != nil {
			ids = append(ids, filepath.Base(name))
		}
	}
	return ids, err
}

func (d titanicStore) load(name string) (frames [][]byte, err error) {
	file, err := os.Open(filepath.Join(string(d), name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return frames, gob.NewDecoder(file).Decode(&frames)
}

func (d titanicStore) write(name string, frames [][]byte) error {
	path := filepath.Join(string(d), name)
	file, err := os.Create(path + ".tmp")
	if err != nil {
		return err
	}
	err = errors.Join(gob.NewEncoder(file).Encode(frames), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
