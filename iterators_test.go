package zmq_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

func TestMessagesYieldsTheErrorThatEndsIt(t *testing.T) {
	o := &zmq.Options{Namespace: zmq.NewNamespace()}
	push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, "inproc://a", pull, push)
	for range 5 {
		if err := push.TrySend([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	last := func(ctx context.Context, each func(n int)) (n int, err error) {
		for m, e := range pull.Messages(ctx) {
			if err != nil {
				t.Errorf("iteration after %v", err)
			}
			if err = e; err != nil {
				if m.Size() != 0 || !m.From().IsZero() {
					t.Errorf("message %q with %v", m, err)
				}
				continue
			}
			n++
			each(n)
		}
		return n, err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, err := last(ctx, func(n int) {
		if n == 2 {
			cancel()
		}
	})
	if n != 2 || err != context.Canceled {
		t.Errorf("cancelled after 2 messages: %d and %v", n, err)
	}
	late, cancelLate := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancelLate()
	<-late.Done()
	if n, err = last(late, func(int) {}); n != 0 || err != context.DeadlineExceeded {
		t.Errorf("after the deadline: %d and %v", n, err)
	}
	n, err = last(t.Context(), func(n int) {
		if n == 3 {
			pull.Close()
		}
	})
	if n != 3 || !errors.Is(err, zmq.ErrClosed) {
		t.Errorf("closed after 3 messages: %d and %v", n, err)
	}
}

func TestMessagesOfARepYieldsErrInvalidState(t *testing.T) {
	o := &zmq.Options{Namespace: zmq.NewNamespace()}
	req, rep := must(zmq.NewReq(o)), must(zmq.NewRep(o))
	join(t, "inproc://a", rep, req)
	if err := req.Send(t.Context(), []byte("x")); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range rep.Messages(t.Context()) {
		if n++; n == 1 && err != nil || n == 2 && !errors.Is(err, zmq.ErrInvalidState) || n > 2 {
			t.Errorf("iteration %d: %v", n, err)
		}
	}
	if n != 2 {
		t.Errorf("%d iterations", n)
	}
}

// The buffer of an iterator has some 200 kB. It is freed when the iterator is
// unreachable, although the context and the socket have not ended.
func TestEventsIteratorWithoutALoopIsFreed(t *testing.T) {
	const iterators, size = 100, 100_000 // size is less than that of a buffer
	s := must(zmq.NewPull(nil))
	defer s.Close()
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	kept := s.Events(t.Context())
	for range iterators {
		s.Events(t.Context())
	}
	await(t, "the memory of the iterators", func() bool { return heap() < before+iterators*size/4 })
	must(s.Bind("tcp://127.0.0.1:*"))
	for e := range kept {
		if e.Kind != zmq.EventListening {
			t.Errorf("event %v", e.Kind)
		}
		break
	}
}

func TestEventsLoopContinuesAfterGarbageCollection(t *testing.T) {
	s := must(zmq.NewPull(quickOptions()))
	defer s.Close()
	n := 0
	events := s.Events(testContext(t))
	must(s.Bind("inproc://first"))
	for e := range events {
		if e.Kind == zmq.EventListening {
			n++
		}
		if n == 5 {
			break
		}
		runtime.GC()
		time.Sleep(time.Millisecond) // lets the cleanups of that collection run
		must(s.Bind("inproc://a" + string(rune('a'+n))))
	}
	if n != 5 {
		t.Errorf("the loop ended after %d events", n)
	}
}
