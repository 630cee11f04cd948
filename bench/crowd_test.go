package main

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestParseTicksAddsUserAndSystemTime(t *testing.T) {
	stat := "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 700 30 1 2 20 0"
	if got, err := parseTicks(stat); got != 730 || err != nil {
		t.Errorf("%d ticks, %v, want 730", got, err)
	}
	if _, err := parseTicks("12 (a) S 1 2"); err == nil {
		t.Error("a short line was accepted")
	}
}

func TestAllowFilesSaysWhichLimitTheMachineHas(t *testing.T) {
	err := allowFiles(1 << 62)
	if err == nil || !strings.Contains(err.Error(), "open files") {
		t.Errorf("error %v for more files than any machine permits", err)
	}
}

// A program in another language does not raise its soft limit itself.
func TestPeersInheritTheRaisedLimitOfOpenFiles(t *testing.T) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
	if err := allowFiles(l.Max); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sh", "-c", "ulimit -Sn").Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := exec.Command("sh", "-c", "ulimit -Hn").Output()
	if err != nil || string(out) != string(want) {
		t.Errorf("soft limit %q of a child, want its hard limit %q, %v", out, want, err)
	}
}
