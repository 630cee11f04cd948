package wire

import "encoding/binary"

// Sizes of the greeting and of its parts.
// https://rfc.zeromq.org/spec/37/#formal-grammar
const (
	SignatureLen  = 10 // FF, 8 octets of padding, 7F
	GreetingLenV2 = 12 // signature, revision, socket type
	GreetingLen   = 64 // signature, version, mechanism, as-server, filler
)

// Offsets in the greeting.
const (
	flagsPos     = 9 // from an unversioned peer: the flags of a long frame
	revisionPos  = 10
	minorPos     = 11 // from a ZMTP 2.0 peer: the socket type
	mechanismPos = 12
	asServerPos  = 32
)

// ourRevision and ourMinor are the version in our greeting: ZMTP 3.1.
const (
	ourRevision = 3
	ourMinor    = 1
)

// Version is the protocol version that both sides of a connection use after the
// greeting. An older version is less than a newer one. The zero Version means
// that the version is not known.
type Version uint8

const (
	V1   Version = iota + 1 // ZMTP 1.0, with or without a version number
	V2                      // ZMTP 2.0
	V3_0                    // ZMTP 3.0
	V3_1                    // ZMTP 3.1 and all newer versions
)

// String returns the version number, such as "3.1".
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

// AppendSignature appends the first 10 bytes of our greeting. The padding is
// the length of our routing ID plus one, so that a ZMTP 1.0 peer reads the
// signature as the header of our identity frame. To such a peer, the routing ID
// follows without another header.
// https://rfc.zeromq.org/spec/37/#backwards-interoperability
func AppendSignature(dst []byte, routingIDLen int) []byte {
	dst = append(dst, 0xFF)
	dst = binary.BigEndian.AppendUint64(dst, uint64(routingIDLen)+1)
	return append(dst, 0x7F)
}

// AppendRevision appends our major version, the second part of our greeting. It
// is sent when the step of the peer's greeting is [SignatureSeen] or later.
// https://rfc.zeromq.org/spec/37/#version-negotiation
func AppendRevision(dst []byte) []byte { return append(dst, ourRevision) }

// AppendGreetingV2Tail appends the last part of our greeting to a [RevisionV1]
// or [RevisionV2] peer: the ZMTP 2.0 number of our socket type. With signature
// and revision, our greeting has [GreetingLenV2] bytes. The revision in it is
// still 3: a 2.0 peer accepts any higher number than its own and continues with
// 2.0.
// https://rfc.zeromq.org/spec/15/#backwards-interoperability
func AppendGreetingV2Tail(dst []byte, socketType byte) []byte { return append(dst, socketType) }

// AppendGreetingV3Tail appends the last part of our greeting to a [RevisionV3]
// peer: minor version, mechanism, as-server and filler. With signature and
// revision, our greeting has [GreetingLen] bytes. The name of the mechanism has
// at most 20 bytes.
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
