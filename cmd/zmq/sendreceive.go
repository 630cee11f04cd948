package main

import "context"

// sendAndReceive sends the input and handles received messages, independently
// of each other.
func (j *job) sendAndReceive(ctx context.Context, send sendFunc, s receiver, handle handleFunc) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sending, stopSending := context.WithCancel(ctx)
	defer context.AfterFunc(j.connection, stopSending)()
	sent := make(chan error, 1)
	go func() {
		err := j.sendAll(sending, send)
		if j.peerClosed() && isStopped(err) {
			err = errPeerClosed // messages that have arrived are still handled
		} else if err != nil {
			cancel() // the job has failed, whatever is received
		}
		sent <- err
	}()
	err := j.receiveAll(ctx, s, handle)
	if err != nil {
		cancel()
	} else if j.in.terminal && j.count != nil && *j.count > 0 {
		// The input of a terminal has no end: the received messages end the
		// job.
		if j.in.stop() {
			return nil
		}
	}
	sendErr := <-sent
	if sendErr == errStopped && err == nil && (j.in.terminal || !j.timedOut()) {
		return nil
	}
	if sendErr != nil && (err == nil || isStopped(err)) {
		return sendErr
	}
	return err
}
