package wire

// NameError is the name of the ERROR command.
const NameError = "ERROR"

// Error refuses a handshake. It is a command, not a Go error. libzmq sends a
// ZAP status code, "300", "400" or "500", as the reason.
//
//	error = command-size %d5 "ERROR" error-reason
//	error-reason = short-size 0*255VCHAR
//
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
type Error struct {
	Reason []byte // at most 255 bytes; from a peer, any bytes: quote it in a log
}

var errErrorReason = &malformed{NameError, "reason runs past the end"}

// Append appends the command as a frame.
func (e Error) Append(dst []byte) []byte {
	return e.AppendBody(appendCommandHeader(dst, NameError, 1+len(e.Reason)))
}

// AppendBody appends the command without a frame header.
func (e Error) AppendBody(dst []byte) []byte {
	return appendShort(AppendCommandName(dst, NameError), e.Reason)
}

// Decode sets e to slices of data. It ignores bytes after the reason, as libzmq
// does, because the connection ends anyway and the reason is useful.
func (e *Error) Decode(data []byte) error {
	reason, _, ok := cutShort(data)
	if !ok {
		return errErrorReason
	}
	e.Reason = reason
	return nil
}
