package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// repeatTime is how long the first signal may be repeated without effect. The
// command timeout sends its signal to the process and then to its process group, so
// the process receives it twice.
const repeatTime = 100 * time.Millisecond

// interruptible returns a context that ends with the first Ctrl-C or SIGTERM. A
// second one then ends the process, unless it is the same signal within repeatTime.
func interruptible() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		first := <-signals
		cancel()
		second := awaitOther(signals, first)
		signal.Reset(os.Interrupt, syscall.SIGTERM) // the next one ends the process
		if second == nil {
			select {
			case second = <-signals: // it arrived before Reset
			default:
				return
			}
		}
		raise(second)
	}()
	return ctx
}

// awaitOther returns a signal that differs from the first, or nil after repeatTime.
func awaitOther(signals <-chan os.Signal, first os.Signal) os.Signal {
	over := time.NewTimer(repeatTime)
	defer over.Stop()
	for {
		select {
		case s := <-signals:
			if s != first {
				return s
			}
		case <-over.C:
			return nil
		}
	}
}

// raise ends the process as a signal does that is not handled.
func raise(s os.Signal) {
	if p, err := os.FindProcess(os.Getpid()); err == nil && p.Signal(s) == nil {
		time.Sleep(time.Second) // until the signal arrives
	}
	os.Exit(exitFailed) // the system cannot send it
}
