package titanic

import (
	"errors"
	"strings"

	"github.com/zerobroker/zmq"
)

// The services of the protocol.
const (
	serviceRequest = "titanic.request"
	serviceReply   = "titanic.reply"
	serviceClose   = "titanic.close"
)

// The status frames. "Implementations MAY NOT use status codes that are not defined here."
const (
	statusOK      = "200"
	statusPending = "300"
	statusUnknown = "400"
	statusError   = "500"
)

// status returns the reply for an error.
func status(err error) zmq.Message {
	switch {
	case err == nil:
		return zmq.NewStringMessage(statusOK)
	case errors.Is(err, ErrPending):
		return zmq.NewStringMessage(statusPending)
	case errors.Is(err, ErrUnknown):
		return zmq.NewStringMessage(statusUnknown)
	}
	return zmq.NewStringMessage(statusError)
}

// statusOf returns the error for the status frame of a reply: "a string formatted as three
// digits, optionally followed by a space and descriptive text".
func statusOf(m zmq.Message) error {
	code, _, _ := strings.Cut(string(m.Frame(0)), " ")
	switch code {
	case statusOK:
		return nil
	case statusPending:
		return ErrPending
	case statusUnknown:
		return ErrUnknown
	}
	return ErrServer
}

// validTarget reports whether a request can be executed by a service. The server's own
// services are excluded: a request to them would store itself again, without end.
func validTarget(service []byte) bool {
	for _, c := range service {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	name := string(service)
	return name != "" && len(name) <= 255 && !strings.HasPrefix(name, "titanic.")
}
