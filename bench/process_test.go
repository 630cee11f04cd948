package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script returns a library whose peer is a shell script; $1 is the sub-command.
func script(t *testing.T, body string) Library {
	t.Helper()
	path := filepath.Join(t.TempDir(), "peer")
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncase $1 in\n"+body+"\nesac\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return Library{Name: "fake", path: path}
}

const answer = `echo '{"messages":1001,"seconds":0.5,"peak_kib":2048}'`

func TestRunPairMeasuresReceiver(t *testing.T) {
	lib := script(t, `pull) echo tcp://there; sleep 0.05; `+answer+` ;; push) test "$2" = tcp://there && `+answer+` ;;`)
	s := once(t.Context(), time.Minute, lib, Row{Work: tcpThroughput, Size: 10, Count: 1001})
	if s.Error != "" || s.Value != 2000 || len(s.PeakKiB) != 2 || s.PeakKiB[0] != 2048 || s.Wall <= 0 {
		t.Errorf("sample %+v", s)
	}
}

// If one process fails, both are ended, and Sample.Error contains the reason.
func TestRunPairReportsFailure(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"server dies early", `pull) echo broken >&2; exit 3 ;;`, "broken"},
		{"server dies late", `pull) echo e; echo broken >&2; exit 3 ;; push) exec sleep 1000 ;;`, "broken"},
		{"client dies", `pull) echo e; exec sleep 1000 ;; push) echo refused >&2; exit 1 ;;`, "refused"},
		{"nonsense", `pull) echo e; echo hello ;; push) ` + answer + ` ;;`, "unexpected output"},
		{"no measurement", `pull) echo e ;; push) ` + answer + ` ;;`, "without a measurement"},
		{"message lost", `pull) echo e; exec sleep 1000 ;; push) ` + answer + ` ;;`, "timed out after 300ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			limit := time.Minute
			if strings.HasPrefix(c.want, "timed out") {
				limit = 300 * time.Millisecond
			}
			s := once(t.Context(), limit, script(t, c.script), Row{Work: tcpThroughput, Size: 10, Count: 10})
			if !strings.Contains(s.Error, c.want) {
				t.Errorf("error %q, want %q in it", s.Error, c.want)
			}
		})
	}
}

func TestOneWayCountsTwoMessagesPerRoundTrip(t *testing.T) {
	var o outcome
	o.Messages, o.Seconds, o.cpu = 9000, 0.9, 1
	if s := oneWay(o, o); s.Value != 50 || s.PerM != 100 { // 2 s for 2 x (9,000 + 1,000) messages
		t.Errorf("sample %+v", s)
	}
}

// A library stops after a failure; the others continue.
func TestMeasureContinuesAfterFailureOfOneLibrary(t *testing.T) {
	good := script(t, `inproc_thr) `+answer+` ;;`)
	good.Name = "good"
	bad := script(t, `inproc_thr) exit 1 ;;`)
	bad.Name = "bad"
	row := Row{Name: "r", Work: inprocThroughput, Size: 10, Count: 10, Libs: []string{"bad", "good", "missing"}}
	r := measure(context.Background(), options{Reps: 3, Timeout: time.Minute, Budget: time.Minute}, row, []Library{good, bad})
	if n := len(r.Samples["good"]); n != 3 {
		t.Errorf("good ran %d times", n)
	}
	for _, name := range []string{"bad", "missing"} {
		if s := r.Samples[name]; len(s) != 1 || s[0].Error == "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
