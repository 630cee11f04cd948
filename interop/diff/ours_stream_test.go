package diff

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// stream is a plain connection, the peer of a STREAM. It has one connection at
// a time, and accepts the next one when a step needs it.
type stream struct {
	listener net.Listener
	conn     net.Conn
}

func (s *stream) step(st *Step, kept map[string]string) Outcome {
	switch st.Do {
	case doBind:
		return failed(s.bind(st.At))
	case doConnect:
		return failed(s.connect(st.At))
	case doSend:
		return failed(s.send(unlatin(substitute(kept, st.Frames[0]))))
	case doRecv:
		return s.recv(st.Count)
	case doEOF:
		return failed(s.eof())
	case doHangUp:
		return failed(s.hangUp())
	case doClose:
		s.close()
		return Outcome{}
	}
	return Outcome{Err: "unknown step " + st.Do}
}

func failed(err error) Outcome {
	if err == nil {
		return Outcome{}
	}
	return Outcome{Err: err.Error()}
}

// address returns the network and the address of an endpoint for package net.
func address(at string) (network, addr string) {
	if path, ok := strings.CutPrefix(at, "ipc://"); ok {
		return "unix", path
	}
	return "tcp", strings.TrimPrefix(at, "tcp://")
}

func (s *stream) bind(at string) (err error) {
	network, addr := address(at)
	s.listener, err = net.Listen(network, addr)
	return err
}

func (s *stream) connect(at string) (err error) {
	network, addr := address(at)
	s.conn, err = net.Dial(network, addr)
	return err
}

// ready accepts a connection if there is none, and sets the deadline of the
// next operation.
func (s *stream) ready() (err error) {
	if s.conn == nil {
		s.listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(waitLimit))
		if s.conn, err = s.listener.Accept(); err != nil {
			return err
		}
	}
	return s.conn.SetDeadline(time.Now().Add(waitLimit))
}

func (s *stream) send(data []byte) error {
	if err := s.ready(); err != nil {
		return err
	}
	_, err := s.conn.Write(data)
	return err
}

// recv reads n bytes.
func (s *stream) recv(n int) Outcome {
	if err := s.ready(); err != nil {
		return failed(err)
	}
	data := make([]byte, n)
	n, err := io.ReadFull(s.conn, data)
	return Outcome{Err: failed(err).Err, Got: [][]string{{latin(string(data[:n]))}}}
}

// eof waits for the end of the connection. A reset counts as the end: the peer
// may have unread data.
func (s *stream) eof() error {
	if err := s.ready(); err != nil {
		return err
	}
	n, err := s.conn.Read(make([]byte, 1))
	switch {
	case n > 0:
		return errors.New("received data instead of EOF")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	return nil
}

func (s *stream) hangUp() error {
	if err := s.ready(); err != nil {
		return err
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}

func (s *stream) close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.listener != nil {
		s.listener.Close()
	}
}
