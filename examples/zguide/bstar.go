package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
)

// bstar is a server of the Binary Star pattern, the Guide's class bstar: two servers of
// which one is active, and the other one takes over when the active one fails. A real
// program uses the package binarystar of the module patterns.
type bstar struct {
	out        io.Writer
	state      bstarState
	peerExpiry time.Time // when the peer is regarded as dead
	statepub   *zmq.Pub
	statesub   *zmq.Sub
}

// bstarState is a state of a server. The numbers are those that servers publish.
type bstarState int

const (
	bstarPrimary bstarState = iota + 1 // primary, waits for the backup
	bstarBackup                        // backup, waits for the primary
	bstarActive                        // serves clients
	bstarPassive                       // the peer serves clients
)

const bstarInterval = time.Second // between two messages with the state

// errBStar is the error of two servers in the same role.
var errBStar = errors.New("both servers are active, or both are passive")

// newBStar returns a server in its first state, which publishes its state at an endpoint
// and receives that of its peer.
func newBStar(out io.Writer, state bstarState, local, remote string) (b *bstar, err error) {
	b = &bstar{out: out, state: state, peerExpiry: time.Now().Add(2 * bstarInterval)}
	if b.statepub, err = zmq.NewPub(nil); err != nil {
		return b, err
	}
	if b.statesub, err = zmq.NewSub(nil); err != nil {
		return b, err
	}
	if _, err := b.statepub.Bind(local); err != nil {
		return b, err
	}
	if err := b.statesub.Subscribe(""); err != nil {
		return b, err
	}
	return b, b.statesub.Connect(remote)
}

func (b *bstar) close() {
	b.statepub.Close()
	b.statesub.Close()
}

// publish sends the state to the peer.
func (b *bstar) publish(ctx context.Context) error {
	return b.statepub.Send(ctx, []byte(strconv.Itoa(int(b.state))))
}

// peerState processes a message with the state of the peer.
func (b *bstar) peerState(m zmq.Message) error {
	n, err := strconv.Atoi(m.String())
	if err != nil {
		return fmt.Errorf("state of the peer: %w", err)
	}
	b.peerExpiry = time.Now().Add(2 * bstarInterval)
	switch peer := bstarState(n); {
	case b.state == bstarPrimary && peer == bstarBackup:
		b.enter(bstarActive, "I: connected to backup (passive), ready as active")
	case b.state == bstarPrimary && peer == bstarActive:
		b.enter(bstarPassive, "I: connected to backup (active), ready as passive")
	case b.state == bstarBackup && peer == bstarActive:
		b.enter(bstarPassive, "I: connected to primary (active), ready as passive")
	case b.state == bstarPassive && peer == bstarPrimary:
		b.enter(bstarActive, "I: primary (passive) is restarting, ready as active")
	case b.state == bstarPassive && peer == bstarBackup:
		b.enter(bstarActive, "I: backup (passive) is restarting, ready as active")
	case b.state == bstarActive && peer == bstarActive, b.state == bstarPassive && peer == bstarPassive:
		return errBStar
	}
	return nil
}

// clientRequest reports whether this server shall serve a request. A request is the vote
// by which a server takes over: only if the peer is dead and a client has come here.
func (b *bstar) clientRequest() bool {
	dead := !time.Now().Before(b.peerExpiry)
	switch {
	case b.state == bstarPrimary && dead:
		b.enter(bstarActive, "I: request from client, ready as active")
	case b.state == bstarPassive && dead:
		b.enter(bstarActive, "I: failover successful, ready as active")
	}
	return b.state == bstarActive
}

func (b *bstar) enter(state bstarState, text string) {
	b.state = state
	fmt.Fprintln(b.out, text)
}
