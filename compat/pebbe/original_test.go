package zmq4_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// different are the intended differences from the original: the beginnings of lines
// that it prints, with the entry of docs/DEVIATIONS.md.
var different = map[string]string{
	"PUB.SetXpubManual(":         "inherited-options",
	"REP.SetConnectRid(":         "inherited-options",
	"REP.SetRouterRaw(":          "inherited-options",
	"ROUTER.SetConnectRid(xxxxx": "routing-id-set",
	"STREAM.SetConnectRid(xxxxx": "routing-id-set",
}

// TestProgramPrintsTheSameWithOriginal builds a program with the original, which needs
// cgo and libzmq, and with this package, and compares their output.
func TestProgramPrintsTheSameWithOriginal(t *testing.T) {
	t.Parallel()
	const source = "testdata/program/main.go"
	const name = "github.com/pebbe/zmq4"
	if out, err := exec.Command("go", "list", name).CombinedOutput(); err != nil {
		skip(t, "%s: %s", name, out)
	}
	program, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ours := filepath.Join(dir, "main.go")
	program = bytes.Replace(program, []byte(`"`+name+`"`), []byte(`"github.com/zerobroker/zmq/compat/pebbe"`), 1)
	if err := os.WriteFile(ours, program, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := build(filepath.Join(dir, "theirs"), source); err != nil {
		skip(t, "no cgo or libzmq: %v: %.500s", err, out)
	}
	if out, err := build(filepath.Join(dir, "ours"), ours); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	compare(t, run(t, filepath.Join(dir, "theirs")), run(t, filepath.Join(dir, "ours")))
}

// skip skips the test, or fails it if the environment demands foreign programs.
func skip(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("ZMQ_INTEROP_REQUIRED") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func build(to, source string) ([]byte, error) {
	return exec.Command("go", "build", "-o", to, source).CombinedOutput()
}

// run returns the lines that a program prints.
func run(t *testing.T, program string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, program).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out[max(0, len(out)-2000):])
	}
	return strings.Split(string(out), "\n")
}

func compare(t *testing.T, theirs, ours []string) {
	t.Helper()
	if len(theirs) != len(ours) || len(ours) < 2000 {
		t.Errorf("%d lines of the original, %d of this package", len(theirs), len(ours))
	}
	seen := make(map[string]bool)
	for i := range min(len(theirs), len(ours)) {
		if theirs[i] == ours[i] {
			continue
		}
		known := false
		for prefix := range different {
			if strings.HasPrefix(theirs[i], prefix) {
				known, seen[prefix] = true, true
			}
		}
		if !known {
			t.Errorf("line %d:\noriginal: %s\nours:     %s", i+1, theirs[i], ours[i])
		}
	}
	for prefix, reason := range different {
		if !seen[prefix] {
			t.Errorf("%q is not a difference (%s)", prefix, reason)
		}
	}
}
