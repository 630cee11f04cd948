package mechanism

import "github.com/zerobroker/zmq/internal/wire"

// PlainServer is the server of the PLAIN mechanism. It is Waiting when it has
// received the username and the password of the client, which it does not check
// itself. https://rfc.zeromq.org/spec/24/
type PlainServer struct {
	plain
	state   plainServerState
	refusal ZAPStatus // of a verdict that does not accept the client

	// credentials returns what HELLO contained. It is nil in all states except
	// plainChecking. It is a function because package fmt prints no variable of
	// a function, so a log of the struct does not contain the password.
	credentials func() Credentials
}

type plainServerState uint8

const (
	plainAwaitHello plainServerState = iota
	plainChecking                    // until Resume
	plainSendWelcome
	plainAwaitInitiate
	plainSendReady
	plainServerReady
	plainSendError
	plainServerFailed // after an error; no command leads out of it
)

// plainServerTable has the command that each state accepts. A command that is
// not in it is an error.
var plainServerTable = map[plainServerState]transition[*PlainServer]{
	plainAwaitHello:    {wire.NameHello, (*PlainServer).receiveHello},
	plainAwaitInitiate: {wire.NameInitiate, (*PlainServer).receiveInitiate},
}

// NewPlainServer returns the server side of PLAIN. metadata are the properties
// that it sends, as encoded by wire.AppendProperty.
func NewPlainServer(metadata []byte) *PlainServer {
	return &PlainServer{plain: plain{metadata: metadata}}
}

// Server returns true.
func (s *PlainServer) Server() bool { return true }

// Next returns WELCOME when Resume has accepted the client, READY when the
// client's INITIATE was received, or ERROR when Resume has refused the client.
func (s *PlainServer) Next(dst []byte) ([]byte, bool) {
	switch s.state {
	case plainSendWelcome:
		s.state = plainAwaitInitiate
		return wire.Welcome{}.AppendBody(dst), true
	case plainSendReady:
		s.state = plainServerReady
		return wire.Ready{Metadata: s.metadata}.AppendBody(dst), true
	case plainSendError:
		s.state = plainServerFailed
		return appendRefusal(dst, s.refusal), true
	}
	return dst, false
}

// Receive handles HELLO and INITIATE. After an error the handshake cannot
// succeed.
func (s *PlainServer) Receive(body []byte) error {
	err := plainServerTable[s.state].receive(s, body)
	if err != nil {
		s.state, s.credentials = plainServerFailed, nil
	}
	return err
}

func (s *PlainServer) receiveHello(data []byte) error {
	var h wire.Hello
	if err := h.Decode(data); err != nil {
		return err
	}
	c := Credentials{Mechanism: s.Name(), Username: string(h.Username), Password: string(h.Password)}
	s.credentials = func() Credentials { return c }
	s.state = plainChecking
	return nil
}

func (s *PlainServer) receiveInitiate(data []byte) error {
	var i wire.Initiate
	if err := i.Decode(data); err != nil {
		return err
	}
	s.peer = append([]byte(nil), i.Metadata...)
	s.state = plainSendReady
	return nil
}

// Status returns Waiting from HELLO until Resume, and Complete when READY was sent.
func (s *PlainServer) Status() Status {
	switch s.state {
	case plainChecking:
		return Waiting
	case plainServerReady:
		return Complete
	}
	return Handshaking
}

// Credentials returns the username and the password of the client while Status
// is Waiting. After that it returns neither.
func (s *PlainServer) Credentials() Credentials {
	if s.credentials == nil {
		return Credentials{Mechanism: s.Name()}
	}
	return s.credentials()
}

// Resume continues with WELCOME or refuses the client.
func (s *PlainServer) Resume(v Verdict) error {
	if s.state != plainChecking {
		return ErrUnexpected
	}
	var err error
	s.state, err = afterVerdict(v, plainSendWelcome, plainSendError, plainServerFailed)
	s.credentials, s.refusal = nil, v.Status
	return err
}
