package zap

import (
	"errors"
	"fmt"
	"log/slog"
)

// ErrMalformedRequest matches the error of [ParseRequest] for frames that are
// not a ZAP request.
var ErrMalformedRequest = errors.New("malformed ZAP request")

// ErrVersion matches the error of [ParseRequest] and [ParseReply] for a version
// other than [Version].
var ErrVersion = errors.New("unknown ZAP version")

// Request asks a handler whether a peer is who it claims to be, and whether it
// may connect.
type Request struct {
	// Version is the version of the protocol. In a request to encode, "" means
	// [Version].
	Version string

	// ID identifies the request. The reply contains the same bytes.
	ID string

	// Domain is the ZAP domain of the socket that asks, which an application
	// chooses to distinguish its sockets. It may be empty.
	Domain string

	// Address is the IP address of the peer, without its port. Of an ipc peer it
	// is a name and the credentials of its process, such as
	// "localhost:1000:1000:4711", or empty.
	Address string

	// RoutingID is the routing ID of the socket that asks. It is empty if the
	// application has set none.
	RoutingID []byte

	// Mechanism is the name of the security mechanism, for example "CURVE".
	Mechanism string

	// Credentials depend on the mechanism: none for NULL, a username and a
	// password for PLAIN, a public key of 32 bytes for CURVE, a principal for
	// GSSAPI. The peer has proved that it has the secret key of a public key. A
	// username and a password may contain any bytes.
	Credentials [][]byte
}

// The frames of a request, before the credentials.
const (
	requestVersion = iota
	requestID
	requestDomain
	requestAddress
	requestRoutingID
	requestMechanism
	requestFrames // number of frames without credentials
)

// curveKeySize is the size of a public key of CURVE.
const curveKeySize = 32

// ParseRequest decodes a request, which are the frames that a REP receives. A
// ROUTER receives an envelope before them, which the caller must remove.
//
// The error matches [ErrVersion], or [ErrMalformedRequest] if the number of
// frames is wrong, the mechanism is empty, a string or the routing ID is longer
// than 255 bytes, or the credentials of NULL, PLAIN or CURVE are not those that
// the protocol defines. The request returned with an error contains Version and
// ID, if there are such frames, so that [Request.Reply] can answer it, and
// nothing else. No error contains credentials.
//
// RoutingID and Credentials are slices of the frames; all else is copied.
func ParseRequest(frames [][]byte) (Request, error) {
	var r Request
	if len(frames) > requestVersion {
		r.Version = string(frames[requestVersion])
	}
	if len(frames) > requestID {
		r.ID = string(frames[requestID])
	}
	if len(frames) < requestFrames {
		return r, fmt.Errorf("%w: %d frames, want at least %d", ErrMalformedRequest, len(frames), requestFrames)
	}
	if r.Version != Version {
		return r, fmt.Errorf("%w %.20q, want %q", ErrVersion, r.Version, Version)
	}
	for _, f := range []struct {
		name  string
		index int
	}{
		{"domain", requestDomain},
		{"address", requestAddress},
		{"routing ID", requestRoutingID},
		{"mechanism", requestMechanism},
	} {
		if n := len(frames[f.index]); n > maxString {
			return r, fmt.Errorf("%w: %s of %d bytes, want at most %d", ErrMalformedRequest, f.name, n, maxString)
		}
	}
	mechanism := string(frames[requestMechanism])
	credentials := frames[requestFrames:len(frames):len(frames)]
	if err := checkCredentials(mechanism, credentials); err != nil {
		return r, err
	}
	r.Domain = string(frames[requestDomain])
	r.Address = string(frames[requestAddress])
	r.RoutingID = frames[requestRoutingID]
	r.Mechanism = mechanism
	r.Credentials = credentials
	return r, nil
}

// checkCredentials returns an error if a known mechanism has other credentials
// than RFC 27 defines for it.
func checkCredentials(mechanism string, credentials [][]byte) error {
	want := -1
	switch mechanism {
	case "":
		return fmt.Errorf("%w: no mechanism", ErrMalformedRequest)
	case "NULL":
		want = 0
	case "PLAIN":
		want = 2
	case "CURVE":
		want = 1
	}
	if want >= 0 && len(credentials) != want {
		return fmt.Errorf("%w: %d credentials of mechanism %s, want %d", ErrMalformedRequest, len(credentials), mechanism, want)
	}
	for i, c := range credentials {
		switch {
		case mechanism == "CURVE" && len(c) != curveKeySize:
			return fmt.Errorf("%w: public key of %d bytes, want %d", ErrMalformedRequest, len(c), curveKeySize)
		case mechanism == "PLAIN" && len(c) > maxString:
			return fmt.Errorf("%w: credential %d of %d bytes, want at most %d", ErrMalformedRequest, i+1, len(c), maxString)
		}
	}
	return nil
}

// Frames returns the frames of the request, as a REQ sends them. A DEALER must
// send an empty delimiter frame first. Frames does not check the fields.
func (r Request) Frames() [][]byte {
	version := r.Version
	if version == "" {
		version = Version
	}
	frames := [][]byte{
		requestVersion:   []byte(version),
		requestID:        []byte(r.ID),
		requestDomain:    []byte(r.Domain),
		requestAddress:   []byte(r.Address),
		requestRoutingID: r.RoutingID,
		requestMechanism: []byte(r.Mechanism),
	}
	return append(frames, r.Credentials...)
}

// Username returns the username of a PLAIN request, and "" for all other
// mechanisms.
func (r Request) Username() string { return r.plain(0) }

// Password returns the password of a PLAIN request, and "" for all other
// mechanisms. Compare it with [crypto/subtle.ConstantTimeCompare].
func (r Request) Password() string { return r.plain(1) }

// plain returns a credential of a PLAIN request, if it has both.
func (r Request) plain(i int) string {
	if r.Mechanism != "PLAIN" || len(r.Credentials) != 2 {
		return ""
	}
	return string(r.Credentials[i])
}

// PublicKey returns the public key of a CURVE request, of which the peer has
// proved that it has the secret key. ok is false for all other mechanisms.
func (r Request) PublicKey() (key [32]byte, ok bool) {
	if r.Mechanism != "CURVE" || len(r.Credentials) != 1 || len(r.Credentials[0]) != curveKeySize {
		return key, false
	}
	return [32]byte(r.Credentials[0]), true
}

// Format implements [fmt.Formatter]. For every verb it omits the credentials, so
// that no log contains a password.
func (r Request) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{ID:%q Domain:%q Address:%q RoutingID:%q Mechanism:%q Credentials:(%d hidden)}",
		r.ID, r.Domain, r.Address, r.RoutingID, r.Mechanism, len(r.Credentials))
}

// LogValue implements [slog.LogValuer]. It omits the credentials.
func (r Request) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }
