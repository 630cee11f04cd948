package mdp

import (
	"testing"
	"time"
)

func TestWorkerSendsHeartbeatsAndDetectsSilentBroker(t *testing.T) {
	now := time.Unix(1000, 0)
	s := session{version: V02, heartbeat: beat, liveness: expired, heard: now, sent: now}
	want := func(after time.Duration, v verdict) {
		t.Helper()
		now = now.Add(after)
		if got := s.tick(now); got != v {
			t.Fatalf("verdict %d, want %d", got, v)
		}
	}
	want(beat-1, doNothing)
	want(1, doBeat)
	s.sent = now
	// "Any received command except DISCONNECT acts as a heartbeat."
	if _, v, ok := s.handle(now, parse("MDPW02|\\2|c1||x")); v != doServe || !ok {
		t.Fatalf("REQUEST: verdict %d, %t", v, ok)
	}
	s.sent = now.Add(expired)
	want(expired-1, doNothing)
	want(1, doEnd)
	if _, v, ok := s.handle(now, parse("MDPW02|\\5")); v != doNothing || !ok {
		t.Fatalf("HEARTBEAT: verdict %d, %t", v, ok)
	}
	want(0, doNothing)
	if _, v, ok := s.handle(now, parse("MDPW02|\\6")); v != doEnd || !ok {
		t.Fatalf("DISCONNECT: verdict %d, %t", v, ok)
	}
	for _, m := range []string{"MDPW02|\\1|echo", "MDPW02|\\4|c1||x", "|MDPW01|\\4", "x", "MDPC02|\\1|echo|x", "MDPW02|\\2|c1"} {
		if _, v, ok := s.handle(now, parse(m)); v != doNothing || ok {
			t.Errorf("%s: verdict %d, %t", m, v, ok)
		}
	}
}
