// Package null has the NULL security mechanism.
package null

import (
	"errors"
	"io"

	zmq4 "github.com/zerobroker/zmq/compat/gozeromq"
)

// Security returns the NULL mechanism, which authenticates and encrypts nothing.
func Security() zmq4.Security { return security{} }

type security struct{}

func (security) Type() zmq4.SecurityType { return zmq4.NullSecurity }

func (security) Handshake(*zmq4.Conn, bool) error {
	return errors.New("security/null: the handshake is that of the socket")
}

func (security) Encrypt(w io.Writer, data []byte) (int, error) { return w.Write(data) }
func (security) Decrypt(w io.Writer, data []byte) (int, error) { return w.Write(data) }
