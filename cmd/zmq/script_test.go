package main

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"zmq": main})
}

// TestScripts runs the command as users do: each file of testdata/script is
// commands, input and expected output.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               quickExit,
		Deadline:            time.Now().Add(2 * time.Minute), // for what hangs
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"await": await},
	})
}

// quickExit spares commands built with -race the second that they sleep at
// their end by default.
func quickExit(e *testscript.Env) error {
	e.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	return nil
}

// await FILE REGEXP [VAR] waits until a file that a background command writes
// matches, and puts what the first group matched in an environment variable.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: await file regexp [variable]")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	path := ts.MkAbs(args[0])
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
		time.Sleep(time.Millisecond) // the file system tells nobody
	}
}
