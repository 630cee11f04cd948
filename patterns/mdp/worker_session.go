package mdp

import (
	"time"

	"github.com/zerobroker/zmq"
)

// session is the worker's side of one conversation with a broker as a state machine: it
// gets messages and the time, and says what to do.
type session struct {
	version             Version
	heartbeat, liveness time.Duration

	heard, sent time.Time // when the last message was received and sent
}

// verdict is what to do after a message or a tick.
type verdict uint8

const (
	doNothing verdict = iota
	doServe           // handle the request
	doBeat            // send HEARTBEAT
	doEnd             // end the conversation and begin another one
)

// handle processes a message of the broker. "Any received command except DISCONNECT acts as
// a heartbeat."
func (s *session) handle(now time.Time, m zmq.Message) (packet, verdict, bool) {
	k, err := decode(m)
	if err != nil || !k.worker || k.version != s.version {
		return k, doNothing, false
	}
	s.heard = now
	switch k.cmd {
	case cmdRequest:
		return k, doServe, true
	case cmdHeartbeat:
		return k, doNothing, true
	case cmdDisconnect:
		return k, doEnd, true
	}
	return k, doNothing, false
}

// tick checks the time. "If the worker detects that the broker has disconnected, it SHOULD
// restart a new conversation."
func (s *session) tick(now time.Time) verdict {
	switch {
	case now.Sub(s.heard) >= s.liveness:
		return doEnd
	case now.Sub(s.sent) >= s.heartbeat:
		return doBeat
	}
	return doNothing
}
