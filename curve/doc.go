// Package curve has the key types of CURVE, the mechanism of ZeroMQ that
// encrypts and authenticates connections ([26/CURVEZMQ]).
//
// A [Key] is the key pair of one side of a connection. [GenerateKey] makes one.
// Its [PublicKey] may be known to everyone; the rest is secret. A client needs
// the public key of the server to connect, and the server can use the public
// keys of its clients to decide which of them it accepts. So each side keeps its
// Key and gives [Key.Public] to the other side by a channel that cannot be
// forged, such as a configuration file.
//
// # Text
//
// Keys are written as 40 characters of Z85, as in libzmq and CZMQ, or as 64
// hexadecimal digits. [ParseKey] and [ParsePublicKey] read both. Both types
// implement [encoding.TextUnmarshaler], so that JSON, YAML, TOML and package
// flag can read them; only PublicKey can be written that way. Package zcert
// reads and writes key pairs as files.
//
// # Secrecy
//
// Only [Key.SecretZ85], [Key.Secret] and [Key.ECDH] return the secret of a Key.
// Packages fmt, log and log/slog print its public key instead, and the address of
// a pointer if the Key is in an unexported field of a struct. Encoders, such as
// encoding/json, get an error. No error of this package contains a part of a
// key. A debugger, and a package that follows unexported pointers, can read the
// secret, and Go does not erase it from memory.
//
// # Zero values
//
// The zero Key and the zero PublicKey mean that no key is set, which IsZero
// reports. UnmarshalText of an empty text results in them; all other functions
// refuse to make them.
//
// All functions and methods may be called concurrently, except that
// UnmarshalText changes its receiver.
//
// This package does no I/O. Of this module it imports only package z85.
//
// [26/CURVEZMQ]: https://rfc.zeromq.org/spec/26/
package curve
