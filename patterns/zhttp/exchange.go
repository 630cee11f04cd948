package zhttp

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// errCancelled is the error of an exchange that the initiator has cancelled.
var errCancelled = errors.New("zhttp: cancelled by the peer")

// exchange is the responder's side of one request in the advanced arrangement. It is the
// counterpart of session: it is passed the messages of the initiator and the parts of the
// response, and appends the messages to send to out.
type exchange struct {
	id, from string // of the request, and the address of this responder
	peer     string // address of the initiator
	streamed bool   // whether the response may have several messages
	userData any
	outSeq   int64
	inSeq    int64
	credits  int64 // bytes of the response body that may be sent
	granted  int64 // bytes of the request body that the initiator may send
	pending  int64 // bytes that were read and not granted again
	handoff  handoff
	heard    time.Time

	buffer   []byte // bytes of the request body that were not read
	complete bool   // the request body is complete
	headSent bool
	over     bool  // nothing is sent or received any more
	err      error // why, if the response is not complete
	out      []dict
}

// begin begins an exchange with the first message of a request. If the body has more
// parts, the initiator is granted a window for them.
func (e *exchange) begin(now time.Time, d dict, window int64) error {
	id, e1 := d.text("id")
	peer, e2 := d.text("from")
	credits, e3 := d.number("credits")
	seq, e4 := d.number("seq")
	body, e5 := d.bytes("body")
	if err := errors.Join(e1, e2, e3, e4, e5); err != nil {
		return err
	}
	if id == "" || peer == "" || seq != 0 || credits < 0 {
		return fmt.Errorf("%w: id %q, from %q, seq %d, credits %d", errMalformed, id, peer, seq, credits)
	}
	e.id, e.peer, e.heard, e.inSeq = id, peer, now, 1
	e.userData, e.streamed = d["user-data"], d["stream"] == true
	e.credits, e.buffer, e.complete = min(credits, 1<<50), body, d["more"] != true
	if !e.complete {
		e.granted = window
		e.send(dict{"type": "credit", "credits": window})
	}
	return nil
}

// send appends a message with the next sequence number.
func (e *exchange) send(d dict) {
	d["from"], d["id"], d["seq"] = e.from, e.id, e.outSeq
	if e.userData != nil {
		d["user-data"] = e.userData
	}
	e.outSeq++
	e.out = append(e.out, d)
}

// ready returns the messages that can be sent now.
func (e *exchange) ready() []dict {
	if e.handoff == handoffDone {
		return nil
	}
	if e.handoff == handoffAsked {
		e.handoff = handoffDone
	}
	out := e.out
	e.out = nil
	return out
}

// fail ends the exchange. The initiator is sent an error, or "cancel" if it has a part of
// the response, unless condition is empty.
func (e *exchange) fail(err error, condition string) {
	if e.over {
		return
	}
	e.over, e.err, e.out, e.handoff = true, err, nil, handoffNone
	switch {
	case condition == "":
	case e.headSent:
		e.send(dict{"type": "cancel"})
	default:
		e.send(dict{"type": "error", "condition": condition})
	}
}

// receive processes a message of the initiator.
func (e *exchange) receive(now time.Time, d dict) {
	if e.over {
		return
	}
	e.heard = now
	if err := e.process(d); err != nil {
		e.fail(fmt.Errorf("%w: %w", errMalformed, err), "bad-request")
	}
}

func (e *exchange) process(d dict) error {
	typ, e1 := d.text("type")
	seq, e2 := d.number("seq")
	credits, e3 := d.number("credits")
	body, e4 := d.bytes("body")
	if err := errors.Join(e1, e2, e3, e4); err != nil {
		return err
	}
	if typ == "cancel" { // it need not be in sequence
		e.fail(errCancelled, "")
		return nil
	}
	if seq != e.inSeq || credits < 0 {
		return fmt.Errorf("sequence number %d, want %d, credits %d", seq, e.inSeq, credits)
	}
	e.inSeq++
	e.handoff = handoffNone
	e.credits = min(e.credits+credits, 1<<50)
	if v, found := d["user-data"]; found {
		e.userData = v
	}
	switch typ {
	case "":
		if e.granted -= int64(len(body)); e.granted < 0 || e.complete {
			return errors.New("a body without credits, or after its end")
		}
		e.buffer = append(e.buffer, body...)
		e.complete = d["more"] != true
	case "error":
		e.fail(errCancelled, "")
	case "handoff-start":
		e.send(dict{"type": "handoff-proceed"})
		e.handoff = handoffAsked
	case "credit", "credits", "keep-alive":
	default:
		return fmt.Errorf("type %q", typ)
	}
	return nil
}

// read takes bytes of the request body and grants credits for them, in steps.
func (e *exchange) read(p []byte, step int64) int {
	n := copy(p, e.buffer)
	e.buffer = e.buffer[n:]
	e.pending += int64(n)
	if len(e.buffer) == 0 {
		e.buffer = nil
	}
	if !e.over && !e.complete && (e.pending >= step || e.buffer == nil && e.pending > 0) {
		e.send(dict{"type": "credit", "credits": e.pending})
		e.granted += e.pending
		e.pending = 0
	}
	return n
}

// write sends a part of the response body, the first with the status and the header. The
// part has at most credits bytes, if the response is streamed.
func (e *exchange) write(code int, h http.Header, body []byte, last bool) {
	d := dict{"body": append([]byte(nil), body...)}
	if !e.headSent {
		d["code"], d["reason"], d["headers"] = code, http.StatusText(code), headerList(h)
		e.headSent = true
	}
	if !last {
		d["more"] = true
	}
	e.credits -= int64(len(body))
	e.send(d)
	e.over = last
}
