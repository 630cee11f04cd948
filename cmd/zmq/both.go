package main

import "context"

// both sends the input and prints what is received, each in its own time.
func (j *job) both(ctx context.Context, send sendFunc, s receiver, handle handleFunc) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sending, stopSending := context.WithCancel(ctx)
	defer context.AfterFunc(j.connection, stopSending)()
	sent := make(chan error, 1)
	go func() {
		err := j.sendAll(sending, send)
		if j.hungUp() && ended(err) {
			err = errHungUp // what arrived before is still to be received
		} else if err != nil {
			cancel() // what is received makes no difference any more
		}
		sent <- err
	}()
	err := j.receiveAll(ctx, s, handle)
	if err != nil {
		cancel()
	} else if j.in.terminal && j.count != nil && *j.count > 0 {
		// A terminal is never at its end: having received is enough.
		if j.in.stop() {
			return nil
		}
	}
	sendErr := <-sent
	if sendErr == errStopped && err == nil && (j.in.terminal || !j.timedOut()) {
		return nil
	}
	if sendErr != nil && (err == nil || ended(err)) {
		return sendErr
	}
	return err
}
