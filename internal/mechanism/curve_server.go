package mechanism

import (
	"crypto/ecdh"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/nacl/secretbox"

	"github.com/zerobroker/zmq/internal/wire"
)

// CurveServer is the server of the CURVE mechanism. A handshake costs it four
// scalar multiplications: one for a HELLO, one more if the HELLO decrypts, and
// two for INITIATE.
type CurveServer struct {
	curve
	keys *CurveKeys

	hello   *curveServerHello // from HELLO to INITIATE
	session *[32]byte         // key of boxes between C' and S', from INITIATE to READY
	count   uint64            // short nonce of INITIATE
	client  [32]byte          // C, from INITIATE
	refusal ZAPStatus         // from Resume
}

// curveServerHello is what a server needs to send WELCOME and to decrypt
// INITIATE. RFC 26 suggests that it keeps only the cookie key, which is for
// servers that have no state at all for a client. A connection has, so the
// server keeps the key pair too, and the cookie proves only that INITIATE
// belongs to this connection.
type curveServerHello struct {
	client    *ecdh.PublicKey  // C'
	key       *[32]byte        // of boxes between C' and S
	count     uint64           // short nonce of HELLO
	transient *ecdh.PrivateKey // s'
	cookie    [64]byte         // C' and s', the content of the cookie
	cookieKey [32]byte         // encrypts the cookie
}

var curveServerReceives = map[curveInput]curveReceiver[*CurveServer]{
	{curveAwaitHello, wire.NameHello}:       {(*CurveServer).receiveHello, curveSendWelcome},
	{curveAwaitInitiate, wire.NameInitiate}: {(*CurveServer).receiveInitiate, curveAwaitVerdict},
}

var curveServerSends = map[curveState]curveSender[*CurveServer]{
	curveSendWelcome: {(*CurveServer).appendWelcome, curveAwaitInitiate},
	curveSendReady:   {(*CurveServer).appendReady, curveReady},
	curveSendError:   {(*CurveServer).appendError, curveFailed},
}

// NewCurveServer returns the mechanism of one accepted connection. It sends
// metadata, which are properties as encoded by wire.AppendProperty. random fills
// a slice with random bytes; if it is nil, they come from crypto/rand.
func NewCurveServer(keys *CurveKeys, metadata []byte, random func([]byte)) *CurveServer {
	if random == nil {
		random = cryptoRandom
	}
	return &CurveServer{
		curve: curve{state: curveAwaitHello, random: random, metadata: metadata},
		keys:  keys,
	}
}

// Server returns true.
func (s *CurveServer) Server() bool { return true }

// Next returns the WELCOME, READY or ERROR command.
func (s *CurveServer) Next(dst []byte) ([]byte, bool) {
	return curveNext(s, &s.curve, curveServerSends, dst)
}

// Receive handles the HELLO or the INITIATE command.
func (s *CurveServer) Receive(body []byte) error {
	err := curveReceive(s, &s.curve, curveServerReceives, body)
	if err != nil {
		s.erase()
	}
	return err
}

// Credentials returns the permanent key and the metadata of the client.
func (s *CurveServer) Credentials() Credentials {
	return Credentials{Mechanism: nameCurve, PublicKey: s.client, Metadata: s.peer}
}

// Resume continues the handshake after INITIATE.
func (s *CurveServer) Resume(v Verdict) error {
	if s.state != curveAwaitVerdict {
		return ErrUnexpected
	}
	var err error
	if s.state, err = afterVerdict(v, curveSendReady, curveSendError, curveFailed); err != nil {
		s.refusal = v.Status
		s.erase()
	}
	return err
}

// receiveHello makes the transient key pair only after the box has proved that
// the client knows S: that halves the cost of a forged HELLO.
// https://rfc.zeromq.org/spec/26/#the-hello-command
func (s *CurveServer) receiveHello(data []byte) error {
	if 1+len(wire.NameHello)+len(data) != curveHelloSize {
		return curveMalformed(wire.NameHello, "wrong size")
	}
	if version := curveCut(&data, 2); version[0] != 1 || version[1] != 0 {
		return curveMalformed(wire.NameHello, fmt.Sprintf("version %d.%d", version[0], version[1]))
	}
	if !allZero(curveCut(&data, curvePadding)) {
		return curveMalformed(wire.NameHello, "padding is not zero")
	}
	client, err := parsePublic(curveCut(&data, 32))
	if err != nil {
		return err
	}
	key, err := sharedKey(s.keys.secret, client)
	if err != nil {
		return err
	}
	h := &curveServerHello{client: client, key: key, count: binary.BigEndian.Uint64(curveCut(&data, 8))}
	s.hello = h
	proof, ok := secretbox.Open(nil, data, shortNonce(curveHelloNonce, h.count), key)
	if !ok {
		return curveNotDecrypted(wire.NameHello)
	}
	if !allZero(proof) {
		return curveMalformed(wire.NameHello, "content of the box is not zero")
	}
	copy(h.cookie[:32], client.Bytes())
	if h.transient, err = newTransient(h.cookie[32:], s.random); err != nil {
		return fmt.Errorf("%w: %w", ErrKeyExchange, err)
	}
	return nil
}

// appendWelcome encrypts the cookie with a key that only this connection uses,
// so no other connection accepts it.
// https://rfc.zeromq.org/spec/26/#the-welcome-command
func (s *CurveServer) appendWelcome(dst []byte) []byte {
	h := s.hello
	s.random(h.cookieKey[:])
	var nonces [32]byte // of the cookie and of the command
	s.random(nonces[:])
	cookieNonce, welcomeNonce := nonces[:16], nonces[16:]

	plain := make([]byte, 0, 32+curveCookieSize)
	plain = append(plain, h.transient.PublicKey().Bytes()...)
	plain = append(plain, cookieNonce...)
	plain = secretbox.Seal(plain, h.cookie[:], longNonce(curveCookieNonce, cookieNonce), &h.cookieKey)

	dst = append(wire.AppendCommandName(dst, wire.NameWelcome), welcomeNonce...)
	dst = secretbox.Seal(dst, plain, longNonce(curveWelcomeNonce, welcomeNonce), h.key)
	clear(h.key[:])
	return dst
}

// receiveInitiate authenticates the client.
// https://rfc.zeromq.org/spec/26/#the-initiate-command
func (s *CurveServer) receiveInitiate(data []byte) error {
	if 1+len(wire.NameInitiate)+len(data) < curveMinInitiateSize {
		return curveMalformed(wire.NameInitiate, "too short")
	}
	defer s.eraseHello()
	h := s.hello
	if err := h.checkCookie(curveCut(&data, curveCookieSize)); err != nil {
		return err
	}
	count := binary.BigEndian.Uint64(curveCut(&data, 8))
	if count <= h.count {
		return fmt.Errorf("%s: %w", wire.NameInitiate, ErrSequence)
	}
	key, err := sharedKey(h.transient, h.client)
	if err != nil {
		return err
	}
	s.session, s.count = key, count
	plain, ok := secretbox.Open(nil, data, shortNonce(curveInitiateNonce, count), key)
	if !ok {
		return curveNotDecrypted(wire.NameInitiate)
	}
	vouch, metadata := plain[:curveVouchSize], plain[curveVouchSize:]
	defer clear(vouch)
	if err := s.checkVouch(vouch); err != nil {
		return err
	}
	var in wire.Initiate
	if err := in.Decode(metadata); err != nil {
		return err
	}
	s.client, s.peer = [32]byte(vouch), in.Metadata
	return nil
}

// checkCookie checks that a cookie is the one of this connection.
func (h *curveServerHello) checkCookie(cookie []byte) error {
	nonce := longNonce(curveCookieNonce, curveCut(&cookie, 16))
	plain, ok := secretbox.Open(nil, cookie, nonce, &h.cookieKey)
	if !ok {
		return curveNotDecrypted("cookie in " + wire.NameInitiate)
	}
	defer clear(plain)
	if subtle.ConstantTimeCompare(plain, h.cookie[:]) != 1 {
		return fmt.Errorf("%w: cookie of another connection", ErrKeyExchange)
	}
	return nil
}

// checkVouch checks that the owner of C has chosen C' for a connection to us. S
// is in the vouch so that no other server can use it.
func (s *CurveServer) checkVouch(vouch []byte) error {
	client, err := parsePublic(curveCut(&vouch, 32))
	if err != nil {
		return err
	}
	key, err := sharedKey(s.hello.transient, client)
	if err != nil {
		return err
	}
	defer clear(key[:])
	nonce := longNonce(curveVouchNonce, curveCut(&vouch, 16))
	plain, ok := secretbox.Open(nil, vouch, nonce, key)
	if !ok {
		return curveNotDecrypted("vouch in " + wire.NameInitiate)
	}
	transient := subtle.ConstantTimeCompare(plain[:32], s.hello.cookie[:32])
	server := subtle.ConstantTimeCompare(plain[32:], s.keys.public[:])
	if transient&server != 1 {
		return fmt.Errorf("%w: vouch for another connection or server", ErrKeyExchange)
	}
	return nil
}

// appendReady prepares the encryption of frames.
// https://rfc.zeromq.org/spec/26/#the-ready-command
func (s *CurveServer) appendReady(dst []byte) []byte {
	dst = wire.AppendCommandName(dst, wire.NameReady)
	nonce := shortNonce(curveReadyNonce, curveReadyCount)
	dst = append(dst, nonce[16:]...)
	dst = secretbox.Seal(dst, s.metadata, nonce, s.session)
	s.sealer = newCurveSealer(s.session, curveServerNonce, curveReadyCount)
	s.opener = newCurveOpener(s.session, curveClientNonce, s.count)
	s.erase()
	return dst
}

// appendError informs the client that it is not accepted.
// https://rfc.zeromq.org/spec/26/#the-error-command
func (s *CurveServer) appendError(dst []byte) []byte { return appendRefusal(dst, s.refusal) }

// erase removes the secrets of the handshake. crypto/ecdh cannot clear a secret
// key; the garbage collector frees it.
func (s *CurveServer) erase() {
	s.eraseHello()
	if s.session != nil {
		clear(s.session[:])
		s.session = nil
	}
}

func (s *CurveServer) eraseHello() {
	if h := s.hello; h != nil {
		clear(h.key[:])
		clear(h.cookie[:])
		clear(h.cookieKey[:])
		h.transient = nil
		s.hello = nil
	}
}

// Format writes no key, whatever the verb.
func (s CurveServer) Format(f fmt.State, verb rune) { s.curve.Format(f, verb) }

func allZero(b []byte) bool {
	var or byte
	for _, x := range b {
		or |= x
	}
	return or == 0
}
