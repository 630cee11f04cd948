package zhttp

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// session is the initiator's side of one request in the advanced arrangement: it is
// passed the messages of the responder and appends the messages to send to out. It has no
// socket and no clock.
//
// The responder may send as many bytes of the body as it was granted credits. They are in
// buffer until the application reads them, which grants the same number again.
type session struct {
	id      string
	from    string // address of the initiator
	phase   sessionPhase
	peer    string // address of the responder, from its last message
	outSeq  int64  // of the next message to send
	inSeq   int64  // of the next message of the responder
	credits int64  // bytes of the request body that may be sent
	granted int64  // bytes of the response body that the responder may send
	handoff handoff
	heard   time.Time

	code    int
	reason  string
	headers http.Header
	buffer  []byte // bytes of the response body that were not read
	pending int64  // bytes that were read and not granted again
	err     error  // of phaseFailed
	sentAll bool   // the request body has been sent
	out     []dict
}

// sessionPhase is the state of a session.
type sessionPhase uint8

const (
	phaseSent   sessionPhase = iota // the request was sent; there is no response yet
	phaseBody                       // the status and the header have arrived
	phaseEnded                      // the response is complete
	phaseFailed                     // err says why
)

// handoff is the state of the replacement of the responder by another one.
type handoff uint8

const (
	handoffNone  handoff = iota // the responder is not being replaced
	handoffAsked                // it has sent "handoff-start"; "handoff-proceed" is the last message to it
	handoffDone                 // nothing may be sent until the next responder has sent a message
)

// over reports whether the session has ended.
func (s *session) over() bool { return s.phase >= phaseEnded }

// send appends a message, which begins with the next sequence number.
func (s *session) send(d dict) {
	d["from"], d["id"], d["seq"] = s.from, s.id, s.outSeq
	s.outSeq++
	s.out = append(s.out, d)
}

// ready returns the messages that can be sent now.
func (s *session) ready() []dict {
	if s.handoff == handoffDone || s.peer == "" {
		return nil
	}
	if s.handoff == handoffAsked {
		s.handoff = handoffDone
	}
	out := s.out
	s.out = nil
	return out
}

// fail ends the session. If the responder may not know, it is sent "cancel".
func (s *session) fail(err error, cancel bool) {
	if s.over() {
		return
	}
	s.phase, s.err, s.handoff = phaseFailed, err, handoffNone
	s.out = nil
	if cancel {
		s.send(dict{"type": "cancel"})
	}
}

// receive processes a message of the responder.
func (s *session) receive(now time.Time, d dict) {
	if err := s.process(d); err != nil {
		s.fail(fmt.Errorf("%w: %w", ErrMalformed, err), true)
	}
	s.heard = now
}

func (s *session) process(d dict) error {
	typ, e1 := d.text("type")
	from, e2 := d.text("from")
	seq, e3 := d.number("seq")
	credits, e4 := d.number("credits")
	condition, e5 := d.text("condition")
	if err := errors.Join(e1, e2, e3, e4, e5); err != nil {
		return err
	}
	if from == "" || credits < 0 || credits > 1<<40 {
		return fmt.Errorf("from %q, credits %d", from, credits)
	}
	s.peer, s.handoff = from, handoffNone
	if typ == "cancel" { // it need not be in sequence
		s.fail(&ConditionError{"cancel"}, false)
		return nil
	}
	if seq != s.inSeq {
		return fmt.Errorf("sequence number %d, want %d", seq, s.inSeq)
	}
	s.inSeq++
	s.credits = min(s.credits+credits, 1<<50)
	switch typ {
	case "":
		return s.data(d)
	case "error":
		s.fail(&ConditionError{condition}, false)
	case "handoff-start":
		s.send(dict{"type": "handoff-proceed"})
		s.handoff = handoffAsked
	case "credit", "credits", "keep-alive":
	default:
		return fmt.Errorf("type %q", typ)
	}
	return nil
}

// data processes a part of the response.
func (s *session) data(d dict) error {
	body, err := d.bytes("body")
	if err != nil {
		return err
	}
	if s.phase == phaseSent {
		code, e1 := d.number("code")
		reason, e2 := d.text("reason")
		headers, e3 := d.headers()
		if err := errors.Join(e1, e2, e3); err != nil {
			return err
		}
		if code < 200 || code > 999 || !validValue(reason) {
			return fmt.Errorf("status %d %q", code, reason)
		}
		s.phase, s.code, s.reason, s.headers = phaseBody, int(code), reason, headers
	}
	if s.granted -= int64(len(body)); s.granted < 0 {
		return fmt.Errorf("%d bytes without credits", -s.granted)
	}
	s.buffer = append(s.buffer, body...)
	if d["more"] != true {
		s.phase = phaseEnded
	}
	return nil
}

// read takes bytes of the response body and grants credits for them, in steps, so that
// small reads do not cause a message each.
func (s *session) read(p []byte, step int64) int {
	n := copy(p, s.buffer)
	s.buffer = s.buffer[n:]
	s.pending += int64(n)
	if len(s.buffer) == 0 {
		s.buffer = nil
	}
	if s.phase == phaseBody && (s.pending >= step || s.buffer == nil && s.pending > 0) {
		s.send(dict{"type": "credit", "credits": s.pending})
		s.granted += s.pending
		s.pending = 0
	}
	return n
}

// write sends a part of the request body, of at most credits bytes.
func (s *session) write(body []byte, last bool) {
	d := dict{"body": body}
	if !last {
		d["more"] = true
	}
	s.credits -= int64(len(body))
	s.sentAll = last
	s.send(d)
}
