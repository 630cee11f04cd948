// Package zcert reads and writes CURVE certificates: key pairs and public keys
// in files, in the format of CZMQ's zcert, zauth and zmakecert.
//
// A certificate is one or two text files in ZPL ([4/ZPL]). The file NAME has the
// public key and may be given to every peer. The file NAME_secret has both keys
// and is readable only by its owner. Both have the metadata, names and values of
// any meaning:
//
//	metadata
//	    name = "front server"
//	curve
//	    public-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
//
// Certificates are not signed. A program that receives a public file must be able
// to verify its origin in another way.
//
// [Certificate.Write] writes both files, [Read] reads the secret one if it
// exists, and [ReadPublic] reads only the public one.
//
// CZMQ and this package read what the other writes. This package refuses files
// that CZMQ reads in part: with a malformed or all-zero key, with a secret key
// that does not belong to the public one, or with a section or a name that
// occurs twice.
//
// pyzmq's zmq.auth.load_certificates reads only files whose names end with .key, so
// name a certificate for it NAME.key. The secret file that zmq.auth writes has mode
// 0644; programs that check the mode refuse it until it is 0600. Its metadata is
// empty: add a name to the public file, or auth.OpenKeys uses the public key as user
// ID.
//
// The functions may be called concurrently. They do not lock files: if two calls
// write the same certificate, its two files may come from different calls.
//
// The package is separate from package curve, so that programs that keep keys
// elsewhere need neither files nor a parser.
//
// [4/ZPL]: https://rfc.zeromq.org/spec/4/
package zcert

import (
	"fmt"

	"github.com/zerobroker/zmq/curve"
)

// SecretSuffix is added to the path of a certificate to get the path of the file
// with the secret key.
const SecretSuffix = "_secret"

// Certificate is a key with metadata. Printing it does not print its secret key.
type Certificate struct {
	// Key is the key pair. It is zero in a certificate that has only a public
	// key.
	Key curve.Key

	// Public is the public key. It may be zero for [Certificate.Write] if Key is
	// set.
	Public curve.PublicKey

	// Metadata has the metadata in the order of the file. CZMQ's zauth adds it
	// to the metadata of each message from a client with this certificate.
	Metadata []Property
}

// Property is one element of the metadata.
type Property struct {
	// Name consists of ASCII letters and digits and "$-_@.&+/", and does not
	// begin or end with a slash. No two properties of a certificate have the
	// same name.
	Name string

	// Value is text without control characters other than tabs. ZPL has no
	// escape sequences, so a value that contains both kinds of quotes may not
	// begin with a quote, begin or end with white space, or contain a "#".
	Value string
}

// Error says why the content of a file is not a certificate. It contains no part
// of a secret key.
type Error struct {
	Path string
	Line int // from 1; 0 if the error is not in one line
	Err  error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }
