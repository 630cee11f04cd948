package mechanism

import (
	"fmt"

	"github.com/zerobroker/zmq/internal/wire"
)

// This file has what both sides of the CURVE mechanism share. A handshake is
//
//	client: HELLO                  C', proof that the client knows S
//	server: WELCOME                S' and a cookie, which only C' can decrypt
//	client: INITIATE               the cookie, C, proof that C has chosen C', metadata
//	server: READY or ERROR         metadata
//
// C and S are the permanent public keys of client and server, C' and S' those
// of their transient key pairs, which exist for one connection. Lower case
// letters are the secret keys. A box (X -> Y) is data that is encrypted and
// authenticated with the secret key of X and the public key of Y.
//
// https://rfc.zeromq.org/spec/25/ https://rfc.zeromq.org/spec/26/

const nameCurve = "CURVE"

// The sizes of the commands, without a frame header.
// https://rfc.zeromq.org/spec/26/#high-level-grammar
const (
	curveHelloSize       = 200
	curveWelcomeSize     = 168
	curveMinInitiateSize = 257
	curveMinReadySize    = 30

	curveCookieSize = 96  // long nonce, box of C' and s'
	curveVouchSize  = 128 // C, long nonce, box of C' and S
	curvePadding    = 72  // zeros that make HELLO longer than WELCOME
	curveProofSize  = 64  // zeros in the box of HELLO
)

// The prefixes of nonces. A short nonce is a counter of 8 bytes, a long nonce
// has 16 random bytes.
const (
	curveHelloNonce    = "CurveZMQHELLO---"
	curveInitiateNonce = "CurveZMQINITIATE"
	curveReadyNonce    = "CurveZMQREADY---"
	curveClientNonce   = "CurveZMQMESSAGEC"
	curveServerNonce   = "CurveZMQMESSAGES"
	curveWelcomeNonce  = "WELCOME-"
	curveCookieNonce   = "COOKIE--"
	curveVouchNonce    = "VOUCH---"
)

// The short nonces of our own handshake commands. Messages continue the count.
const (
	curveHelloCount    = 1
	curveInitiateCount = 2
	curveReadyCount    = 1
)

// curveState is the state of a handshake. The first two are those of both sides,
// the next four those of a client, the others those of a server.
type curveState uint8

const (
	curveFailed curveState = iota // the connection must be closed; no command is sent or accepted
	curveReady                    // the handshake has succeeded

	curveSendHello
	curveAwaitWelcome
	curveSendInitiate
	curveAwaitReady

	curveAwaitHello
	curveSendWelcome
	curveAwaitInitiate
	curveAwaitVerdict // of Resume
	curveSendReady
	curveSendError
)

// curveInput is a command from the peer in a state.
type curveInput struct {
	state   curveState
	command string
}

// curveReceiver is what side M does with an input, and the state after that.
type curveReceiver[M any] struct {
	receive func(m M, data []byte) error // data is the command without its name
	next    curveState
}

// curveSender is what side M sends in a state, and the state after that.
type curveSender[M any] struct {
	appendBody func(m M, dst []byte) []byte
	next       curveState
}

// curve is the part of a CURVE mechanism that both sides share.
type curve struct {
	state    curveState
	random   func([]byte)
	metadata []byte // to send
	peer     []byte // the metadata of the peer

	// The encryption of the frames after the handshake; nil before.
	sealer *curveSealer
	opener *curveOpener
}

// Name returns "CURVE".
func (c *curve) Name() string { return nameCurve }

// Metadata returns the properties in the peer's INITIATE or READY.
func (c *curve) Metadata() []byte { return c.peer }

// Seals returns true: CURVE encrypts every frame.
func (c *curve) Seals() bool { return true }

// Status returns Waiting between INITIATE and Resume, and Complete after READY.
func (c *curve) Status() Status {
	switch c.state {
	case curveReady:
		return Complete
	case curveAwaitVerdict:
		return Waiting
	}
	return Handshaking
}

// Seal appends the MESSAGE command that contains the frame.
// https://rfc.zeromq.org/spec/26/#the-message-command
func (c *curve) Seal(dst []byte, flags byte, body []byte) ([]byte, error) {
	if c.state != curveReady {
		return dst, fmt.Errorf("%w: frame before the end of the handshake", ErrUnexpected)
	}
	return c.sealer.seal(dst, flags, body)
}

// Open decrypts the MESSAGE command in sealed. After an error it decrypts no
// other one.
// https://rfc.zeromq.org/spec/26/#the-message-command
func (c *curve) Open(sealed []byte) (flags byte, plain []byte, err error) {
	if c.state != curveReady {
		return 0, nil, fmt.Errorf("%w: frame before the end of the handshake", ErrMalformed)
	}
	return c.opener.open(sealed)
}

// Format writes the name of the mechanism for every verb, so that no key gets
// into a log.
func (c curve) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(nameCurve)) }

// curveReceive looks up the action for a command. It changes the state to next
// if the action succeeds, and otherwise to curveFailed.
func curveReceive[M any](m M, c *curve, table map[curveInput]curveReceiver[M], body []byte) error {
	state := c.state
	c.state = curveFailed
	name, data, ok := wire.SplitCommand(body)
	if !ok {
		return fmt.Errorf("handshake command: %w", ErrMalformed)
	}
	action, ok := table[curveInput{state, string(name)}]
	if !ok {
		return unexpected(string(name), curveExpected(table, state))
	}
	if err := action.receive(m, data); err != nil {
		return err
	}
	c.state = action.next
	return nil
}

// curveExpected returns the command that a table accepts in a state.
func curveExpected[M any](table map[curveInput]curveReceiver[M], state curveState) string {
	for in := range table {
		if in.state == state && in.command != wire.NameError {
			return in.command
		}
	}
	return "no command"
}

// curveNext appends the command that a table has for the state.
func curveNext[M any](m M, c *curve, table map[curveState]curveSender[M], dst []byte) ([]byte, bool) {
	action, ok := table[c.state]
	if !ok {
		return dst, false
	}
	c.state = action.next
	return action.appendBody(m, dst), true
}

// curveMalformed returns the error for a command that violates its grammar.
func curveMalformed(command, reason string) error {
	return fmt.Errorf("%w %s: %s", ErrMalformed, command, reason)
}

// curveNotDecrypted returns the error for a box that does not open.
func curveNotDecrypted(what string) error { return fmt.Errorf("%s %w", what, ErrCrypto) }

// curveCut removes n bytes from the start of b and returns them.
func curveCut(b *[]byte, n int) []byte {
	head := (*b)[:n:n]
	*b = (*b)[n:]
	return head
}
