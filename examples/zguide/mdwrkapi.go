package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// mdWorker is a worker of the Majordomo protocol, the Guide's mdwrkapi. A real program
// uses the package mdp of the module patterns.
type mdWorker struct {
	broker, service string
	socket          *zmq.Dealer
	liveness        int
	heartbeat       time.Time // when to send the next one
	client          []byte    // routing ID of the client of the current request
}

func newMDWorker(broker, service string) (*mdWorker, error) {
	w := &mdWorker{broker: broker, service: service}
	return w, w.connect()
}

func (w *mdWorker) close() { w.socket.Close() }

// connect registers the worker on a new socket.
func (w *mdWorker) connect() (err error) {
	if w.socket != nil {
		w.socket.Close()
	}
	if w.socket, err = zmq.NewDealer(&zmq.Options{Linger: time.Second}); err != nil {
		return err
	}
	if err := w.socket.Connect(w.broker); err != nil {
		return err
	}
	w.liveness, w.heartbeat = mdpLiveness, time.Now().Add(mdpInterval)
	return w.send(mdpReady, []byte(w.service))
}

// send sends a command to the broker, or drops it if the queue is full or, over inproc,
// the broker is gone: the liveness detects a broker that does not process messages.
func (w *mdWorker) send(command string, frames ...[]byte) error {
	message := append([][]byte{nil, []byte(mdpWorker), []byte(command)}, frames...)
	err := w.socket.TrySend(message...)
	if errors.Is(err, zmq.ErrWouldBlock) {
		return nil
	}
	return err
}

// reply answers the request that recv has returned.
func (w *mdWorker) reply(body ...[]byte) error {
	return w.send(mdpReply, append([][]byte{w.client, nil}, body...)...)
}

// recv returns the frames of the next request. Meanwhile it exchanges heartbeats with
// the broker, and connects again if the broker does not answer.
func (w *mdWorker) recv(ctx context.Context) ([][]byte, error) {
	for {
		waiting, cancel := context.WithDeadline(ctx, w.heartbeat)
		m, err := w.socket.Recv(waiting)
		cancel()
		switch {
		case err == nil:
			w.liveness = mdpLiveness
			frames := m.Frames()
			if len(frames) < 3 || len(frames[0]) > 0 || string(frames[1]) != mdpWorker {
				return nil, fmt.Errorf("malformed message of broker: %q", m)
			}
			switch string(frames[2]) {
			case mdpRequest:
				if len(frames) < 6 {
					return nil, fmt.Errorf("malformed request of broker: %q", m)
				}
				w.client = frames[3]
				return frames[5:], nil
			case mdpDisconnect:
				if err := w.connect(); err != nil {
					return nil, err
				}
			}
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return nil, err
		default:
			if w.liveness--; w.liveness == 0 {
				if err := w.connect(); err != nil {
					return nil, err
				}
			}
		}
		if !time.Now().Before(w.heartbeat) {
			w.heartbeat = time.Now().Add(mdpInterval)
			if err := w.send(mdpHeartbeat); err != nil {
				return nil, err
			}
		}
	}
}
