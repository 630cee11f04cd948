package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"zmq": func() {
		// A command that runs longer than its script prints its goroutines and
		// ends.
		time.AfterFunc(scriptTime, func() {
			debug.SetTraceback("all")
			panic(fmt.Sprintf("zmq: still running after %v", scriptTime))
		})
		dieWithParent()
		main()
	}})
}

// scriptTime bounds one script, and each command in it. A script takes seconds:
// only one that hangs takes so long.
const scriptTime = 3 * time.Minute

// deadlineKey is the key of the deadline in the values of a script.
type deadlineKey struct{}

// Each file of testdata/script has commands, their input and their expected
// output.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			playScript(oneTest{t}, file, scriptTime)
		})
	}
}

// playScript runs one script, which fails after limit.
func playScript(t testscript.T, file string, limit time.Duration) {
	deadline := time.Now().Add(limit)
	testscript.RunT(t, testscript.Params{
		Files:               []string{file},
		Setup:               func(e *testscript.Env) error { return setup(e, deadline) },
		Deadline:            deadline,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"await": await, "tlscerts": tlscerts},
	})
}

// oneTest makes testscript run its only script in the test itself, not in a
// subtest.
type oneTest struct{ *testing.T }

func (t oneTest) Parallel()                            {}
func (t oneTest) Run(_ string, f func(t testscript.T)) { f(t) }
func (t oneTest) Verbose() bool                        { return testing.Verbose() }

// setup turns off the second that a program built with -race sleeps before it
// exits.
func setup(e *testscript.Env, deadline time.Time) error {
	e.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	e.Values[deadlineKey{}] = deadline
	return nil
}

// await FILE REGEXP [VAR] waits until a file that a background command writes
// matches, and sets an environment variable to the first group of the match.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: await file regexp [variable]")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	path := ts.MkAbs(args[0])
	deadline := ts.Value(deadlineKey{}).(time.Time)
	for {
		text, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			ts.Fatalf("%v", err)
		}
		if m := re.FindSubmatch(text); m != nil {
			if len(args) == 3 {
				ts.Setenv(args[2], string(m[1]))
			}
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("timed out waiting for %q in %s, which has\n%s", args[1], args[0], text)
		}
		time.Sleep(time.Millisecond) // there is no event for a change of a file
	}
}
