package diff

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// stream is a TCP of a scenario: no socket, but what a STREAM talks to. It has
// one connection at a time, and takes the next one when it needs it.
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
		return failed(s.send(unlatin(recall(kept, st.Frames[0]))))
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

// address is the network and the address of an endpoint.
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

// ready has a connection, with a time for what comes next.
func (s *stream) ready() (err error) {
	if s.conn == nil {
		s.listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(patience))
		if s.conn, err = s.listener.Accept(); err != nil {
			return err
		}
	}
	return s.conn.SetDeadline(time.Now().Add(patience))
}

func (s *stream) send(data []byte) error {
	if err := s.ready(); err != nil {
		return err
	}
	_, err := s.conn.Write(data)
	return err
}

// recv reads so many bytes.
func (s *stream) recv(n int) Outcome {
	if err := s.ready(); err != nil {
		return failed(err)
	}
	data := make([]byte, n)
	n, err := io.ReadFull(s.conn, data)
	return Outcome{Err: failed(err).Err, Got: [][]string{{latin(string(data[:n]))}}}
}

// eof waits for the end. A reset is one too: the far side may not have read
// what we have sent.
func (s *stream) eof() error {
	if err := s.ready(); err != nil {
		return err
	}
	n, err := s.conn.Read(make([]byte, 1))
	switch {
	case n > 0:
		return errors.New("there is more")
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
