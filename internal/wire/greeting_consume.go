package wire

import "bytes"

// GreetingStep is how far a peer's greeting has come, and so what we may send.
// A step never goes back as bytes arrive, and every step from [SignatureSeen]
// on includes it: whoever sends all that the step allows and has not been sent
// sends the same bytes however the peer's were cut.
type GreetingStep uint8

const (
	NeedMore      GreetingStep = iota // nothing can be said: send no more than the signature
	Unversioned                       // ZMTP 1.0 without a version: send the routing id, no header
	SignatureSeen                     // the peer has a version: send AppendRevision
	RevisionV1                        // 0, ZMTP 1.0 frames: send AppendGreetingV2Tail
	RevisionV2                        // 1, ZMTP 2.0: send AppendGreetingV2Tail
	RevisionV3                        // 2 and up: send AppendGreetingV3Tail
)

// Classify returns the step that b, all the peer has sent so far, has reached.
//
// Byte 0 alone gives away a ZMTP 1.0 peer with a short identity: it is the
// frame's length, and only FF is also our signature's first byte. After FF,
// byte 9 tells: the 7F of a signature, or the flags of a long frame, whose
// bit 0 is clear. The eight bytes between are not looked at, as
// https://rfc.zeromq.org/spec/37/#version-negotiation demands.
// https://rfc.zeromq.org/spec/37/#backwards-interoperability
//
// RFC 37 counts revision 2 as ZMTP 2.0 and libzmq as 3.1. We do as libzmq, so
// that both sides of such a connection expect a greeting of the same length.
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

// Greeting is what a peer's greeting says. Fields that its version does not
// have are zero.
type Greeting struct {
	Version     Version
	Unversioned bool     // with V1: no greeting at all, the first byte is the identity frame's
	Minor       byte     // from 3.0 on, as sent
	Mechanism   [20]byte // from 3.0 on, as sent
	AsServer    bool     // from 3.0 on
	SocketType  byte     // of versioned peers before 3.0, as sent
}

// ConsumeGreeting decodes the greeting that b starts with and returns its
// length. While ok is false, more bytes are needed. From an unversioned peer
// it eats nothing (n == 0, ok): the bytes are the header of its identity frame
// and must be read again by [ConsumeFrameHeaderV1].
//
// No greeting is malformed: any first bytes are those of some version. Whether
// the version, the mechanism and its padding will do is the caller's to say.
// A major version above 3 is spoken to in 3.1, its own minor notwithstanding.
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

// IsMechanism reports whether the peer announced exactly this mechanism, its
// padding included: a byte after the name is another mechanism, and a peer
// with another one must be closed.
// https://rfc.zeromq.org/spec/37/#authentication-and-confidentiality
func (g *Greeting) IsMechanism(name string) bool { return g.Mechanism == padMechanism(name) }

// MechanismName returns the mechanism without its padding, for events and
// logs. It reports false, and no name, when the name is empty, holds
// characters the grammar does not have, or is followed by anything but NULs.
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

// isMechanismChar leaves out the NUL of the grammar's mechanism-char, so that
// one inside a name is found.
func isMechanismChar(c byte) bool {
	return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '+'
}
