package wire

import "encoding/binary"

// Sizes of the greeting and of the part that decides how to go on.
// https://rfc.zeromq.org/spec/37/#formal-grammar
const (
	SignatureLen  = 10 // FF, 8 octets of padding, 7F
	GreetingLenV2 = 12 // signature, revision, socket type
	GreetingLen   = 64 // signature, version, mechanism, as-server, filler
)

// Offsets in the greeting.
const (
	flagsPos     = 9 // where an unversioned long frame has its flags
	revisionPos  = 10
	minorPos     = 11 // the socket type, from a 2.0 peer
	mechanismPos = 12
	asServerPos  = 32
)

// ourRevision and ourMinor are the version that we speak: ZMTP 3.1.
const (
	ourRevision = 3
	ourMinor    = 1
)

// Version is the protocol that both sides of a connection speak after the
// greeting. Versions compare in order of age; the zero Version is none.
type Version uint8

const (
	V1   Version = iota + 1 // ZMTP 1.0, with or without a version number
	V2                      // ZMTP 2.0
	V3_0                    // ZMTP 3.0
	V3_1                    // ZMTP 3.1 and everything newer
)

// String returns the version as the RFCs number it.
func (v Version) String() string {
	switch v {
	case V1:
		return "1.0"
	case V2:
		return "2.0"
	case V3_0:
		return "3.0"
	case V3_1:
		return "3.1"
	}
	return "unknown"
}

// AppendSignature appends the 10 bytes that open every connection. The
// padding holds the length of our routing id plus one, so that a ZMTP 1.0 peer
// reads the signature as the header of our identity frame; to such a peer the
// id itself follows, with no other header.
// https://rfc.zeromq.org/spec/37/#backwards-interoperability
func AppendSignature(dst []byte, routingIDLen int) []byte {
	dst = append(dst, 0xFF)
	dst = binary.BigEndian.AppendUint64(dst, uint64(routingIDLen)+1)
	return append(dst, 0x7F)
}

// AppendRevision appends our major version, the second thing to send, once
// the peer's step is [SignatureSeen] or later.
// https://rfc.zeromq.org/spec/37/#version-negotiation
func AppendRevision(dst []byte) []byte { return append(dst, ourRevision) }

// AppendGreetingV2Tail appends what ends our greeting to a [RevisionV1] or
// [RevisionV2] peer: our socket type by its ZMTP 2.0 number. With signature
// and revision that makes [GreetingLenV2] bytes. The revision stays 3: a 2.0
// peer accepts any higher number than its own and goes on with 2.0.
// https://rfc.zeromq.org/spec/15/#backwards-interoperability
func AppendGreetingV2Tail(dst []byte, socketType byte) []byte { return append(dst, socketType) }

// AppendGreetingV3Tail appends what ends our greeting to a [RevisionV3] peer:
// minor version, mechanism, as-server and filler. With signature and revision
// that makes [GreetingLen] bytes. The mechanism is at most 20 bytes long.
// https://rfc.zeromq.org/spec/37/#formal-grammar
func AppendGreetingV3Tail(dst []byte, mechanism string, asServer bool) []byte {
	var tail [GreetingLen - minorPos]byte // filler = 31%x00
	tail[0] = ourMinor
	padded := padMechanism(mechanism)
	copy(tail[mechanismPos-minorPos:], padded[:])
	if asServer {
		tail[asServerPos-minorPos] = 1
	}
	return append(dst, tail[:]...)
}

func padMechanism(name string) (padded [20]byte) {
	mustFit(len(name), len(padded))
	copy(padded[:], name)
	return padded
}
