package lvc_test

import (
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/pyzmqtest"
	"github.com/zerobroker/zmq/patterns/lvc"
)

func TestProxyBetweenForeignSockets(t *testing.T) {
	p, err := lvc.New(nil)
	must(t, err)
	defer p.Close()
	front, err := p.Front().Bind("tcp://127.0.0.1:*")
	must(t, err)
	back, err := p.Back().Bind("tcp://127.0.0.1:*")
	must(t, err)
	go p.Run(t.Context())
	pub := pyzmqtest.Start(t, "pub", front)
	if got := pub.Line(); got != "ready" {
		t.Fatal(got)
	}
	pub.Do("a1 1", "b 1", "a2 1", "a1 2")
	watch, err := zmq.NewSub(nil)
	must(t, err)
	defer watch.Close()
	must(t, watch.Subscribe(""))
	must(t, watch.Connect(back))
	for got := ""; got != "a1\t2"; { // the proxy has the last message
		m, err := watch.Recv(t.Context())
		must(t, err)
		got = m.String()
	}
	a, all := pyzmqtest.Start(t, "sub", back, "a"), pyzmqtest.Start(t, "sub", back, "")
	for _, c := range []struct {
		f    *pyzmqtest.Process
		want []string
	}{{a, []string{"a2 1", "a1 2"}}, {all, []string{"b 1", "a2 1", "a1 2"}}} {
		for _, want := range c.want {
			if got := c.f.Line(); got != want {
				t.Errorf("printed %q, want %q", got, want)
			}
		}
	}
	pub.Do("b 2", "a2 2")
	for _, want := range []string{"b 2", "a2 2"} {
		if got := all.Line(); got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	}
	if got := a.Line(); got != "a2 2" {
		t.Errorf("printed %q", got)
	}
}
