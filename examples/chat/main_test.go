package main

import (
	"bufio"
	"io"
	"testing"

	"github.com/zerobroker/zmq/examples/internal/exampletest"
	"github.com/zerobroker/zmq/patterns/zyre"
)

// person is a program in the room: what it writes can be read from lines, and in is its terminal.
type person struct {
	in    *io.PipeWriter
	lines *bufio.Scanner
	out   io.Reader
	ended chan error
}

// enter starts a program whose node finds others by gossip, because a test must not broadcast.
func enter(t *testing.T, name string, gossip zyre.GossipOptions) *person {
	discovery, err := zyre.NewGossipDiscovery(&gossip)
	if err != nil {
		t.Fatal(err)
	}
	terminal, in := io.Pipe()
	out, w := io.Pipe()
	p := &person{in, bufio.NewScanner(out), out, make(chan error, 1)}
	o := &zyre.Options{Name: name, Discovery: discovery, Bind: exampletest.Endpoint(t)}
	go func() {
		p.ended <- chat(t.Context(), o, terminal, w)
		w.Close()
	}()
	return p
}

func (p *person) wants(t *testing.T, want string) {
	t.Helper()
	if p.lines.Scan(); p.lines.Text() != want {
		t.Errorf("%q, want %q", p.lines.Text(), want)
	}
}

func TestLinesReachTheOthers(t *testing.T) {
	hub := exampletest.Endpoint(t)
	alice := enter(t, "alice", zyre.GossipOptions{Bind: []string{hub}})
	bob := enter(t, "bob", zyre.GossipOptions{Connect: []string{hub}})
	alice.wants(t, "bob has come")
	bob.wants(t, "alice has come")
	io.WriteString(alice.in, "hello\n")
	bob.wants(t, "alice: hello")
	io.WriteString(bob.in, "good morning\n")
	alice.wants(t, "bob: good morning")

	bob.in.Close()
	alice.wants(t, "bob has left")
	go io.Copy(io.Discard, bob.out)
	go io.Copy(io.Discard, alice.out)
	alice.in.Close()
	for _, p := range []*person{alice, bob} {
		if err := <-p.ended; err != nil {
			t.Error(err)
		}
	}
}
