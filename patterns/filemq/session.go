package filemq

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// exchange is a session of a client with the server.
type exchange struct {
	c        *Client
	d        *zmq.Dealer
	greeted  bool
	sequence uint64 // of the next chunk
	used     int    // credit that has arrived since the last NOM

	failed time.Time // when a file could not be stored first, or zero
}

// session exchanges commands with the server until that fails. It returns the reason.
func (c *Client) session(d *zmq.Dealer) error {
	s := &exchange{c: c, d: d}
	c.count(func(st *ClientStats) { st.Sessions++ })
	if err := s.send(&command{id: cmdOhai, protocol: protocolName, version: protocolVersion}); err != nil {
		return err
	}
	lastCommand := time.Now()
	for {
		m, err := s.recv()
		switch {
		case err == nil:
			lastCommand = time.Now()
			if err := s.handle(m); err != nil {
				return err
			}
		case c.ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return err
		case time.Since(lastCommand) >= c.o.Timeout:
			return errTimeout
		case !s.failed.IsZero() && time.Since(s.failed) >= c.o.Timeout:
			return errStore // the next session requests the file again
		case s.greeted:
			if err := s.send(&command{id: cmdHugz}); err != nil {
				return err
			}
		}
	}
}

// recv waits for a message for at most the heartbeat interval.
func (s *exchange) recv() (zmq.Message, error) {
	ctx, cancel := context.WithTimeout(s.c.ctx, s.c.o.HeartbeatInterval)
	defer cancel()
	return s.d.Recv(ctx)
}

// send queues a command. The queue is full only if the server does not read.
func (s *exchange) send(cmd *command) error {
	if err := s.d.TrySend(cmd.encode()); err != nil {
		return fmt.Errorf("%w: %w", errTimeout, err)
	}
	return nil
}

// handle handles a message of the server.
func (s *exchange) handle(m zmq.Message) error {
	defer m.Release()
	cmd, err := decode(m.Frame(0))
	if errors.Is(err, errSignature) {
		return nil // discarded silently
	}
	if err != nil {
		return errOrder
	}
	switch cmd.id {
	case cmdOhaiOK:
		return s.subscribe()
	case cmdCheezburger:
		return s.store(cmd)
	case cmdHugz:
		return s.send(&command{id: cmdHugzOK})
	case cmdSrsly:
		return fmt.Errorf("filemq: %w: %s", ErrRefused, cmd.reason)
	case cmdRtfm:
		return errRtfm
	}
	return nil
}

// subscribe requests all paths and gives credit.
func (s *exchange) subscribe() error {
	if s.greeted {
		return errOrder
	}
	s.greeted = true
	s.c.count(func(st *ClientStats) { st.Connected = true })
	for _, path := range s.c.o.Paths {
		if err := s.send(s.c.subscription(path)); err != nil {
			return err
		}
	}
	return s.credit(s.c.o.Credit)
}

func (s *exchange) credit(n int) error {
	return s.send(&command{id: cmdNom, credit: uint64(n), sequence: s.sequence})
}

// store handles a chunk or a deletion, and renews the credit when half of it is used.
func (s *exchange) store(cmd *command) error {
	if !s.greeted || cmd.sequence != s.sequence {
		return errOrder
	}
	s.sequence++
	if err := s.apply(cmd); err != nil {
		return err
	}
	s.c.count(func(st *ClientStats) { st.Bytes += uint64(len(cmd.chunk)) })
	if s.used += len(cmd.chunk); s.used > s.c.o.Credit/2 {
		used := s.used
		s.used = 0
		return s.credit(used)
	}
	return nil
}

func (s *exchange) apply(cmd *command) error {
	name, ok := cleanName(cmd.filename)
	if !ok {
		s.c.count(func(st *ClientStats) { st.BadNames++ })
		return nil
	}
	inbox := &s.c.inbox
	switch cmd.op {
	case opDelete:
		if err := inbox.remove(name); err != nil {
			s.fail()
			return nil
		}
		s.c.report(Change{Name: name, Deleted: true})
	case opCreate:
		done, err := inbox.write(name, cmd.offset, cmd.chunk, cmd.eof)
		switch {
		case errors.Is(err, errOrder):
			return err
		case err != nil:
			s.fail()
		case done:
			s.c.report(Change{Name: name})
		case cmd.eof:
			s.c.count(func(st *ClientStats) { st.OverLimit++ })
		}
	default:
		return errOrder
	}
	return nil
}

// fail records that a file could not be stored or deleted.
func (s *exchange) fail() {
	s.c.count(func(st *ClientStats) { st.StoreErrors++ })
	if s.failed.IsZero() {
		s.failed = time.Now()
	}
}
