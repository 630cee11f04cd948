package wire

import "bytes"

// GreetingStep is the state of a peer's greeting as far as it has arrived. It
// determines which part of our greeting to send next. As bytes arrive, the step
// never decreases, and a step greater than [SignatureSeen] permits what
// SignatureSeen permits. The parts sent are therefore the same however the
// bytes of the peer were divided into reads.
type GreetingStep uint8

const (
	NeedMore      GreetingStep = iota // version not known yet: send only the signature
	Unversioned                       // ZMTP 1.0 without a version: send the routing ID, no header
	SignatureSeen                     // the peer has a version: send AppendRevision
	RevisionV1                        // revision 0, ZMTP 1.0 frames: send AppendGreetingV2Tail
	RevisionV2                        // revision 1, ZMTP 2.0: send AppendGreetingV2Tail
	RevisionV3                        // revision 2 and higher: send AppendGreetingV3Tail
)

// Classify returns the step of a greeting of which the bytes b have arrived.
//
// If byte 0 is not FF, the peer is a ZMTP 1.0 peer with a short identity, and
// the byte is the length of a frame. FF is the first byte both of a signature
// and of a long frame. Then byte 9 decides: 7F ends a signature, while in the
// flags of a long frame bit 0 is clear. Classify ignores the eight bytes
// between, as https://rfc.zeromq.org/spec/37/#version-negotiation requires.
// https://rfc.zeromq.org/spec/37/#backwards-interoperability
//
// Revision 2 is ZMTP 2.0 in RFC 37, but 3.1 in libzmq. Classify follows libzmq,
// so that both sides of such a connection expect a greeting of the same length.
func Classify(b []byte) GreetingStep {
	switch {
	case len(b) == 0:
		return NeedMore
	case b[0] != 0xFF:
		return Unversioned
	case len(b) < SignatureLen:
		return NeedMore
	case b[flagsPos]&1 == 0:
		return Unversioned
	case len(b) == SignatureLen:
		return SignatureSeen
	case b[revisionPos] == 0:
		return RevisionV1
	case b[revisionPos] == 1:
		return RevisionV2
	}
	return RevisionV3
}

// Greeting is the decoded greeting of a peer. Fields that its version does not
// have are zero.
type Greeting struct {
	Version     Version
	Unversioned bool     // V1 only: the peer sends no greeting, but its identity frame
	Minor       byte     // ZMTP 3: as the peer sent it
	Mechanism   [20]byte // ZMTP 3: as the peer sent it, with padding
	AsServer    bool     // ZMTP 3
	SocketType  byte     // V1 and V2 unless Unversioned: as the peer sent it
}

// ConsumeGreeting decodes the greeting at the start of b and returns its length
// n. If ok is false, more bytes are needed. For an unversioned peer, n is 0 and
// ok is true: the bytes are the header of its identity frame, which the caller
// decodes with [ConsumeFrameHeaderV1].
//
// No greeting is malformed, because any first bytes are those of some version.
// The caller decides whether to accept the version, the mechanism and its
// padding. For a major version above 3, Version is V3_1 whatever the minor is.
func ConsumeGreeting(b []byte) (g Greeting, n int, ok bool) {
	switch Classify(b) {
	case Unversioned:
		return Greeting{Version: V1, Unversioned: true}, 0, true
	case RevisionV1:
		return consumeGreetingV2(b, V1)
	case RevisionV2:
		return consumeGreetingV2(b, V2)
	case RevisionV3:
		return consumeGreetingV3(b)
	}
	return Greeting{}, 0, false
}

func consumeGreetingV2(b []byte, v Version) (g Greeting, n int, ok bool) {
	if len(b) < GreetingLenV2 {
		return Greeting{}, 0, false
	}
	return Greeting{Version: v, SocketType: b[minorPos]}, GreetingLenV2, true
}

func consumeGreetingV3(b []byte) (g Greeting, n int, ok bool) {
	if len(b) < GreetingLen {
		return Greeting{}, 0, false
	}
	g = Greeting{Version: V3_1, Minor: b[minorPos], AsServer: b[asServerPos] == 1}
	if b[revisionPos] == 3 && g.Minor == 0 {
		g.Version = V3_0
	}
	copy(g.Mechanism[:], b[mechanismPos:])
	return g, GreetingLen, true
}

// IsMechanism reports whether the peer announced exactly this mechanism. The
// name must be followed by zeros only. The connection to a peer with another
// mechanism must be closed.
// https://rfc.zeromq.org/spec/37/#authentication-and-confidentiality
func (g *Greeting) IsMechanism(name string) bool { return g.Mechanism == padMechanism(name) }

// MechanismName returns the name of the mechanism without padding, for events
// and logs. It returns "" and false if the name is empty, contains characters
// that the grammar does not allow, or is followed by bytes other than zero.
// https://rfc.zeromq.org/spec/37/#formal-grammar
func (g *Greeting) MechanismName() (string, bool) {
	name := bytes.TrimRight(g.Mechanism[:], "\x00")
	for _, c := range name {
		if !isMechanismChar(c) {
			return "", false
		}
	}
	return string(name), len(name) > 0
}

// isMechanismChar reports whether c may be part of a mechanism name. Unlike
// mechanism-char in the grammar it does not include NUL, so that MechanismName
// finds a NUL inside a name.
func isMechanismChar(c byte) bool {
	return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '+'
}
