package zhttp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// head returns the first message of a response, with further fields.
func head(extra dict) dict {
	d := dict{"from": []byte("peer"), "seq": int64(0), "code": int64(200), "reason": []byte("OK"), "headers": []any{}, "body": []byte("abc"), "more": true}
	for k, v := range extra {
		d[k] = v
	}
	return d
}

func newSession() *session {
	s := &session{id: "id", from: "me", granted: 10}
	s.send(dict{"first": true})
	s.out = nil
	return s
}

// sent returns the types and the sequence numbers of the messages that can be sent.
func (s *session) sent() string {
	var all []string
	for _, d := range s.ready() {
		all = append(all, fmt.Sprintf("%v:%v", d["type"], d["seq"]))
	}
	return strings.Join(all, " ")
}

func TestSessionGrantsCreditsForWhatIsRead(t *testing.T) {
	s := newSession()
	s.receive(time.Time{}, head(nil))
	if s.phase != phaseBody || s.granted != 7 || s.code != 200 {
		t.Fatalf("%+v", s)
	}
	p := make([]byte, 2)
	if n := s.read(p, 4); n != 2 || s.granted != 7 || s.sent() != "" {
		t.Errorf("after 2 bytes: %+v", s)
	}
	if n := s.read(p, 4); n != 1 || s.granted != 10 || s.sent() != "credit:1" {
		t.Errorf("after 3 bytes: %+v", s)
	}
	s.receive(time.Time{}, dict{"from": []byte("peer"), "seq": int64(1), "body": []byte("def")})
	if s.phase != phaseEnded || string(s.buffer) != "def" {
		t.Errorf("at the end: %+v", s)
	}
	if s.read(p, 1); s.sent() != "" {
		t.Error("credits after the end")
	}
}

// RFC 33, Handoff: after "handoff-proceed" nothing is sent until the next responder has.
func TestSessionSendsNothingDuringHandoff(t *testing.T) {
	s := newSession()
	s.receive(time.Time{}, head(nil))
	s.receive(time.Time{}, dict{"from": []byte("peer"), "seq": int64(1), "type": []byte("handoff-start")})
	if got := s.sent(); got != "handoff-proceed:1" {
		t.Errorf("sent %q", got)
	}
	s.read(make([]byte, 3), 1)
	if got := s.sent(); got != "" {
		t.Errorf("sent %q during the handoff", got)
	}
	s.receive(time.Time{}, dict{"from": []byte("other"), "seq": int64(2), "type": []byte("keep-alive")})
	if got := s.sent(); got != "credit:2" || s.peer != "other" {
		t.Errorf("sent %q to %s", got, s.peer)
	}
}

func TestSessionEndsWithMalformedMessages(t *testing.T) {
	for name, d := range map[string]dict{
		"sequence":    head(dict{"seq": int64(1)}),
		"no status":   head(dict{"code": nil}),
		"status":      head(dict{"code": int64(100)}),
		"header":      head(dict{"headers": []byte("x")}),
		"no credits":  head(dict{"body": []byte("12345678901")}),
		"type":        head(dict{"type": []byte("other")}),
		"credits":     head(dict{"credits": int64(-1)}),
		"from":        head(dict{"from": []byte("")}),
		"credit type": head(dict{"credits": []byte("1")}),
	} {
		s := newSession()
		s.receive(time.Time{}, d)
		if s.phase != phaseFailed || !errors.Is(s.err, ErrMalformed) {
			t.Errorf("%s: %+v", name, s)
		}
		if got := s.sent(); s.peer != "" && got != "cancel:1" {
			t.Errorf("%s: sent %q", name, got)
		}
	}
}

// RFC 33: "cancel" need not be in sequence.
func TestSessionEndsWithCancelAndError(t *testing.T) {
	for _, d := range []dict{
		{"from": []byte("peer"), "type": []byte("cancel"), "seq": int64(7)},
		{"from": []byte("peer"), "type": []byte("cancel")},
		{"from": []byte("peer"), "type": []byte("error"), "seq": int64(0), "condition": []byte("cancel")},
	} {
		s := newSession()
		s.receive(time.Time{}, d)
		var condition *ConditionError
		if !errors.As(s.err, &condition) || condition.Condition != "cancel" || s.sent() != "" {
			t.Errorf("%v: %+v", d, s)
		}
	}
}
