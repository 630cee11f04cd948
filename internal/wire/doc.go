// Package wire is ZMTP as bytes: the greeting, frames, one file per command,
// and metadata. Everything appends to a slice or consumes a slice; nothing
// does I/O, keeps state, reads a clock or starts a goroutine. It imports
// nothing of ours and may not know of anything else: no sockets, messages,
// limits or policies. Whoever calls it decides what a decoded value is allowed
// to be; wire only says what the bytes mean.
//
// Rules that hold for the whole package:
//
//   - Append functions extend dst and return it, as the append builtin does.
//   - Consume functions read a prefix and return its length n: n == 0 asks for
//     more bytes, n < 0 (where documented) says that no continuation can help.
//     Both answers depend on the bytes alone, never on how they were cut.
//   - Decode methods take all of a command's data, which is its frame body
//     after the command name (see [SplitCommand]).
//   - Decoded slices alias the input and live as long as it does.
//   - A length from the peer is compared as uint64 before it is converted or
//     added to. No input panics, and to decode valid input allocates nothing.
//
// The versions covered are ZMTP 1.0 (https://rfc.zeromq.org/spec/13/), 2.0
// (spec/15), 3.0 (spec/23) and 3.1 (spec/37). Where libzmq and those texts
// differ, wire sends what the text says and accepts what libzmq accepts.
package wire

// text is what the append helpers take where callers have both.
type text interface{ string | []byte }

// appendShort appends a one-byte length and s, the "short-size" strings of
// the grammar.
func appendShort[T text](dst []byte, s T) []byte {
	mustFit(len(s), 255)
	return append(append(dst, byte(len(s))), s...)
}

// mustFit guards what we send. Options are checked where they are set, so a
// value too long for its field is a bug of ours: cut silently it would become
// another name, or another password.
func mustFit(size, limit int) {
	if size > limit {
		panic("zmq: internal: value too long for its ZMTP field")
	}
}
