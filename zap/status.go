package zap

// Status is the result of an authentication.
type Status string

// All status codes of ZAP. https://rfc.zeromq.org/spec/27/#message-format
const (
	// StatusAccepted means that the peer may connect.
	StatusAccepted Status = "200"

	// StatusTemporary means that the handler cannot decide now. The connection
	// is closed, and the peer may try again.
	StatusTemporary Status = "300"

	// StatusDenied means that the peer may not connect. It is informed, and
	// should not try again with the same credentials.
	StatusDenied Status = "400"

	// StatusInternalError means that the handler has failed. The peer is
	// informed as for StatusDenied.
	StatusInternalError Status = "500"
)

// Valid reports whether s is one of the status codes of ZAP.
func (s Status) Valid() bool {
	switch s {
	case StatusAccepted, StatusTemporary, StatusDenied, StatusInternalError:
		return true
	}
	return false
}
