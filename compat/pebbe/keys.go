package zmq4

import (
	"runtime"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/z85"
)

// Version returns the version of libzmq whose behaviour the sockets have, 4.3.5.
func Version() (major, minor, patch int) { return 4, 3, 5 }

// HasIpc reports whether the system has the transport ipc.
func HasIpc() bool { return runtime.GOOS != "js" }

// HasPgm returns false: the transport pgm is not implemented.
func HasPgm() bool { return false }

// HasTipc returns false: the transport tipc is not implemented.
func HasTipc() bool { return false }

// HasNorm returns false: the transport norm is not implemented.
func HasNorm() bool { return false }

// HasCurve returns true: the mechanism CURVE is always there.
func HasCurve() bool { return true }

// HasGssapi returns false: the mechanism GSSAPI is not implemented.
func HasGssapi() bool { return false }

// Z85encode returns the Z85 text of data, whose length must be a multiple of 4;
// otherwise it returns "".
func Z85encode(data string) string {
	text, err := z85.EncodeToString([]byte(data))
	if err != nil {
		return ""
	}
	return text
}

// Z85decode returns the bytes that a Z85 text encodes, or "" if it is not valid.
func Z85decode(s string) string {
	data, err := z85.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(data)
}

// NewCurveKeypair returns a new pair of keys for CURVE, as Z85 text of 40 characters.
func NewCurveKeypair() (z85_public_key, z85_secret_key string, err error) {
	key, err := curve.GenerateKey()
	if err != nil {
		return "", "", err
	}
	return key.Public().String(), key.SecretZ85(), nil
}

// AuthCurvePublic returns the public key of a secret key, both as Z85 text of 40
// characters. The error is EINVAL for any other text.
func AuthCurvePublic(z85SecretKey string) (z85PublicKey string, err error) {
	if len(z85SecretKey) != z85.EncodedLen(32) {
		return "", einval
	}
	key, err := curve.ParseKey(z85SecretKey)
	if err != nil {
		return "", einval
	}
	return key.Public().String(), nil
}
