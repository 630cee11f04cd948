package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// recordingT records the failure of a script.
type recordingT struct {
	testscript.T
	log    strings.Builder
	failed bool
}

func (c *recordingT) Parallel()                            {}
func (c *recordingT) Run(_ string, f func(t testscript.T)) { f(c) }
func (c *recordingT) Verbose() bool                        { return false }
func (c *recordingT) Log(args ...any)                      { fmt.Fprintln(&c.log, args...) }
func (c *recordingT) Fatal(args ...any)                    { c.Log(args...); c.FailNow() }
func (c *recordingT) FailNow()                             { c.failed = true; runtime.Goexit() }

// A script that waits for a file or for a command fails at its deadline.
func TestScriptFailsAtDeadline(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"await never nothing", `timed out waiting for "nothing" in never`},
		{"exec zmq rep -b ipc://$WORK/a", "test timed out while running command"},
		{"[!exec:sleep] exec zmq rep -b ipc://$WORK/a\n[exec:sleep] exec sleep 1000 &s&\n[exec:sleep] wait s", "test timed out while running command"},
	} {
		file := filepath.Join(t.TempDir(), "a.txtar")
		if err := os.WriteFile(file, []byte(c.script+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got := new(recordingT)
		var run sync.WaitGroup
		run.Go(func() { playScript(got, file, 0) })
		run.Wait()
		if !got.failed || !strings.Contains(got.log.String(), c.want) {
			t.Errorf("%s: failed is %v, want %q in\n%s", c.script, got.failed, c.want, &got.log)
		}
	}
}
