package engine

import "errors"

// Fault is why a connection had to be closed, one of a closed list so that
// each can be counted.
type Fault uint8

const (
	FaultNone             Fault = iota
	FaultMalformed              // bytes that are no ZMTP
	FaultUnexpected             // a command out of its turn
	FaultMechanism              // another security mechanism than ours
	FaultVersion                // an older ZMTP version than we accept, or one without the security we demand
	FaultSocketType             // a socket type ours does not talk to
	FaultRefused                // the peer refused us with ERROR
	FaultMetadata               // more metadata than the limits allow
	FaultHandshakeSize          // a longer handshake than the limits allow
	FaultFrameSize              // a larger frame than the limits allow
	FaultMessageSize            // a larger message, or one of more frames, than the limits allow
	FaultCommandSize            // a larger command than the limits allow
	FaultUseless                // too many ignored commands
	FaultHandshakeTimeout       // no handshake in time
	FaultSilence                // no sign of life in time
	NumFaults
)

var faultNames = [NumFaults]string{
	"none", "malformed", "unexpected_command", "mechanism_mismatch", "version_refused",
	"incompatible_type", "refused_by_peer", "metadata_limit", "hs_too_big", "frame_too_big",
	"message_too_big", "command_too_big", "useless_bytes", "hs_timeout", "heartbeat_timeout",
}

// String is the fault's name in counters and logs.
func (f Fault) String() string {
	if f < NumFaults {
		return faultNames[f]
	}
	return "unknown"
}

// Error is an engine's reason to close its connection.
type Error struct {
	Fault Fault
	Err   error // details; may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Fault.String()
	}
	return e.Fault.String() + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// FaultOf is the fault in err's chain, or FaultNone for an I/O error.
func FaultOf(err error) Fault {
	var e *Error
	if errors.As(err, &e) {
		return e.Fault
	}
	return FaultNone
}
