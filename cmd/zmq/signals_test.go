package main

import (
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// The command timeout sends SIGTERM twice.
func TestRepeatedSignalDoesNotCount(t *testing.T) {
	term, interrupt := os.Signal(syscall.SIGTERM), os.Interrupt
	type sent struct {
		after time.Duration
		what  os.Signal
	}
	for name, c := range map[string]struct {
		signals []sent
		want    os.Signal // that awaitOther returns
		took    time.Duration
	}{
		"none":           {nil, nil, repeatTime},
		"the same":       {[]sent{{0, term}, {repeatTime - 1, term}}, nil, repeatTime},
		"another":        {[]sent{{repeatTime / 2, interrupt}}, interrupt, repeatTime / 2},
		"another after":  {[]sent{{0, term}, {repeatTime / 2, interrupt}}, interrupt, repeatTime / 2},
		"the same later": {[]sent{{repeatTime + 1, term}}, nil, repeatTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				signals := make(chan os.Signal, 8)
				start := time.Now()
				for _, s := range c.signals {
					time.AfterFunc(s.after, func() { signals <- s.what })
				}
				got := awaitOther(signals, term)
				if took := time.Since(start); got != c.want || took != c.took {
					t.Errorf("%v after %v, want %v after %v", got, took, c.want, c.took)
				}
			})
		})
	}
}
