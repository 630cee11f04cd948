package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// handshakeState is the state that only the handshake needs. It is not in the Engine,
// so that an idle connection does not keep it.
type handshakeState struct {
	step     wire.GreetingStep // the last answered step of the peer's greeting
	bytes    int               // size of the peer's commands so far
	commands int               // number of the peer's commands so far
	// unversioned reports a ZMTP 1.0 peer that sends no signature. It takes the
	// signature of this side for the header of the identity frame.
	unversioned bool
	// refused has the mechanism and the socket type of a peer that is refused for
	// one of them. Other names than those of ZMTP are empty: a server could send the
	// password of this side as a name.
	refused *msg.Peer

	onAdmit   []byte            // READY or routing ID, which Admit sends
	verdict   mechanism.Verdict // with which Resume accepted the peer
	publicKey string            // of a client of CURVE that was accepted
}

// Handshake processes received bytes and returns the number of bytes it
// consumed. The next call must pass the rest again, followed by newly received
// bytes. When the handshake is done, Handshake leaves the rest of b for Decode.
func (e *Engine) Handshake(b []byte) (n int, err error) {
	if e.cfg.Raw && e.phase < traffic {
		e.startRaw()
	}
	for e.phase < traffic {
		before := e.phase
		var k int
		switch e.phase {
		case greeting:
			k, err = e.handleGreeting(b[n:])
		case identity:
			k, err = e.handleIdentity(b[n:])
		case handshaking:
			k, err = e.handleHandshakeCommand(b[n:])
		case authenticating:
			return n, nil
		}
		n += k
		if err != nil || k == 0 && e.phase == before {
			return n, err
		}
	}
	return n, nil
}

// handleGreeting answers each step of the peer's greeting as soon as it
// arrives, because an old peer waits for the answer before it sends the next
// step.
// https://rfc.zeromq.org/spec/37/#version-negotiation
func (e *Engine) handleGreeting(b []byte) (int, error) {
	step := wire.Classify(b)
	if step >= wire.SignatureSeen && e.hs.step < wire.SignatureSeen {
		e.out = wire.AppendRevision(e.out)
	}
	if step > wire.SignatureSeen && e.hs.step <= wire.SignatureSeen {
		if step == wire.RevisionV3 {
			e.out = wire.AppendGreetingV3Tail(e.out, e.mech.Name(), e.mech.Server())
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
		return n, e.fail(CloseVersion, e.versionError(b))
	}
	if g.Version < wire.V3_0 {
		if err := e.checkSecurity(b); err != nil {
			return n, err
		}
		e.startIdentity(g.Unversioned)
		return n, nil
	}
	if !g.IsMechanism(e.mech.Name()) {
		theirs := strings.TrimRight(string(g.Mechanism[:]), "\x00")
		e.hs.refused = &msg.Peer{Mechanism: nameIn(knownMechanisms, theirs)}
		return n, e.fail(CloseMechanism, fmt.Errorf("peer uses mechanism %s, this socket %s", e.quote(theirs, knownMechanisms...), e.mech.Name()))
	}
	if g.AsServer && e.mech.Server() {
		return n, e.fail(CloseMechanism, fmt.Errorf("%s: the peer is a server too: one side must be the client", e.mech.Name()))
	}
	return n, e.advance()
}

// checkSecurity refuses a peer of ZMTP 1.0 or 2.0, which have no security, if the
// socket has a mechanism or an authenticator. b holds the bytes that it sent.
// https://rfc.zeromq.org/spec/37/#backwards-interoperability
func (e *Engine) checkSecurity(b []byte) error {
	needs := "mechanism " + e.mech.Name()
	if e.mech.Name() == "NULL" {
		if e.mech.Status() != mechanism.Waiting {
			return nil
		}
		needs = "authentication"
	}
	if e.hs.step == wire.Unversioned {
		return e.fail(CloseVersion, fmt.Errorf("peer speaks ZMTP 1.0, which does not support %s, or no ZMTP at all: it sent %s",
			needs, sent(b, e.quote(string(b[:min(len(b), maxQuoted)])))))
	}
	return e.fail(CloseVersion, fmt.Errorf("ZMTP %s does not support %s", e.version, needs))
}

// startIdentity begins a ZMTP 1.0 or 2.0 connection, where both sides first
// send their identity as a message.
// https://rfc.zeromq.org/spec/37/#backwards-interoperability
func (e *Engine) startIdentity(unversioned bool) {
	e.phase = identity
	e.hs.unversioned = unversioned
	id := e.cfg.RoutingID
	if !e.cfg.SendsID {
		id = ""
	}
	out := &e.out
	if e.accepted {
		out = &e.hs.onAdmit
	}
	switch {
	case unversioned:
		// The signature has announced the length.
		*out = append(*out, e.cfg.RoutingID...)
	case e.version == wire.V1:
		*out = append(wire.AppendFrameHeaderV1(*out, false, len(id)), id...)
	default:
		*out = append(wire.AppendFrameHeader(*out, 0, len(id)), id...)
	}
}

// maxIdentity is the maximum size of an identity.
// https://rfc.zeromq.org/spec/15/#framing
const maxIdentity = 255

// handleIdentity consumes the identity message of a ZMTP 1.0 or 2.0 peer.
func (e *Engine) handleIdentity(b []byte) (int, error) {
	flags, size, h := e.header(b)
	switch {
	case h < 0, flags != 0, h > 0 && size > 0 && len(b) > h && b[h] == 0:
		return 0, e.fail(CloseMalformed, e.identityError(b))
	case h == 0:
		return 0, nil
	case size > maxIdentity:
		return 0, e.fail(CloseHandshakeSize, fmt.Errorf("identity of %d bytes", size))
	case size > uint64(len(b)-h):
		return 0, nil
	}
	end := h + int(size)
	if _, _, next := e.header(b[end:]); e.hs.unversioned && next < 0 {
		// ZMTP 1.0 has no signature, so only the bytes after the first frame
		// distinguish it from other protocols. They may have arrived with it.
		return 0, e.fail(CloseMalformed, e.identityError(b))
	}
	id := string(b[h:end])
	if err := e.checkIdentity(id); err != nil {
		return 0, err
	}
	e.peer = &msg.Peer{RoutingID: id, Version: e.version.String(), Mechanism: "NULL"}
	e.phase = traffic
	e.startTraffic()
	return end, nil
}

// versionError returns the error for a peer whose version is below MinVersion.
// b holds the bytes that it sent.
func (e *Engine) versionError(b []byte) error {
	if e.hs.step == wire.Unversioned {
		return fmt.Errorf("peer speaks ZMTP 1.0 or no ZMTP at all, this socket accepts %s and later: it sent %s",
			e.cfg.MinVersion, sent(b, e.quote(string(b[:min(len(b), maxQuoted)]))))
	}
	return fmt.Errorf("peer speaks ZMTP %s, this socket accepts %s and later", e.version, e.cfg.MinVersion)
}

// sent describes b, the first bytes of a peer that may not speak ZMTP. quoted is
// their text.
func sent(b []byte, quoted string) string {
	if bytes.HasPrefix(b, []byte{0x16, 3}) { // RFC 8446, 5.1: handshake, and the version of records
		return "a TLS handshake, and this endpoint does not use TLS"
	}
	return quoted
}

// maxQuoted is the number of received bytes that an error quotes.
const maxQuoted = 32

// identityError returns the error for b, which a peer sent instead of an
// identity message. If no greeting came before it, the peer most likely uses
// another protocol.
func (e *Engine) identityError(b []byte) error {
	b = b[:min(len(b), maxQuoted)]
	if e.hs.unversioned {
		return fmt.Errorf("peer does not speak ZMTP: it sent %s", sent(b, fmt.Sprintf("%q", b)))
	}
	return fmt.Errorf("ZMTP %s identity message begins with %q", e.version, b)
}

// maxCredentials is the maximum size of what a handshake command holds besides
// metadata. The largest, HELLO of PLAIN, has 518 bytes.
const maxCredentials = 1 << 10

// handleHandshakeCommand consumes one handshake command. Like libzmq, it does
// not require the COMMAND flag, which early ZMTP 3.0 peers do not set.
func (e *Engine) handleHandshakeCommand(b []byte) (int, error) {
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
	case l.Metadata > 0 && size > uint64(l.Metadata)+maxCredentials:
		// By its header, since the bytes of an incomplete command are kept.
		return 0, e.fail(CloseMetadata, fmt.Errorf("handshake command of %d bytes", size))
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
		if byPeer, ok := errors.AsType[*mechanism.PeerError](err); ok {
			err = e.hideReason(byPeer)
		}
		return 0, e.fail(mechanismCloseReason(err), err)
	}
	return end, e.advance()
}

// Authenticating reports whether the handshake waits for the check of the peer's
// credentials. Handshake then consumes nothing until Resume.
func (e *Engine) Authenticating() (mechanism.Credentials, bool) {
	if e.phase != authenticating {
		return mechanism.Credentials{}, false
	}
	return e.mech.Credentials(), true
}

// Resume continues a handshake that is Authenticating. The caller next sends
// Output. If the verdict does not accept the peer, it returns an error; Output may
// then hold the ERROR for the peer.
func (e *Engine) Resume(v mechanism.Verdict) error {
	creds := e.mech.Credentials() // they are not available later
	if err := e.mech.Resume(v); err != nil {
		e.sendCommands()
		return e.fail(mechanismCloseReason(err), err)
	}
	e.hs.verdict = v
	if creds.PublicKey != [32]byte{} {
		e.hs.publicKey = string(creds.PublicKey[:])
	}
	return e.advance()
}

// advance sends what the mechanism has to send, and goes to the phase that its
// status requires.
func (e *Engine) advance() error {
	e.phase = handshaking
	e.sendCommands()
	switch e.mech.Status() {
	case mechanism.Waiting:
		e.phase = authenticating
	case mechanism.Complete:
		return e.finishHandshake()
	}
	return nil
}

func mechanismCloseReason(err error) CloseReason {
	var byPeer *mechanism.PeerError
	var byUs *mechanism.RefusedError
	switch {
	case errors.As(err, &byPeer):
		return CloseRefused
	case errors.As(err, &byUs):
		if byUs.Status == mechanism.StatusDenied {
			return CloseAuthDenied
		}
		return CloseAuthFailed
	case errors.Is(err, mechanism.ErrUnexpected):
		return CloseUnexpected
	case errors.Is(err, mechanism.ErrCrypto), errors.Is(err, mechanism.ErrSequence), errors.Is(err, mechanism.ErrKeyExchange):
		return CloseCrypto
	}
	return CloseMalformed
}

// sendCommands sends the handshake commands that the mechanism has for the
// peer. On an accepted connection it delays READY, the last command, until
// Admit.
func (e *Engine) sendCommands() {
	for {
		body, ok := e.mech.Next(nil)
		if !ok {
			return
		}
		out := &e.out
		if name, _, ok := wire.SplitCommand(body); e.accepted && ok && string(name) == wire.NameReady {
			out = &e.hs.onAdmit
		}
		*out = wire.AppendFrameHeader(*out, wire.FlagCommand, len(body))
		*out = append(*out, body...)
	}
}

// finishHandshake ends the handshake after the mechanism has finished.
func (e *Engine) finishHandshake() error {
	if err := e.handleMetadata(); err != nil {
		return err
	}
	e.phase = traffic
	e.startTraffic()
	return nil
}

// handleMetadata checks the metadata of the peer and sets e.peer from it.
func (e *Engine) handleMetadata() error {
	md := e.mech.Metadata()
	l := &e.cfg.Limits
	if l.Metadata > 0 && len(md) > l.Metadata {
		return e.fail(CloseMetadata, fmt.Errorf("%d bytes, the limit is %d", len(md), l.Metadata))
	}
	p := &msg.Peer{Version: e.version.String(), Mechanism: e.mech.Name(), UserID: e.hs.verdict.UserID, PublicKey: e.hs.publicKey}
	if err := wire.WalkProperties(e.hs.verdict.Metadata, func(name, value []byte) error {
		addProperty(&p.AuthProperties, name, value)
		return nil
	}); err != nil {
		return e.fail(CloseAuthFailed, fmt.Errorf("metadata of the authenticator: %w", err))
	}
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
			e.peerRetry = string(value) == wire.OnErrorRetry
			e.peerCounts = e.peerRetry || string(value) == wire.OnErrorCount
		default:
			addProperty(&p.Properties, name, value)
		}
		return nil
	})
	switch {
	case errors.Is(err, wire.ErrMalformed):
		return e.fail(CloseMalformed, err)
	case err != nil:
		return e.fail(CloseMetadata, err)
	}
	// A peer without a Socket-Type counts as compatible, as in libzmq.
	if typed && !slices.Contains(e.cfg.PeerTypes, p.SocketType) {
		e.hs.refused = &msg.Peer{Mechanism: p.Mechanism, SocketType: nameIn(knownTypes, p.SocketType)}
		return e.fail(CloseSocketType, fmt.Errorf("%s does not communicate with %s", e.cfg.SocketType, e.typeText(p.SocketType)))
	}
	if err := e.checkIdentity(p.RoutingID); err != nil {
		return err
	}
	e.peer = p
	return nil
}

// typeText returns the socket type that a peer announces, quoted unless it looks
// like one.
func (e *Engine) typeText(name string) string {
	if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || len(name) > 16 || e.revealsPassword(name, knownTypes) {
		return e.quote(name)
	}
	return name
}

// addProperty adds a property to m. Of several properties with the same name, the
// first is used, as in libzmq.
func addProperty(m *map[string]string, name, value []byte) {
	if *m == nil {
		*m = make(map[string]string)
	}
	key := strings.ToLower(string(name))
	if _, dup := (*m)[key]; !dup {
		(*m)[key] = string(value)
	}
}

// checkIdentity refuses identities that are too long or begin with a zero byte.
// The RFC reserves a leading zero for the routing IDs that a ROUTER assigns.
// https://rfc.zeromq.org/spec/37/#the-identity-property
func (e *Engine) checkIdentity(id string) error {
	if len(id) > maxIdentity || id != "" && id[0] == 0 {
		return e.fail(CloseMalformed, fmt.Errorf("invalid identity %s", e.quote(id[:min(len(id), 20)])))
	}
	return nil
}

// over reports whether size exceeds limit or the memory of a process. A limit
// of 0 is unlimited.
func over(size uint64, limit int64) bool {
	return size > maxInt || limit > 0 && size > uint64(limit)
}

const maxInt = uint64(^uint(0) >> 1)
