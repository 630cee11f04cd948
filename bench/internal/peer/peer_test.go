package peer

import (
	"strings"
	"testing"
	"time"
)

func TestParseChecksOperands(t *testing.T) {
	for _, c := range []struct {
		name     string
		operands string
		want     Args
		bad      bool
	}{
		{name: "pull", operands: "tcp://127.0.0.1:* 10 1000", want: Args{"tcp://127.0.0.1:*", 10, 1000}},
		{name: "inproc_thr", operands: "10 1000", want: Args{"", 10, 1000}},
		{name: "pull", operands: "10 1000", bad: true},
		{name: "pull", operands: "", bad: true},
		{name: "inproc_lat", operands: "e 10 1000", bad: true},
		{name: "push", operands: "e 0 1000", bad: true},
		{name: "push", operands: "e 10 1", bad: true},
		{name: "push", operands: "e ten 1000", bad: true},
	} {
		got, err := parse(c.name, strings.Fields(c.operands))
		if (err != nil) != c.bad {
			t.Errorf("parse(%s %s): error %v, want one: %v", c.name, c.operands, err, c.bad)
			continue
		}
		if !c.bad && got != c.want {
			t.Errorf("parse(%s %s) = %+v, want %+v", c.name, c.operands, got, c.want)
		}
	}
}

func TestCheckRejectsWrongBodies(t *testing.T) {
	if err := Check(Body(7), 7); err != nil {
		t.Error(err)
	}
	if Check(Body(7), 8) == nil || Check(make([]byte, 7), 7) == nil {
		t.Error("a wrong body was accepted")
	}
}

func TestRunRejectsBadArguments(t *testing.T) {
	for _, args := range []string{"", "nonsense 1 2", "pull e 10 10", "idle_router e"} {
		if err := run("v", Commands{}, strings.Fields(args)); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
	c := Commands{Pull: func(Args) (time.Duration, error) { return 0, nil }}
	if err := run("v", c, []string{"pull", "e", "10"}); err == nil {
		t.Error("too few operands were accepted")
	}
}

func TestStatusKiBFindsField(t *testing.T) {
	status := []byte("Name:\tbench\nVmHWM:\t    6352 kB\nVmRSS:\t    6100 kB\nThreads:\t3\n")
	if kib, ok := StatusKiB(status, "VmRSS"); !ok || kib != 6100 {
		t.Errorf("VmRSS = %d, %v", kib, ok)
	}
	if _, ok := StatusKiB(status, "VmSwap"); ok {
		t.Error("found a field that does not exist")
	}
}
