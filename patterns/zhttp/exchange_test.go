package zhttp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func newExchange(t *testing.T, extra dict) *exchange {
	t.Helper()
	d := dict{"id": []byte("id"), "from": []byte("peer"), "seq": int64(0), "stream": true, "credits": int64(5), "body": []byte("abc"), "more": true}
	for k, v := range extra {
		d[k] = v
	}
	e := &exchange{from: "me"}
	if err := e.begin(time.Time{}, d, 10); err != nil {
		t.Fatal(err)
	}
	return e
}

// sent returns the types and the sequence numbers of the messages that can be sent.
func (e *exchange) sent() string {
	var all []string
	for _, d := range e.ready() {
		all = append(all, fmt.Sprintf("%v:%v", d["type"], d["seq"]))
	}
	return strings.Join(all, " ")
}

func TestExchangeGrantsCreditsForWhatIsRead(t *testing.T) {
	e := newExchange(t, nil)
	if got := e.sent(); got != "credit:0" || e.granted != 10 {
		t.Errorf("after the first message: sent %q, granted %d", got, e.granted)
	}
	e.receive(time.Time{}, dict{"seq": int64(1), "body": []byte("defg"), "more": true})
	p := make([]byte, 2)
	if e.read(p, 4); e.sent() != "" || e.granted != 6 {
		t.Errorf("after 2 bytes: %+v", e)
	}
	if e.read(p, 4); e.sent() != "credit:1" || e.granted != 10 {
		t.Errorf("after 4 bytes: %+v", e)
	}
	e.receive(time.Time{}, dict{"seq": int64(2), "credits": int64(7)})
	if !e.complete || e.credits != 12 {
		t.Errorf("at the end: %+v", e)
	}
}

func TestExchangeEndsWithMalformedMessages(t *testing.T) {
	for name, d := range map[string]dict{
		"sequence":   {"seq": int64(2)},
		"no credits": {"seq": int64(1), "body": []byte("12345678901")},
		"type":       {"seq": int64(1), "type": []byte("other")},
		"credits":    {"seq": int64(1), "credits": int64(-1)},
		"body":       {"seq": int64(1), "body": int64(1)},
	} {
		e := newExchange(t, nil)
		e.sent()
		e.receive(time.Time{}, d)
		if got := e.sent(); !e.over || !errors.Is(e.err, errMalformed) || got != "error:1" {
			t.Errorf("%s: sent %q, %+v", name, got, e)
		}
	}
	e := newExchange(t, dict{"more": nil})
	e.write(200, nil, nil, false)
	e.sent()
	e.receive(time.Time{}, dict{"seq": int64(1), "body": []byte("x")})
	if got := e.sent(); got != "cancel:1" {
		t.Errorf("a body after its end, with a part of the response sent: %q", got)
	}
}

// RFC 33, Handoff: nothing is sent after "handoff-proceed" until the initiator has sent a
// message, and "cancel" need not be in sequence.
func TestExchangeHandoffAndCancel(t *testing.T) {
	e := newExchange(t, dict{"more": nil})
	e.receive(time.Time{}, dict{"seq": int64(1), "type": []byte("handoff-start")})
	if got := e.sent(); got != "handoff-proceed:0" {
		t.Errorf("sent %q", got)
	}
	e.write(200, nil, []byte("x"), false)
	if got := e.sent(); got != "" {
		t.Errorf("sent %q during the handoff", got)
	}
	e.receive(time.Time{}, dict{"seq": int64(2), "type": []byte("keep-alive")})
	if got := e.sent(); got != "<nil>:1" {
		t.Errorf("sent %q after it", got)
	}
	e.receive(time.Time{}, dict{"seq": int64(9), "type": []byte("cancel")})
	if !e.over || e.err != errCancelled || e.sent() != "" {
		t.Errorf("after cancel: %+v", e)
	}
}
