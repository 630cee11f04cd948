package mechanism

import (
	"fmt"

	"github.com/zerobroker/zmq/internal/wire"
)

// plain is the part of the PLAIN mechanism that both roles share. PLAIN sends
// the password of the client unencrypted and encrypts no message.
// https://rfc.zeromq.org/spec/24/
//
//	client            server
//	HELLO     ----->                  username and password
//	                  Waiting         until Resume
//	          <-----  WELCOME         or ERROR
//	INITIATE  ----->                  metadata
//	          <-----  READY           metadata
type plain struct {
	metadata []byte // to send
	peer     []byte // the metadata of the peer
}

// Name returns "PLAIN".
func (p *plain) Name() string { return "PLAIN" }

// Metadata returns the properties in the peer's INITIATE or READY.
func (p *plain) Metadata() []byte { return p.peer }

// Seals returns false: PLAIN does not encrypt.
func (p *plain) Seals() bool { return false }

// Seal returns the body unchanged. It is not called, because Seals returns
// false.
func (p *plain) Seal(dst []byte, _ byte, body []byte) ([]byte, error) {
	return append(dst, body...), nil
}

// Open returns the frame unchanged. It is not called, because Seals returns
// false.
func (p *plain) Open(sealed []byte) (byte, []byte, error) { return 0, sealed, nil }

// transition is an entry of the state table of a role of PLAIN: the only command
// that a state accepts, and its handler, which decodes the data of the command
// and sets the next state.
type transition[M any] struct {
	command string
	handle  func(m M, data []byte) error
}

// receive passes a command to the handler. A state that accepts no command has
// no entry in the table; the zero transition returns an error for it.
func (t transition[M]) receive(m M, body []byte) error {
	name, data, err := split(body)
	switch {
	case err != nil:
		return err
	case t.handle == nil:
		return unexpected(knownName(name), "no command")
	case name != t.command:
		return unexpected(knownName(name), t.command)
	}
	return t.handle(m, data)
}

// knownName returns the name of a command for an error. A server knows the password
// of the client, and could send it as the name of a command.
func knownName(name string) string {
	switch name {
	case wire.NameHello, wire.NameWelcome, wire.NameInitiate, wire.NameReady, "MESSAGE":
		return name
	}
	return "another command"
}

// maxPlain is the maximum length of a username or password, which one byte
// encodes. https://rfc.zeromq.org/spec/24/#implementation
const maxPlain = 255

// CheckPlain returns an error if the username or the password is too long for
// NewPlainClient. The error contains neither. Any bytes are allowed, as in
// libzmq, although the RFC allows only visible ASCII characters.
func CheckPlain(username, password string) error {
	if len(username) > maxPlain {
		return fmt.Errorf("username of %d bytes, at most %d are possible", len(username), maxPlain)
	}
	if len(password) > maxPlain {
		return fmt.Errorf("password of %d bytes, at most %d are possible", len(password), maxPlain)
	}
	return nil
}

// Format implements fmt.Formatter. For every verb it omits the password, so that
// no error and no log contains it.
func (c Credentials) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{Mechanism:%q Username:%q Password:(hidden) PublicKey:%x Metadata:%q}",
		c.Mechanism, c.Username, c.PublicKey, c.Metadata)
}

var (
	_ Mechanism = (*PlainClient)(nil)
	_ Mechanism = (*PlainServer)(nil)
)
