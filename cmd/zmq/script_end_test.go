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

// captured is a test whose failure is wanted.
type captured struct {
	testscript.T
	log    strings.Builder
	failed bool
}

func (c *captured) Parallel()                            {}
func (c *captured) Run(_ string, f func(t testscript.T)) { f(c) }
func (c *captured) Verbose() bool                        { return false }
func (c *captured) Log(args ...any)                      { fmt.Fprintln(&c.log, args...) }
func (c *captured) Fatal(args ...any)                    { c.Log(args...); c.FailNow() }
func (c *captured) FailNow()                             { c.failed = true; runtime.Goexit() }

// The deadline ends what waits for a file, and for a command.
func TestScriptEndsAtItsDeadline(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"await never nothing", `timed out waiting for "nothing" in never`},
		{"exec zmq rep -b ipc://$WORK/a", "test timed out while running command"},
		{"[!exec:sleep] exec zmq rep -b ipc://$WORK/a\n[exec:sleep] exec sleep 1000 &s&\n[exec:sleep] wait s", "test timed out while running command"},
	} {
		file := filepath.Join(t.TempDir(), "a.txtar")
		if err := os.WriteFile(file, []byte(c.script+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got := new(captured)
		var run sync.WaitGroup
		run.Go(func() { playScript(got, file, 0) })
		run.Wait()
		if !got.failed || !strings.Contains(got.log.String(), c.want) {
			t.Errorf("%s: failed is %v, want %q in\n%s", c.script, got.failed, c.want, &got.log)
		}
	}
}
