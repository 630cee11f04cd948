package main

import (
	"context"
	"encoding/json"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/sync/errgroup"

	"github.com/zerobroker/zmq"
)

// A kernel evaluates constant expressions of Go, such as 1<<10 + 3.
type kernel struct {
	c       connection
	session string
	iopub   *zmq.Pub
	count   int // of execute_request
}

// serve runs a kernel until ctx ends or a client shuts it down.
func serve(ctx context.Context, c connection) error {
	o, err := c.kernelOptions()
	if err != nil {
		return err
	}
	shell, err := bound(zmq.NewRouter, o, c.endpoint(c.Shell))
	if err != nil {
		return err
	}
	defer shell.Close()
	control, err := bound(zmq.NewRouter, o, c.endpoint(c.Control))
	if err != nil {
		return err
	}
	defer control.Close()
	stdin, err := bound(zmq.NewRouter, o, c.endpoint(c.Stdin)) // this kernel asks for no input
	if err != nil {
		return err
	}
	defer stdin.Close()
	heartbeat, err := bound(zmq.NewRep, o, c.endpoint(c.Heartbeat))
	if err != nil {
		return err
	}
	defer heartbeat.Close()
	iopub, err := bound(zmq.NewPub, o, c.endpoint(c.IOPub))
	if err != nil {
		return err
	}
	defer iopub.Close()

	k := &kernel{c: c, session: newHeader("", "").ID, iopub: iopub}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return echo(ctx, heartbeat) })
	g.Go(func() error { return k.loop(ctx, shell, control) })
	if err := g.Wait(); err != errShutdown {
		return err
	}
	return nil
}

// bound returns a socket that is bound to an endpoint.
func bound[S interface {
	Bind(string) (string, error)
	Close() error
}](open func(*zmq.Options) (S, error), o *zmq.Options, endpoint string) (S, error) {
	s, err := open(o)
	if err != nil {
		return s, err
	}
	if _, err := s.Bind(endpoint); err != nil {
		s.Close()
		return s, err
	}
	return s, nil
}

// echo answers heartbeats.
func echo(ctx context.Context, rep *zmq.Rep) error {
	for m, err := range rep.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := rep.SendMessage(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// errShutdown ends a kernel.
var errShutdown = fmt.Errorf("shut down by a client")

// loop answers the requests of both sockets, one at a time. Those to control are not
// behind others.
func (k *kernel) loop(ctx context.Context, shell, control *zmq.Router) error {
	for {
		from := shell
		select {
		case <-control.Ready():
			from = control
		default:
			select {
			case <-control.Ready():
				from = control
			case <-shell.Ready():
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		m, err := from.TryRecv()
		if err != nil {
			continue // no message after all
		}
		if d, err := decode(k.c.Key, m); err == nil { // others are not from a client of this kernel
			if err := k.request(ctx, from, m.RoutingID(), d); err != nil {
				return err
			}
		}
	}
}

// request answers one request. The kernel is busy meanwhile.
func (k *kernel) request(ctx context.Context, router *zmq.Router, id string, d message) error {
	k.publish(ctx, d.header, "status", map[string]any{"execution_state": "busy"})
	defer k.publish(ctx, d.header, "status", map[string]any{"execution_state": "idle"})
	typ, reply := "", map[string]any{"status": "ok"}
	var end error
	switch d.header.Type {
	case "kernel_info_request":
		typ = "kernel_info_reply"
		reply["protocol_version"], reply["implementation"], reply["implementation_version"] = "5.3", "zmq", "0"
		reply["language_info"] = map[string]any{"name": "go", "version": "1", "mimetype": "text/x-go", "file_extension": ".go"}
		reply["banner"], reply["help_links"] = "evaluates constant expressions", []any{}
	case "execute_request":
		typ = "execute_reply"
		k.execute(ctx, d, reply)
	case "shutdown_request":
		typ, end = "shutdown_reply", errShutdown
		reply["restart"] = false
	default:
		return nil // the specification has requests that a kernel may ignore
	}
	frames, err := encode(k.c.Key, newHeader(typ, k.session), d.header, reply)
	if err != nil {
		return err
	}
	router.TrySendTo(id, frames...) // a client that has gone needs no reply
	return end
}

// execute evaluates the code of a request, publishes the result and completes the reply.
func (k *kernel) execute(ctx context.Context, d message, reply map[string]any) {
	var content struct {
		Code string `json:"code"`
	}
	json.Unmarshal(d.content, &content)
	k.count++
	reply["execution_count"], reply["user_expressions"] = k.count, struct{}{}
	k.publish(ctx, d.header, "execute_input", map[string]any{"code": content.Code, "execution_count": k.count})
	value, err := evaluate(content.Code)
	if err != nil {
		failure := map[string]any{"ename": "Error", "evalue": err.Error(), "traceback": []string{err.Error()}}
		k.publish(ctx, d.header, "error", failure)
		reply["status"] = "error"
		for name, v := range failure {
			reply[name] = v
		}
		return
	}
	k.publish(ctx, d.header, "execute_result", map[string]any{
		"execution_count": k.count, "data": map[string]string{"text/plain": value}, "metadata": struct{}{},
	})
}

// publish publishes a message about a request. Subscribers see the type as the topic.
func (k *kernel) publish(ctx context.Context, parent header, typ string, content any) {
	frames, err := encode(k.c.Key, newHeader(typ, k.session), parent, content)
	if err == nil {
		k.iopub.Send(ctx, append([][]byte{[]byte(typ)}, frames...)...) // does not wait
	}
}

// evaluate returns the value of a constant expression.
func evaluate(code string) (string, error) {
	v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, code)
	if err != nil {
		return "", err
	}
	if v.Value == nil {
		return "", fmt.Errorf("%s is not constant", code)
	}
	if v.Value.Kind() == constant.String {
		return v.Value.ExactString(), nil
	}
	return v.Value.String(), nil
}
