package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// repository returns a git repository with one committed file.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"init", "-q"}, {"-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "--allow-empty", "-m", "first"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("git %s: %v: %s", args[0], err, out)
		}
	}
	return dir
}

func TestCommitIsDirtyIfFilesDiffer(t *testing.T) {
	dir := repository(t)
	create := func(name string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	clean := commit(dir)
	if len(clean) != 12 {
		t.Errorf("commit %q, want 12 digits", clean)
	}
	create("bench/results/results.json")
	if got := commit(dir); got != clean {
		t.Errorf("after a change of the results: %q, want %q", got, clean)
	}
	create("socket.go")
	if got := commit(dir); got != clean+dirtySuffix {
		t.Errorf("after a new file: %q", got)
	}
	outside := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(outside))
	if got := commit(outside); got != unknown {
		t.Errorf("outside a repository: %q", got)
	}
}
