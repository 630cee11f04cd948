// Package plain has the PLAIN security mechanism: https://rfc.zeromq.org/spec/24/.
package plain

import (
	"errors"
	"io"

	zmq4 "github.com/zerobroker/zmq/compat/gozeromq"
)

// Security returns the PLAIN mechanism with a user and a password, of 1 to 255 bytes,
// which are sent without encryption. A socket that dials sends them. A socket that
// listens accepts peers that have sent them.
func Security(user, pass string) zmq4.Security { return &security{user, pass} }

type security struct{ user, pass string }

func (*security) Type() zmq4.SecurityType { return zmq4.PlainSecurity }

// Credentials returns the user and the password. Package zmq4 calls it.
func (s *security) Credentials() (user, pass string) { return s.user, s.pass }

func (*security) Handshake(*zmq4.Conn, bool) error {
	return errors.New("security/plain: the handshake is that of the socket")
}

func (*security) Encrypt(w io.Writer, data []byte) (int, error) { return w.Write(data) }
func (*security) Decrypt(w io.Writer, data []byte) (int, error) { return w.Write(data) }
