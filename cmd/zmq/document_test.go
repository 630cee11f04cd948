package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// walkthrough is the document whose commands are tested.
const walkthrough = "../../docs/SECURITY-MODEL.md"

// documentPort is the port in its endpoints. The test uses a free one in its place.
const documentPort = "5555"

// step is a command of a document with the output that the document shows.
type step struct{ command, output string }

var consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")

// consoleSteps returns the commands in the console blocks of a text: the lines that
// begin with "$ ". The lines between them are output.
func consoleSteps(text string) (steps []step) {
	for _, block := range consoleBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				steps = append(steps, step{command: strings.TrimSpace(command)})
			} else if len(steps) > 0 {
				steps[len(steps)-1].output += line
			}
		}
	}
	return steps
}

// outputPattern matches an output in which "..." stands for any text in a line.
func outputPattern(output string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(output), `\.\.\.`, ".+") + "$")
}

// shell is a shell that runs commands one after another.
type shell struct {
	in  io.Writer
	out *bufio.Reader
}

// run runs a command and returns its output and exit status.
func (s *shell) run(command string) (output, status string, err error) {
	// The newline ends a command with & and a comment.
	if _, err := fmt.Fprintf(s.in, "{ %s\n} </dev/null; printf '\\001%%s\\n' $?\n", command); err != nil {
		return "", "", err
	}
	var b strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		before, status, found := strings.Cut(line, "\x01")
		b.WriteString(before)
		if found {
			return b.String(), strings.TrimSpace(status), nil
		}
		if err != nil {
			return b.String(), "", err
		}
	}
}

// readsFile reports whether a command reads a file that a background command may
// still have to write.
func readsFile(command string) bool {
	return strings.HasPrefix(command, "cat ") || strings.HasPrefix(command, "grep ")
}

// withoutProgress removes the lines that a command prints only if the machine is so
// slow that it has to wait.
func withoutProgress(output string) string {
	var b strings.Builder
	for line := range strings.Lines(output) {
		if !strings.Contains(line, ": no peer yet at ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// play runs steps in a new shell, in an empty directory, and returns the first
// difference between a document and the outputs, or an error. A command that reads a
// file is repeated for up to limit, until its output is that of the document.
func play(ctx context.Context, dir string, steps []step, limit time.Duration) error {
	cmd := exec.CommandContext(ctx, "sh")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "LC_ALL=C")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	defer cmd.Wait()
	defer in.Close()
	sh := &shell{in, bufio.NewReader(out)}
	if _, _, err := sh.run("umask 022"); err != nil {
		return err
	}
	for _, s := range steps {
		for deadline := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) { // a file has no events
			got, status, err := sh.run(s.command)
			if err != nil {
				return fmt.Errorf("$ %s\n%s%w", s.command, got, err)
			}
			if !strings.Contains(s.output, ": no peer yet at ") {
				got = withoutProgress(got)
			}
			// A command without output must succeed. What another one prints says
			// whether it should.
			if outputPattern(s.output).MatchString(got) && (s.output != "" || status == "0") {
				break
			}
			if !readsFile(s.command) || time.Now().After(deadline) {
				return fmt.Errorf("$ %s\nprints, with status %s\n%s\nthe document has\n%s", s.command, status, got, s.output)
			}
		}
	}
	return nil
}

// The walkthrough of the document works as it says.
func TestCommandsInDocumentPrintTheirOutput(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs a shell")
	}
	text, err := os.ReadFile(walkthrough)
	if os.IsNotExist(err) {
		t.Skip("not in the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	steps := consoleSteps(strings.ReplaceAll(string(text), ":"+documentPort, ":"+port))
	if len(steps) < 30 {
		t.Fatalf("only %d commands in %s", len(steps), walkthrough)
	}
	ctx, cancel := context.WithTimeout(t.Context(), scriptTime)
	defer cancel()
	if err := play(ctx, t.TempDir(), steps, time.Minute); err != nil {
		t.Error(err)
	}
}

// The test of the document fails if an output differs, or a command without output
// fails.
func TestPlayReportsDifference(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs a shell")
	}
	for text, want := range map[string]string{
		"$ echo one\none\n$ x=2\n$ echo $x three\n2 ...\n$ false || echo no\nno\n": "",
		"$ echo one\ntwo\n":           "the document has\ntwo",
		"$ echo one\n":                "prints, with status 0\none",
		"$ true\nmore\n":              "the document has\nmore",
		"$ false\n":                   "$ false\nprints, with status 1",
		"$ echo one; echo two\n...\n": "prints, with status 0\none\ntwo",
		"$ exit 3\n":                  "$ exit 3\n",
		"$ grep never /dev/null\nx\n": "the document has\nx",
		"$ zmq curve keygen --cert a\nzmq: wrote a, which peers need, and a_secret, which is public\n== CURVE PUBLIC KEY ==\n...\n": "a_secret, which is secret",
	} {
		err := play(t.Context(), t.TempDir(), consoleSteps("```console\n"+text+"```\n"), time.Second/10)
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}
