package zmq4_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
)

func TestPollerReturnsSocketsThatAreReady(t *testing.T) {
	ctx := newContext(t)
	a, b := pair(t, ctx, zmq.PAIR, zmq.PAIR, "tcp://127.0.0.1:*")
	p := zmq.NewPoller()
	if list, err := p.Poll(-1); len(list) != 0 || err != nil {
		t.Fatalf("without sockets: %v, %v", list, err)
	}
	if p.Add(a, zmq.POLLIN) != 0 || p.Add(b, zmq.POLLIN) != 1 {
		t.Fatal("indexes")
	}
	if list, err := p.Poll(0); len(list) != 0 || err != nil {
		t.Fatalf("without messages: %v, %v", list, err)
	}
	if list, err := p.PollAll(time.Millisecond); len(list) != 2 || list[0].Events != 0 || list[1].Events != 0 || err != nil {
		t.Fatalf("PollAll without messages: %v, %v", list, err)
	}
	send(t, a, "x")
	list, err := p.Poll(-1)
	if len(list) != 1 || list[0].Socket != b || list[0].Events != zmq.POLLIN || err != nil {
		t.Fatalf("with a message: %v, %v", list, err)
	}
	if list, err := p.PollAll(-1); len(list) != 2 || list[0].Events != 0 || list[1].Events != zmq.POLLIN || err != nil {
		t.Fatalf("PollAll with a message: %v, %v", list, err)
	}
	if s, err := b.GetEvents(); s != zmq.POLLIN|zmq.POLLOUT || err != nil {
		t.Errorf("GetEvents: %v, %v", s, err)
	}
	want(t, b, "x")
	if old, err := p.Update(1, zmq.POLLIN|zmq.POLLOUT); old != zmq.POLLIN || err != nil {
		t.Fatalf("Update: %v, %v", old, err)
	}
	if list, err := p.Poll(-1); len(list) != 1 || list[0].Events != zmq.POLLOUT || err != nil {
		t.Fatalf("for POLLOUT: %v, %v", list, err)
	}
	if s := p.String(); !strings.HasPrefix(s, "Poller[Socket(PAIR,") || !strings.HasSuffix(s, "POLLIN|POLLOUT]") {
		t.Errorf("String returned %q", s)
	}
	check(t, p.RemoveBySocket(a))
	if old, err := p.UpdateBySocket(b, 0); old != zmq.POLLIN|zmq.POLLOUT || err != nil {
		t.Fatalf("UpdateBySocket: %v, %v", old, err)
	}
	check(t, p.Remove(0))
	_, err = p.Update(0, 0)
	wantError(t, err, zmq.ErrorNoSocket)
	_, err = p.UpdateBySocket(a, 0)
	wantError(t, err, zmq.ErrorNoSocket)
	wantError(t, p.Remove(0), zmq.ErrorNoSocket)
	wantError(t, p.Remove(-1), zmq.ErrorNoSocket)
	wantError(t, p.RemoveBySocket(a), zmq.ErrorNoSocket)
}

// pollSteps is longer than the interval in which Poll looks whether a socket can send.
const pollSteps = 10 * time.Millisecond

func TestPollerWaitsForMessageAndForPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := newContext(t)
		pull, push := open(t, ctx, zmq.PULL), open(t, ctx, zmq.PUSH)
		bind(t, pull, "inproc://w")
		begin := func(soc *zmq.Socket, events zmq.State) chan error {
			result := make(chan error)
			p := zmq.NewPoller()
			p.Add(soc, events)
			go func() {
				list, err := p.Poll(waitLimit)
				if len(list) != 1 && err == nil {
					err = errors.New("timeout")
				}
				result <- err
			}()
			synctest.Wait() // until Poll waits
			return result
		}
		began := time.Now()
		writable, readable := begin(push, zmq.POLLOUT), begin(pull, zmq.POLLIN)
		check(t, push.Connect("inproc://w"))
		check(t, <-writable)
		send(t, push, "x")
		check(t, <-readable)
		if d := time.Since(began); d > pollSteps {
			t.Errorf("Poll returned after %v", d)
		}
	})
}

func TestPollerReturnsErrorWhenSocketIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		soc := open(t, newContext(t), zmq.PULL)
		p := zmq.NewPoller()
		p.Add(soc, zmq.POLLIN)
		result := make(chan error)
		go func() {
			_, err := p.Poll(-1)
			result <- err
		}()
		synctest.Wait()
		check(t, soc.Close())
		wantError(t, <-result, zmq.ErrorSocketClosed)
	})
}

func TestReactorHandlesSocketsAndChannels(t *testing.T) {
	a, b := pair(t, newContext(t), zmq.PAIR, zmq.PAIR, "inproc://re")
	var log []string
	stop := errors.New("stop")
	values := make(chan any, 10)
	ticks := make(chan time.Time, 1)
	r := zmq.NewReactor()
	r.AddSocket(a, zmq.POLLIN, func(zmq.State) error { t.Error("replaced handler"); return nil })
	r.AddSocket(a, zmq.POLLIN, func(s zmq.State) error {
		m, err := a.Recv(0)
		if log = append(log, m); m == "last" {
			r.RemoveSocket(a)
			ticks <- time.Time{}
		}
		return err
	})
	r.AddChannel(values, 1, func(v any) error {
		log = append(log, fmt.Sprint(v))
		send(t, b, "message", v)
		_, err := b.Send("last", 0)
		return err
	})
	id := r.AddChannel(values, 0, func(any) error { t.Error("removed channel"); return nil })
	r.RemoveChannel(id)
	r.AddChannelTime(ticks, 0, func(any) error { return stop })
	values <- 7
	close(values)
	wantError(t, r.Run(10*time.Millisecond), stop)
	if got := strings.Join(log, " "); got != "7 message 7 last" {
		t.Errorf("handled %q", got)
	}
}

func TestReactorWithoutHandlersReturnsError(t *testing.T) {
	r := zmq.NewReactor()
	if r.Run(time.Millisecond) == nil {
		t.Error("no error without handlers")
	}
	c := make(chan any)
	r.AddChannel(c, 1, func(any) error { return nil })
	if r.Run(-1) == nil {
		t.Error("no error for a channel and an infinite interval")
	}
	close(c)
	if r.Run(time.Millisecond) == nil {
		t.Error("no error after the channel was closed")
	}
}
