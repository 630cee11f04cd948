package mechanism

import (
	"crypto/ecdh"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/nacl/secretbox"

	"github.com/zerobroker/zmq/internal/wire"
)

// CurveClient is the client of the CURVE mechanism.
type CurveClient struct {
	curve
	keys   *CurveKeys
	server *CurveServerKey

	hello    *curveClientHello    // from HELLO to WELCOME
	initiate *curveClientInitiate // from WELCOME to READY

	// OnWelcome, if not nil, is called when the peer has proved that it has the
	// key of the server.
	OnWelcome func()
}

// curveClientHello is what a client needs to decrypt WELCOME.
type curveClientHello struct {
	secret *ecdh.PrivateKey // c'
	key    *[32]byte        // of boxes between C' and S
}

// curveClientInitiate is what a client needs to send INITIATE and to decrypt
// READY.
type curveClientInitiate struct {
	transient [32]byte              // C'
	cookie    [curveCookieSize]byte // from WELCOME
	key       *[32]byte             // of boxes between C' and S'
	vouchKey  *[32]byte             // of boxes between C and S'; until INITIATE
}

var curveClientReceives = map[curveInput]curveReceiver[*CurveClient]{
	{curveAwaitWelcome, wire.NameWelcome}: {(*CurveClient).receiveWelcome, curveSendInitiate},
	{curveAwaitWelcome, wire.NameError}:   {(*CurveClient).receiveError, curveFailed},
	{curveAwaitReady, wire.NameReady}:     {(*CurveClient).receiveReady, curveReady},
	{curveAwaitReady, wire.NameError}:     {(*CurveClient).receiveError, curveFailed},
}

var curveClientSends = map[curveState]curveSender[*CurveClient]{
	curveSendHello:    {(*CurveClient).appendHello, curveAwaitWelcome},
	curveSendInitiate: {(*CurveClient).appendInitiate, curveAwaitReady},
}

// NewCurveClient returns the mechanism of one connection to the server with
// that key. It sends metadata, which are properties as encoded by
// wire.AppendProperty. random fills a slice with random bytes; if it is nil, they
// come from crypto/rand.
func NewCurveClient(keys *CurveKeys, server *CurveServerKey, metadata []byte, random func([]byte)) *CurveClient {
	if random == nil {
		random = cryptoRandom
	}
	return &CurveClient{
		curve: curve{state: curveSendHello, random: random, metadata: metadata},
		keys:  keys, server: server,
	}
}

// Server returns false.
func (c *CurveClient) Server() bool { return false }

// Next returns the HELLO or the INITIATE command.
func (c *CurveClient) Next(dst []byte) ([]byte, bool) {
	return curveNext(c, &c.curve, curveClientSends, dst)
}

// Receive handles the WELCOME, READY or ERROR command.
func (c *CurveClient) Receive(body []byte) error {
	err := curveReceive(c, &c.curve, curveClientReceives, body)
	if err != nil {
		c.erase()
	}
	return err
}

// Credentials returns the name of the mechanism: a server does not authenticate
// with credentials, because the client knows its key.
func (c *CurveClient) Credentials() Credentials { return Credentials{Mechanism: nameCurve} }

// Resume returns an error: a client is never Waiting.
func (c *CurveClient) Resume(Verdict) error { return ErrUnexpected }

// appendHello makes the transient key pair and appends the HELLO command with its
// public key.
// https://rfc.zeromq.org/spec/26/#the-hello-command
func (c *CurveClient) appendHello(dst []byte) []byte {
	var bytes [32]byte
	secret, err := newTransient(bytes[:], c.random)
	clear(bytes[:])
	if err != nil {
		panic("zmq: internal: transient key: " + err.Error())
	}
	key, err := sharedKey(secret, c.server.key)
	if err != nil {
		panic("zmq: internal: the server key was not checked")
	}
	c.hello = &curveClientHello{secret: secret, key: key}

	dst = append(wire.AppendCommandName(dst, wire.NameHello), 1, 0)
	dst = append(dst, make([]byte, curvePadding)...)
	dst = append(dst, secret.PublicKey().Bytes()...)
	nonce := shortNonce(curveHelloNonce, curveHelloCount)
	dst = append(dst, nonce[16:]...)
	return secretbox.Seal(dst, make([]byte, curveProofSize), nonce, key)
}

// receiveWelcome derives all keys of the connection.
// https://rfc.zeromq.org/spec/26/#the-welcome-command
func (c *CurveClient) receiveWelcome(data []byte) error {
	if 1+len(wire.NameWelcome)+len(data) != curveWelcomeSize {
		return curveMalformed(wire.NameWelcome, "wrong size")
	}
	hello := c.hello
	nonce := longNonce(curveWelcomeNonce, curveCut(&data, 16))
	plain, ok := secretbox.Open(nil, data, nonce, hello.key)
	if !ok {
		return curveNotDecrypted(wire.NameWelcome)
	}
	server, err := parsePublic(curveCut(&plain, 32))
	if err != nil {
		return err
	}
	in := &curveClientInitiate{
		transient: [32]byte(hello.secret.PublicKey().Bytes()),
		cookie:    [curveCookieSize]byte(plain),
	}
	if in.key, err = sharedKey(hello.secret, server); err != nil {
		return err
	}
	if in.vouchKey, err = sharedKey(c.keys.secret, server); err != nil {
		return err
	}
	c.erase()
	c.initiate = in
	if c.OnWelcome != nil {
		c.OnWelcome()
	}
	return nil
}

// appendInitiate proves with the vouch that the owner of C has chosen C' for a
// connection to S. https://rfc.zeromq.org/spec/26/#the-initiate-command
func (c *CurveClient) appendInitiate(dst []byte) []byte {
	in := c.initiate
	vouch := append(in.transient[:], c.server.public[:]...)
	var random [16]byte
	c.random(random[:])

	plain := make([]byte, 0, curveVouchSize+len(c.metadata))
	plain = append(plain, c.keys.public[:]...)
	plain = append(plain, random[:]...)
	plain = secretbox.Seal(plain, vouch, longNonce(curveVouchNonce, random[:]), in.vouchKey)
	plain = append(plain, c.metadata...)
	clear(in.vouchKey[:])

	dst = append(wire.AppendCommandName(dst, wire.NameInitiate), in.cookie[:]...)
	nonce := shortNonce(curveInitiateNonce, curveInitiateCount)
	dst = append(dst, nonce[16:]...)
	dst = secretbox.Seal(dst, plain, nonce, in.key)
	clear(plain)
	return dst
}

// receiveReady prepares the encryption of frames.
// https://rfc.zeromq.org/spec/26/#the-ready-command
func (c *CurveClient) receiveReady(data []byte) error {
	if 1+len(wire.NameReady)+len(data) < curveMinReadySize {
		return curveMalformed(wire.NameReady, "too short")
	}
	count := binary.BigEndian.Uint64(curveCut(&data, 8))
	plain, ok := secretbox.Open(nil, data, shortNonce(curveReadyNonce, count), c.initiate.key)
	if !ok {
		return curveNotDecrypted(wire.NameReady)
	}
	var r wire.Ready
	if err := r.Decode(plain); err != nil {
		return err
	}
	c.peer = r.Metadata
	c.sealer = newCurveSealer(c.initiate.key, curveClientNonce, curveInitiateCount)
	c.opener = newCurveOpener(c.initiate.key, curveServerNonce, count)
	c.erase()
	return nil
}

// receiveError handles the refusal of the server. It is not authenticated.
// https://rfc.zeromq.org/spec/26/#the-error-command
func (c *CurveClient) receiveError(data []byte) error {
	var e wire.Error
	if err := e.Decode(data); err != nil {
		return err
	}
	return &PeerError{Reason: string(e.Reason)}
}

// erase removes the secrets of the handshake. crypto/ecdh cannot clear a secret
// key; the garbage collector frees it.
func (c *CurveClient) erase() {
	if h := c.hello; h != nil {
		clear(h.key[:])
		c.hello = nil
	}
	if in := c.initiate; in != nil {
		clear(in.key[:])
		clear(in.vouchKey[:])
		c.initiate = nil
	}
}

// Format writes no key, whatever the verb.
func (c CurveClient) Format(f fmt.State, verb rune) { c.curve.Format(f, verb) }
