package mechanism_test

import (
	"encoding/binary"

	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/nacl/box"
	"golang.org/x/crypto/nacl/secretbox"
)

// reference computes the commands of CURVE from its keys and nonces, straight
// from the grammar and by the functions of NaCl. It does not check anything, so
// tests also change its fields and use it as a hostile peer. The fields have the
// values of the handshake of newCurvePair. https://rfc.zeromq.org/spec/26/
type reference struct {
	client, server                   [32]byte // permanent secret keys
	clientTransient, serverTransient [32]byte // secret keys

	clientPublic, serverPublic                   [32]byte // their public keys
	clientTransientPublic, serverTransientPublic [32]byte

	cookieKey                             [32]byte
	cookieNonce, welcomeNonce, vouchNonce [16]byte
	helloCount, initiateCount, readyCount uint64
	proof                                 []byte // in HELLO
	cookieClient, cookieSecret            [32]byte
	welcomePublic                         [32]byte // S' in WELCOME
	cookie                                []byte   // in INITIATE, nil for that of WELCOME
	initiateClient                        [32]byte // C in INITIATE
	vouchSecret, vouchClient, vouchServer [32]byte
	clientMetadata, serverMetadata        []byte
}

func newReference() *reference {
	r := &reference{client: bytes32(seeded('c')), server: bytes32(seeded('s'))}
	random := seeded(1)
	random(r.clientTransient[:])
	random(r.vouchNonce[:])
	random = seeded(2)
	random(r.serverTransient[:])
	random(r.cookieKey[:])
	var nonces [32]byte
	random(nonces[:])
	r.cookieNonce, r.welcomeNonce = [16]byte(nonces[:16]), [16]byte(nonces[16:])
	r.derive()
	return r
}

// derive sets the fields that follow from others in an honest handshake.
func (r *reference) derive() {
	for public, secret := range map[*[32]byte]*[32]byte{
		&r.clientPublic: &r.client, &r.clientTransientPublic: &r.clientTransient,
		&r.serverPublic: &r.server, &r.serverTransientPublic: &r.serverTransient,
	} {
		curve25519.ScalarBaseMult(public, secret)
	}
	r.helloCount, r.initiateCount, r.readyCount = 1, 2, 1
	r.proof = make([]byte, 64)
	r.cookieClient, r.cookieSecret = r.clientTransientPublic, r.serverTransient
	r.welcomePublic = r.serverTransientPublic
	r.initiateClient, r.vouchSecret = r.clientPublic, r.client
	r.vouchClient, r.vouchServer = r.clientTransientPublic, r.serverPublic
	r.clientMetadata, r.serverMetadata = clientMetadata, serverMetadata
}

// nonce24 returns the nonce of a prefix and 8 or 16 bytes.
func nonce24(prefix string, rest []byte) *[24]byte {
	return (*[24]byte)(append([]byte(prefix), rest...))
}

func be64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func concat(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func (r *reference) hello() []byte {
	n := be64(r.helloCount)
	sealed := box.Seal(nil, r.proof, nonce24("CurveZMQHELLO---", n), &r.serverPublic, &r.clientTransient)
	return concat([]byte("\x05HELLO\x01\x00"), make([]byte, 72), r.clientTransientPublic[:], n, sealed)
}

func (r *reference) makeCookie() []byte {
	plain := concat(r.cookieClient[:], r.cookieSecret[:])
	return secretbox.Seal(r.cookieNonce[:], plain, nonce24("COOKIE--", r.cookieNonce[:]), &r.cookieKey)
}

func (r *reference) welcome() []byte {
	plain := concat(r.welcomePublic[:], r.makeCookie())
	sealed := box.Seal(nil, plain, nonce24("WELCOME-", r.welcomeNonce[:]), &r.clientTransientPublic, &r.server)
	return concat([]byte("\x07WELCOME"), r.welcomeNonce[:], sealed)
}

func (r *reference) initiate() []byte {
	cookie := r.cookie
	if cookie == nil {
		cookie = r.makeCookie()
	}
	vouch := box.Seal(nil, concat(r.vouchClient[:], r.vouchServer[:]), nonce24("VOUCH---", r.vouchNonce[:]),
		&r.serverTransientPublic, &r.vouchSecret)
	plain := concat(r.initiateClient[:], r.vouchNonce[:], vouch, r.clientMetadata)
	n := be64(r.initiateCount)
	sealed := box.Seal(nil, plain, nonce24("CurveZMQINITIATE", n), &r.serverTransientPublic, &r.clientTransient)
	return concat([]byte("\x08INITIATE"), cookie, n, sealed)
}

func (r *reference) ready() []byte {
	n := be64(r.readyCount)
	sealed := box.Seal(nil, r.serverMetadata, nonce24("CurveZMQREADY---", n), &r.clientTransientPublic, &r.serverTransient)
	return concat([]byte("\x05READY"), n, sealed)
}

type direction int

const (
	toServer direction = iota
	toClient
)

func (r *reference) message(d direction, count uint64, flags byte, body string) []byte {
	n, plain := be64(count), append([]byte{flags}, body...)
	var sealed []byte
	if d == toServer {
		sealed = box.Seal(nil, plain, nonce24("CurveZMQMESSAGEC", n), &r.serverTransientPublic, &r.clientTransient)
	} else {
		sealed = box.Seal(nil, plain, nonce24("CurveZMQMESSAGES", n), &r.clientTransientPublic, &r.serverTransient)
	}
	return concat([]byte("\x07MESSAGE"), n, sealed)
}
