package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// errFailed is matched by the error for code that has failed.
var errFailed = errors.New("the code has failed")

// execute lets a kernel execute code, and writes its output and its result to w.
func execute(ctx context.Context, c connection, code string, w io.Writer) error {
	o, err := c.clientOptions()
	if err != nil {
		return err
	}
	shell, err := zmq.NewDealer(o)
	if err != nil {
		return err
	}
	defer shell.Close()
	output, err := zmq.NewSub(o)
	if err != nil {
		return err
	}
	defer output.Close()
	if err := output.Subscribe(""); err != nil {
		return err
	}
	if err := output.Connect(c.endpoint(c.IOPub)); err != nil {
		return err
	}
	if err := shell.Connect(c.endpoint(c.Shell)); err != nil {
		return err
	}
	if err := output.WaitSubscribed(ctx); err != nil { // or the first output is lost
		return err
	}

	request := newHeader("execute_request", rand.Text())
	frames, err := encode(c.Key, request, header{}, map[string]any{
		"code": code, "silent": false, "store_history": false, "allow_stdin": false, "user_expressions": struct{}{},
	})
	if err != nil {
		return err
	}
	if err := shell.Send(ctx, frames...); err != nil {
		return err
	}
	return print(ctx, c.Key, output, request.ID, w)
}

// print writes what a kernel publishes about a request until the kernel is idle again.
func print(ctx context.Context, key string, output *zmq.Sub, id string, w io.Writer) error {
	var failed error
	for m, err := range output.Messages(ctx) {
		if err != nil {
			return err
		}
		d, err := decode(key, m)
		if err != nil || d.parent.ID != id {
			continue // of another client
		}
		var content struct {
			State string            `json:"execution_state"` // of status
			Text  string            `json:"text"`            // of stream
			Data  map[string]string `json:"data"`            // of execute_result: by MIME type
			Name  string            `json:"ename"`           // of error
			Value string            `json:"evalue"`
		}
		json.Unmarshal(d.content, &content) // fields of other types stay empty
		switch d.header.Type {
		case "stream":
			io.WriteString(w, content.Text)
		case "execute_result":
			fmt.Fprintln(w, content.Data["text/plain"])
		case "error":
			failed = fmt.Errorf("%w: %s: %s", errFailed, content.Name, content.Value)
		case "status":
			if content.State == "idle" {
				return failed
			}
		}
	}
	return nil
}
