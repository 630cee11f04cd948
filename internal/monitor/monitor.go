// Package monitor converts the events of a socket to those that libzmq sends to the
// PAIR of zmq_socket_monitor, and encodes them in the versions 1 and 2 of its
// format.
package monitor

import (
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/session"
)

// Kind is a ZMQ_EVENT_ constant. Kinds are bits, so that an application can select
// them.
type Kind uint64

// The events of libzmq.
const (
	Connected               Kind = 1 << iota // value: descriptor
	ConnectDelayed                           // errno
	ConnectRetried                           // milliseconds until the next attempt
	Listening                                // descriptor
	BindFailed                               // errno
	Accepted                                 // descriptor
	AcceptFailed                             // errno
	Closed                                   // descriptor
	CloseFailed                              // errno
	Disconnected                             // descriptor
	Stopped                                  // 0
	HandshakeFailedNoDetail                  // errno
	HandshakeSucceeded                       // 0
	HandshakeFailedProtocol                  // a Protocol constant
	HandshakeFailedAuth                      // status code of ZAP: 300, 400 or 500

	PipesStats Kind = 1 << 16 // messages queued outbound, and inbound; version 2 only

	All   Kind = 0xFFFF           // of version 1
	AllV2 Kind = All | PipesStats // of version 2
)

// The ZMQ_PROTOCOL_ERROR_ constants that are sent as values of
// HandshakeFailedProtocol.
const (
	protocolUnspecified       = 0x10000000
	protocolUnexpectedCommand = 0x10000001
	protocolMalformed         = 0x10000011
	protocolInvalidMetadata   = 0x10000018
	protocolCryptographic     = 0x11000001
	protocolMechanismMismatch = 0x11000002
)

// Event is one event of libzmq.
type Event struct {
	Kind          Kind
	Values        []uint64 // one, and two of PipesStats
	Local, Remote string   // endpoints; the one that is not known is empty
	Bound         bool     // of the binding side
}

// identifier returns the endpoint in version 1: that of the binding side, or the
// remote one of the connecting side.
func (e *Event) identifier() string {
	if e.Bound {
		return e.Local
	}
	return e.Remote
}

// unknownFD is the descriptor of a connection that is not known, as after its end.
const unknownFD = ^uint64(0)

// FromSession returns the events of libzmq for ev, in their order. There is none for
// inproc and udp, and for what libzmq does not report. fd is the descriptor of the
// connection or listener, or -1 if the caller does not know it.
func FromSession(ev *session.Event, fd int) (list []Event) {
	scheme, _, _ := strings.Cut(ev.Endpoint, "://")
	if scheme == "inproc" || scheme == "udp" {
		return nil
	}
	ends := endpoints(ev, scheme)
	add := func(k Kind, value uint64) {
		e := ends
		e.Kind, e.Values = k, []uint64{value}
		if k == ConnectDelayed {
			e.Local = "" // no connection exists yet
		}
		list = append(list, e)
	}
	descriptor := uint64(fd)
	connectDelayed := func() {
		if scheme != "ipc" { // over ipc connect is complete at once
			add(ConnectDelayed, uint64(syscall.EINPROGRESS))
		}
	}
	switch ev.Kind {
	case session.Listening:
		add(Listening, descriptor)
	case session.ListenerClosed:
		add(Closed, descriptor)
	case session.Accepted:
		add(Accepted, descriptor)
	case session.AcceptFailed:
		add(AcceptFailed, errno(ev.Err, syscall.ECONNABORTED))
	case session.Connected:
		connectDelayed()
		add(Connected, descriptor)
	case session.Retrying, session.Stopped:
		if !ev.Connected {
			connectDelayed()
			add(Closed, unknownFD)
		}
		if ev.Kind == session.Retrying {
			add(ConnectRetried, milliseconds(ev.Delay))
		}
	case session.ResolveFailed: // libzmq makes no socket of the system before
		if ev.Delay > 0 {
			add(ConnectRetried, milliseconds(ev.Delay))
		}
	case session.Ready:
		if hasMechanism(ev) {
			add(HandshakeSucceeded, 0)
		}
	case session.HandshakeFailed, session.Disconnected:
		if ev.Finished() {
			return nil
		}
		if kind, value := failure(ev); kind != 0 {
			add(kind, value)
		}
		add(Disconnected, descriptor)
	case session.PeerRefused:
		if !ev.Connected {
			add(AcceptFailed, uint64(syscall.ECONNABORTED))
		} else {
			add(Disconnected, descriptor)
		}
	}
	return list
}

// BindFailure is the event of a zmq_bind that has failed with err. Sessions do not
// report it, because they do not exist then.
func BindFailure(endpoint string, err error) Event {
	return Event{Kind: BindFailed, Values: []uint64{errno(err, syscall.EINVAL)}, Local: endpoint, Bound: true}
}

// milliseconds returns the value of ConnectRetried.
func milliseconds(d time.Duration) uint64 { return uint64(min(d/time.Millisecond, 1<<31-1)) }

// End is the last event of a monitor.
func End() Event { return Event{Kind: Stopped, Values: []uint64{0}} }

// Pipe is the event of zmq_socket_monitor_pipes_stats for the queues of one peer.
func Pipe(local, remote string, outbound, inbound uint64) Event {
	return Event{Kind: PipesStats, Values: []uint64{outbound, inbound}, Local: local, Remote: remote}
}

// endpoints returns the endpoints of ev.
func endpoints(ev *session.Event, scheme string) (e Event) {
	switch ev.Kind {
	case session.Listening, session.ListenerClosed, session.AcceptFailed:
		e.Local, e.Bound = ev.Endpoint, true
		return e
	}
	switch {
	case !ev.Bound:
		e.Local, e.Remote = address(scheme, ev.Local), ev.Endpoint
	case ev.Kind == session.PeerRefused && !ev.Connected: // AcceptFailed
		e.Local, e.Bound = ev.Endpoint, true
	default:
		e.Local, e.Remote, e.Bound = ev.Endpoint, address(scheme, ev.Remote), true
		if tcp, ok := ev.Local.(*net.TCPAddr); ok { // the bound address may be a wildcard
			e.Local = address(scheme, tcp)
		}
	}
	return e
}

// address returns an address as an endpoint, or "" without one. That of an ipc peer
// that is not bound has no name.
func address(scheme string, a net.Addr) string {
	if a == nil {
		return ""
	}
	name := a.String()
	if name == "@" {
		name = ""
	}
	return scheme + "://" + name
}

// hasMechanism reports whether the peer of ev speaks ZMTP 3, which has a handshake
// in libzmq's sense.
func hasMechanism(ev *session.Event) bool {
	return ev.Peer != nil && strings.HasPrefix(ev.Peer.Version, "3")
}

// failure returns the event before that of the end of a connection, or 0 if there is
// none. libzmq has an event for an end after the handshake if encrypted data does not
// verify, and if the peer has no mechanism. It has none if socket types do not match.
func failure(ev *session.Event) (Kind, uint64) {
	if ev.Kind == session.Disconnected {
		switch {
		case ev.Reason == engine.CloseCrypto:
			return HandshakeFailedProtocol, protocolCryptographic
		case !hasMechanism(ev) && protocolError(ev.Reason) == 0:
			return HandshakeFailedNoDetail, errno(ev.Err, syscall.EPIPE)
		}
		return 0, 0
	}
	if refused, ok := errors.AsType[*mechanism.RefusedError](ev.Err); ok {
		return HandshakeFailedAuth, statusCode(string(refused.Status))
	}
	if refused, ok := errors.AsType[*mechanism.PeerError](ev.Err); ok {
		if code := statusCode(refused.Reason); code != 0 {
			return HandshakeFailedAuth, code
		}
		return 0, 0
	}
	switch ev.Reason {
	case engine.CloseAuthDenied:
		return HandshakeFailedAuth, 400
	case engine.CloseAuthFailed:
		return HandshakeFailedAuth, 500
	case engine.CloseSocketType:
		return 0, 0
	}
	if protocol := protocolError(ev.Reason); protocol != 0 {
		return HandshakeFailedProtocol, protocol
	}
	return HandshakeFailedNoDetail, errno(ev.Err, syscall.EPIPE)
}

// statusCode returns the number of a status of ZAP that refuses a peer, or 0.
func statusCode(status string) uint64 {
	switch status {
	case "300":
		return 300
	case "400":
		return 400
	case "500":
		return 500
	}
	return 0
}

// protocolError returns the ZMQ_PROTOCOL_ERROR_ constant for a violation of the
// protocol, or 0 for another reason.
func protocolError(r engine.CloseReason) uint64 {
	switch r {
	case engine.CloseMalformed:
		return protocolMalformed
	case engine.CloseUnexpected:
		return protocolUnexpectedCommand
	case engine.CloseMechanism:
		return protocolMechanismMismatch
	case engine.CloseMetadata:
		return protocolInvalidMetadata
	case engine.CloseCrypto:
		return protocolCryptographic
	case engine.CloseVersion, engine.CloseHandshakeSize, engine.CloseFrameSize, engine.CloseMessageSize,
		engine.CloseCommandSize, engine.CloseIgnoredCommands:
		return protocolUnspecified
	}
	return 0
}

// errno returns the error number in err, or def if it has none.
func errno(err error, def syscall.Errno) uint64 {
	if n, ok := errors.AsType[syscall.Errno](err); ok && n != 0 {
		return uint64(n)
	}
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		return uint64(syscall.ETIMEDOUT)
	}
	return uint64(def)
}

// AppendV1 appends the two frames of version 1 to frames: event and value in 16 and
// 32 bits of native byte order without padding, and the endpoint of the binding side
// or the remote one of the connecting side. The event has one value and a kind below
// PipesStats.
func (e *Event) AppendV1(frames [][]byte) [][]byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(e.Kind))
	b = binary.NativeEndian.AppendUint32(b, uint32(e.Values[0]))
	return append(frames, b, []byte(e.identifier()))
}

// AppendV2 appends the frames of version 2 to frames: the event, the number of
// values and each value in 64 bits of native byte order, the local endpoint and the
// remote one.
func (e *Event) AppendV2(frames [][]byte) [][]byte {
	number := func(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }
	frames = append(frames, number(uint64(e.Kind)), number(uint64(len(e.Values))))
	for _, v := range e.Values {
		frames = append(frames, number(v))
	}
	return append(frames, []byte(e.Local), []byte(e.Remote))
}
