package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// handshakeState is what only the time before Ready needs.
type handshakeState struct {
	step     wire.GreetingStep // the last step of the peer's greeting that we have answered
	bytes    int               // of the peer's commands so far
	commands int
	// unversioned says that the peer reads our signature as the header of our
	// identity frame, so the identity goes out bare.
	unversioned bool
}

// Handshake takes what the peer has sent and was not consumed before, and
// returns how much of it is consumed now. The rest must come again, with what
// arrives behind it. It returns early when the engine becomes Ready: what is
// left is then for Decode.
func (e *Engine) Handshake(b []byte) (n int, err error) {
	if e.cfg.Raw && e.phase < ready {
		e.startRaw()
	}
	for e.phase < ready {
		before := e.phase
		var k int
		switch e.phase {
		case greeting:
			k, err = e.greet(b[n:])
		case identity:
			k, err = e.takeIdentity(b[n:])
		case handshaking:
			k, err = e.takeCommand(b[n:])
		}
		n += k
		if err != nil || k == 0 && e.phase == before {
			return n, err
		}
	}
	return n, nil
}

// greet answers each step of the peer's greeting as soon as it is seen, for an
// old peer waits for our first bytes before it sends more of its own.
// https://rfc.zeromq.org/spec/37/#version-negotiation
func (e *Engine) greet(b []byte) (int, error) {
	step := wire.Classify(b)
	if step >= wire.SignatureSeen && e.hs.step < wire.SignatureSeen {
		e.out = wire.AppendRevision(e.out)
	}
	if step > wire.SignatureSeen && e.hs.step <= wire.SignatureSeen {
		if step == wire.RevisionV3 {
			e.out = wire.AppendGreetingV3Tail(e.out, e.mech.Name(), false)
		} else {
			e.out = wire.AppendGreetingV2Tail(e.out, e.cfg.SocketNumber)
		}
	}
	e.hs.step = max(e.hs.step, step)

	g, n, ok := wire.ConsumeGreeting(b)
	if !ok {
		return 0, nil
	}
	e.version = g.Version
	if g.Version < e.cfg.MinVersion {
		return n, e.fail(CloseVersion, e.tooOld(b))
	}
	if g.Version < wire.V3_0 {
		return n, e.startOld(g.Unversioned)
	}
	if !g.IsMechanism(e.mech.Name()) {
		return n, e.fail(CloseMechanism, fmt.Errorf("peer speaks %q, this socket %s",
			strings.TrimRight(string(g.Mechanism[:]), "\x00"), e.mech.Name()))
	}
	e.phase = handshaking
	e.say()
	return n, nil
}

// startOld begins a ZMTP 1.0 or 2.0 connection: both sides send their identity
// as a first message. Such versions know no security, so a socket that wants
// any refuses them. https://rfc.zeromq.org/spec/37/#backwards-interoperability
func (e *Engine) startOld(unversioned bool) error {
	if e.mech.Name() != "NULL" {
		return e.fail(CloseVersion, fmt.Errorf("ZMTP %s has no %s", e.version, e.mech.Name()))
	}
	e.phase = identity
	e.hs.unversioned = unversioned
	id := e.cfg.RoutingID
	if !e.cfg.SendsID {
		id = ""
	}
	out := &e.out
	if e.accepting {
		out = &e.held
	}
	switch {
	case unversioned:
		// Our signature announced this many bytes.
		*out = append(*out, e.cfg.RoutingID...)
	case e.version == wire.V1:
		*out = append(wire.AppendFrameHeaderV1(*out, false, len(id)), id...)
	default:
		*out = append(wire.AppendFrameHeader(*out, 0, len(id)), id...)
	}
	return nil
}

// maxIdentity is the longest identity of an old peer.
// https://rfc.zeromq.org/spec/15/#framing
const maxIdentity = 255

// takeIdentity consumes the identity message of an old peer.
func (e *Engine) takeIdentity(b []byte) (int, error) {
	flags, size, h := e.header(b)
	switch {
	case h < 0, flags != 0, h > 0 && size > 0 && len(b) > h && b[h] == 0:
		return 0, e.fail(CloseMalformed, e.notIdentity(b))
	case h == 0:
		return 0, nil
	case size > maxIdentity:
		return 0, e.fail(CloseHandshakeSize, fmt.Errorf("identity of %d bytes", size))
	case size > uint64(len(b)-h):
		return 0, nil
	}
	end := h + int(size)
	e.peer = &msg.Peer{RoutingID: string(b[h:end]), Version: e.version.String(), Mechanism: "NULL"}
	if err := e.checkID(); err != nil {
		return 0, err
	}
	e.phase = ready
	e.startTraffic()
	return end, nil
}

// tooOld is the error for a peer that speaks an older version than is accepted.
// b is what it sent.
func (e *Engine) tooOld(b []byte) error {
	if e.hs.step == wire.Unversioned {
		return fmt.Errorf("peer speaks ZMTP 1.0 or no ZMTP at all, this socket accepts %s and later: it sent %q",
			e.cfg.MinVersion, b[:min(len(b), maxQuoted)])
	}
	return fmt.Errorf("peer speaks ZMTP %s, this socket accepts %s and later", e.version, e.cfg.MinVersion)
}

// maxQuoted is how much of what a peer sent an error quotes.
const maxQuoted = 32

// notIdentity is the error for b, which a peer sent in place of its identity
// message. Without a version before it, b is most likely no ZMTP at all: it is
// what a server of another protocol says first, or a client of one asks.
func (e *Engine) notIdentity(b []byte) error {
	b = b[:min(len(b), maxQuoted)]
	if e.hs.unversioned {
		return fmt.Errorf("peer does not speak ZMTP: it sent %q", b)
	}
	return fmt.Errorf("ZMTP %s identity message begins with %q", e.version, b)
}

// takeCommand consumes one handshake command. As libzmq does, it does not
// insist on the COMMAND flag, which early 3.0 peers left out.
func (e *Engine) takeCommand(b []byte) (int, error) {
	flags, size, h := wire.ConsumeFrameHeader(b)
	l := &e.cfg.Limits
	switch {
	case h == 0:
		return 0, nil
	case h < 0:
		return 0, e.fail(CloseMalformed, fmt.Errorf("handshake command with flags %#02x", b[0]))
	case flags&wire.FlagMore != 0:
		return 0, e.fail(CloseMalformed, errors.New("handshake command with MORE"))
	case over(size, l.Frame):
		return 0, e.fail(CloseFrameSize, fmt.Errorf("handshake command of %d bytes", size))
	case l.Handshake > 0 && size > uint64(max(0, l.Handshake-e.hs.bytes)):
		return 0, e.fail(CloseHandshakeSize, fmt.Errorf("handshake command of %d bytes", size))
	case size > uint64(len(b)-h):
		return 0, nil
	}
	end := h + int(size)
	e.hs.bytes += end
	e.hs.commands++
	if l.Commands > 0 && e.hs.commands > l.Commands {
		return 0, e.fail(CloseHandshakeSize, fmt.Errorf("more than %d handshake commands", l.Commands))
	}
	if err := e.mech.Receive(b[h:end]); err != nil {
		return 0, e.fail(mechanismCloseReason(err), err)
	}
	e.say()
	return end, e.finish()
}

func mechanismCloseReason(err error) CloseReason {
	var refused *mechanism.PeerError
	switch {
	case errors.As(err, &refused):
		return CloseRefused
	case errors.Is(err, mechanism.ErrUnexpected):
		return CloseUnexpected
	}
	return CloseMalformed
}

// say puts out every handshake command that is ours to send now. The accepting
// side holds READY back, which is the last command of either side.
func (e *Engine) say() {
	for {
		body, ok := e.mech.Next(nil)
		if !ok {
			return
		}
		out := &e.out
		if name, _, ok := wire.SplitCommand(body); e.accepting && ok && string(name) == wire.NameReady {
			out = &e.held
		}
		*out = wire.AppendFrameHeader(*out, wire.FlagCommand, len(body))
		*out = append(*out, body...)
	}
}

// finish ends the handshake if the mechanism has.
func (e *Engine) finish() error {
	if e.mech.Status() != mechanism.Ready {
		return nil
	}
	if err := e.readMetadata(); err != nil {
		return err
	}
	e.phase = ready
	e.startTraffic()
	return nil
}

// readMetadata makes the peer of its metadata, within the limits.
func (e *Engine) readMetadata() error {
	md := e.mech.Metadata()
	l := &e.cfg.Limits
	if l.Metadata > 0 && len(md) > l.Metadata {
		return e.fail(CloseMetadata, fmt.Errorf("%d bytes of metadata", len(md)))
	}
	p := &msg.Peer{Version: e.version.String(), Mechanism: e.mech.Name()}
	properties := 0
	typed := false
	err := wire.WalkProperties(md, func(name, value []byte) error {
		if properties++; l.Properties > 0 && properties > l.Properties {
			return fmt.Errorf("more than %d properties", l.Properties)
		}
		switch {
		case wire.EqualPropertyName(name, wire.PropSocketType):
			if !typed {
				p.SocketType, typed = string(value), true
			}
		case wire.EqualPropertyName(name, wire.PropIdentity):
			p.RoutingID = string(value)
		case wire.EqualPropertyName(name, wire.PropOnError):
			e.retries = string(value) == wire.OnErrorRetry
			e.counts = e.retries || string(value) == wire.OnErrorCount
		default:
			if p.Properties == nil {
				p.Properties = make(map[string]string)
			}
			// The first of duplicates counts, as with libzmq.
			key := strings.ToLower(string(name))
			if _, dup := p.Properties[key]; !dup {
				p.Properties[key] = string(value)
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, wire.ErrMalformed):
		return e.fail(CloseMalformed, err)
	case err != nil:
		return e.fail(CloseMetadata, err)
	}
	// A peer that names no type is taken for a compatible one, as libzmq does.
	if typed && !slices.Contains(e.cfg.PeerTypes, p.SocketType) {
		return e.fail(CloseSocketType, fmt.Errorf("%s does not talk to %q", e.cfg.SocketType, p.SocketType))
	}
	e.peer = p
	return e.checkID()
}

// checkID refuses identities that are not the peer's to choose: the RFC keeps
// those with a leading zero for ids that a ROUTER assigns.
// https://rfc.zeromq.org/spec/37/#the-identity-property
func (e *Engine) checkID() error {
	id := e.peer.RoutingID
	if len(id) > maxIdentity || id != "" && id[0] == 0 {
		return e.fail(CloseMalformed, fmt.Errorf("identity %.20q", id))
	}
	return nil
}

// over reports whether a size that a peer claims is above a limit.
func over(size uint64, limit int64) bool {
	return size > maxInt || limit > 0 && size > uint64(limit)
}

const maxInt = uint64(^uint(0) >> 1)
