package mechanism

import (
	"bytes"

	"github.com/zerobroker/zmq/internal/wire"
)

// PlainClient is the client of the PLAIN mechanism. It sends a username and a
// password, and its metadata when the server has accepted them.
// https://rfc.zeromq.org/spec/24/
type PlainClient struct {
	plain
	state plainClientState

	// appendHello appends the command to send in plainSendHello, and is nil
	// after that. It is a function because package fmt prints no variable of a
	// function, so a log of the struct does not contain the password.
	appendHello func(dst []byte) []byte
}

type plainClientState uint8

const (
	plainSendHello plainClientState = iota
	plainAwaitWelcome
	plainSendInitiate
	plainAwaitReady
	plainClientReady
	plainClientFailed // after an error; no command leads out of it
)

// plainClientTable has the command that each state accepts. A command that is
// not in it is an error.
var plainClientTable = map[plainClientState]transition[*PlainClient]{
	plainAwaitWelcome: {wire.NameWelcome, (*PlainClient).receiveWelcome},
	plainAwaitReady:   {wire.NameReady, (*PlainClient).receiveReady},
}

// libzmqPlainError is what a PLAIN server of libzmq sends in place of the name of
// ERROR and its length. Its source has "\x05ERROR", of which the C compiler takes
// "\x05E" for the first byte.
const libzmqPlainError = "\x5eRROR"

// NewPlainClient returns the client side of PLAIN. The username and the password
// must pass CheckPlain. metadata are the properties that it sends, as encoded by
// wire.AppendProperty.
func NewPlainClient(username, password string, metadata []byte) *PlainClient {
	if err := CheckPlain(username, password); err != nil {
		panic("zmq: internal: " + err.Error())
	}
	hello := wire.Hello{Username: []byte(username), Password: []byte(password)}
	return &PlainClient{plain: plain{metadata: metadata}, appendHello: hello.AppendBody}
}

// Server returns false.
func (c *PlainClient) Server() bool { return false }

// Next returns HELLO, and after the server's WELCOME, INITIATE.
func (c *PlainClient) Next(dst []byte) ([]byte, bool) {
	switch c.state {
	case plainSendHello:
		dst = c.appendHello(dst)
		c.appendHello, c.state = nil, plainAwaitWelcome
		return dst, true
	case plainSendInitiate:
		c.state = plainAwaitReady
		return wire.Initiate{Metadata: c.metadata}.AppendBody(dst), true
	}
	return dst, false
}

// Receive handles WELCOME, READY and ERROR. After an error the handshake cannot
// succeed.
func (c *PlainClient) Receive(body []byte) error {
	if bytes.HasPrefix(body, []byte(libzmqPlainError)) {
		body = append(wire.AppendCommandName(nil, wire.NameError), body[len(libzmqPlainError):]...)
	}
	err := plainClientTable[c.state].receive(c, body)
	if err != nil {
		c.state = plainClientFailed
	}
	return err
}

func (c *PlainClient) receiveWelcome(data []byte) error {
	var w wire.Welcome
	if err := w.Decode(data); err != nil {
		return err
	}
	c.state = plainSendInitiate
	return nil
}

func (c *PlainClient) receiveReady(data []byte) error {
	var r wire.Ready
	if err := r.Decode(data); err != nil {
		return err
	}
	c.peer = append([]byte(nil), r.Metadata...)
	c.state = plainClientReady
	return nil
}

// Status returns Complete when READY was received.
func (c *PlainClient) Status() Status {
	if c.state == plainClientReady {
		return Complete
	}
	return Handshaking
}

// Credentials returns the name of the mechanism: the server sends no
// credentials.
func (c *PlainClient) Credentials() Credentials { return Credentials{Mechanism: c.Name()} }

// Resume returns an error: a client is never Waiting.
func (c *PlainClient) Resume(Verdict) error { return ErrUnexpected }
