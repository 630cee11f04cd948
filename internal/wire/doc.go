// Package wire encodes and decodes ZMTP: the greeting, frames, commands and
// metadata. Its functions append to a slice or read from a slice. They do no
// I/O, keep no state, read no clock and start no goroutine. The package imports
// no other package of this module and knows nothing of sockets, messages,
// limits or policies. It determines only what the bytes mean; the caller
// decides which decoded values are allowed.
//
// Rules that hold for the whole package:
//
//   - Append functions extend dst and return it, as the append builtin does.
//   - Consume functions decode a prefix of b and return its length n. n == 0
//     means that more bytes are needed. n < 0 (where documented) means that b
//     is malformed, whatever bytes follow. The result depends only on the
//     bytes, not on how many arrived at a time.
//   - Decode methods take all data of a command, which is the frame body after
//     the command name (see [SplitCommand]).
//   - Decoded slices alias the input and are valid as long as it is.
//   - A length from the peer is compared as uint64 before it is converted or
//     used in an addition. Decoding never panics. Decoding valid input allocates
//     nothing.
//
// The package covers ZMTP 1.0 (https://rfc.zeromq.org/spec/13/), 2.0 (spec/15),
// 3.0 (spec/23) and 3.1 (spec/37). Where libzmq differs from these RFCs, the
// package sends what the RFC specifies and accepts what libzmq accepts.
package wire

// text is the constraint of functions that accept both string and []byte.
type text interface{ string | []byte }

// appendShort appends a one-byte length and s: a string with "short-size" in
// the grammar.
func appendShort[T text](dst []byte, s T) []byte {
	mustFit(len(s), 255)
	return append(append(dst, byte(len(s))), s...)
}

// mustFit panics if a value to send is too long for its field. The options are
// checked when they are set, so this is an internal error. A truncated value
// would be another name or another password.
func mustFit(size, limit int) {
	if size > limit {
		panic("zmq: internal: value too long for its ZMTP field")
	}
}
