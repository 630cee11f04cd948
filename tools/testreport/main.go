// Command testreport summarizes the output of "go test -json": a line for each
// package as go test prints it, the complete output of each failed test, the
// reason of each skipped test, and a last line
//
//	N passed, N failed, N skipped
//
// Tests and subtests count alike. A package that fails without a failed test
// counts as one failure: it does not build, or its TestMain reports an error. A
// test that was still running when its package ended counts as failed. The
// cause is a panic or -timeout, and the report contains the output of the test,
// where go test puts the panic and the goroutines. A package without a final
// event also counts as failed, for example when go test was killed. The exit
// status is 1 if anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	counts := flag.String("o", "", "also write the last line to this `file`")
	flag.Parse()
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	r.printSkips()
	line := r.summary()
	fmt.Println(line)
	if *counts != "" {
		if err := os.WriteFile(*counts, []byte(line+"\n"), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "testreport:", err)
			os.Exit(1)
		}
	}
	if r.failed > 0 {
		os.Exit(1)
	}
}

// event is one line of go test -json. See "go doc test2json".
type event struct {
	Action, Package, Test, Output string
}

// key identifies a test. With an empty test name it stands for the package.
type key struct{ pkg, test string }

// report accumulates the results of all packages.
type report struct {
	out                     io.Writer
	passed, failed, skipped int
	outputs                 map[key]*strings.Builder // of tests without a result so far
	started                 map[string]bool          // packages without a result so far
	running                 map[key]bool             // tests without a result so far that are not paused
	hasFailure              map[string]bool          // packages with a failed test
	reasons                 map[string][]key         // skipped tests by reason
}

func newReport(out io.Writer) *report {
	return &report{
		out:        out,
		outputs:    make(map[key]*strings.Builder),
		started:    make(map[string]bool),
		running:    make(map[key]bool),
		hasFailure: make(map[string]bool),
		reasons:    make(map[string][]key),
	}
}

// read processes all events of in. It copies lines that are not events, such as
// errors of the go command, to the output.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if line[0] != '{' || json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(r.out, "%s", line)
			} else {
				r.handle(e)
			}
		}
		if err == io.EOF {
			r.failStarted()
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) handle(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "start":
		r.started[e.Package] = true
		return
	case "run", "cont":
		r.running[k] = true
		return
	case "pause":
		delete(r.running, k)
		return
	case "output", "build-output":
		r.output(k, e.Output)
		return
	case "pass", "skip", "fail":
		delete(r.running, k)
		if e.Test == "" {
			if e.Action == "fail" {
				r.failUnfinished(e.Package)
			}
			r.discard(e.Package)
		}
	}
	switch e.Action {
	case "pass":
		if e.Test != "" {
			r.passed++
		}
		delete(r.outputs, k)
	case "skip":
		if e.Test != "" {
			r.skipped++
			why := r.reason(k)
			r.reasons[why] = append(r.reasons[why], k)
		}
		delete(r.outputs, k)
	case "fail":
		r.fail(k)
	}
}

// output stores the output of a test until its result is known. It prints the
// output of a package immediately, without the lines that carry no information.
func (r *report) output(k key, text string) {
	if k.test == "" {
		if text != "PASS\n" && text != "FAIL\n" && !strings.HasSuffix(text, "[no test files]\n") {
			fmt.Fprint(r.out, text)
		}
		return
	}
	if r.outputs[k] == nil {
		r.outputs[k] = new(strings.Builder)
	}
	r.outputs[k].WriteString(text)
}

func (r *report) fail(k key) {
	switch {
	case k.test != "":
		r.failed++
		r.hasFailure[k.pkg] = true
		if b := r.outputs[k]; b != nil {
			fmt.Fprintf(r.out, "%s: %s\n%s", k.pkg, k.test, b)
		}
		delete(r.outputs, k)
	case !r.hasFailure[k.pkg]:
		r.failed++
	}
}

// failUnfinished counts the tests of a package that have no result as failed,
// and prints their output. go test writes a panic to the output of the test
// that it considers running, which may already have a result. Tests that never
// started have no output and are not counted.
func (r *report) failUnfinished(pkg string) {
	var tests []key
	for k := range r.outputs {
		if k.pkg == pkg && k.test != "" && (r.running[k] || r.panicked(k)) {
			tests = append(tests, k)
		}
	}
	slices.SortFunc(tests, func(a, b key) int { return strings.Compare(a.test, b.test) })
	for _, k := range tests {
		fmt.Fprintf(r.out, "%s: %s did not end\n%s", pkg, k.test, r.outputs[k])
		r.failed++
		r.hasFailure[pkg] = true
	}
}

// discard removes the stored state of a package that has ended.
func (r *report) discard(pkg string) {
	delete(r.started, pkg)
	maps.DeleteFunc(r.outputs, func(k key, _ *strings.Builder) bool { return k.pkg == pkg })
	maps.DeleteFunc(r.running, func(k key, _ bool) bool { return k.pkg == pkg })
}

// panicked reports whether the output of a test has lines that the go command
// did not write.
func (r *report) panicked(k key) bool {
	for line := range strings.Lines(r.outputs[k].String()) {
		if !strings.HasPrefix(line, "===") {
			return true
		}
	}
	return false
}

// failStarted counts the packages without a final event as failed: go test
// itself was killed.
func (r *report) failStarted() {
	for _, pkg := range slices.Sorted(maps.Keys(r.started)) {
		fmt.Fprintf(r.out, "%s: go test ended before the package did\n", pkg)
		r.failUnfinished(pkg)
		if !r.hasFailure[pkg] {
			r.failed++
		}
	}
}

// reason returns the last line that a skipped test wrote, without the file name
// and line number.
func (r *report) reason(k key) string {
	b := r.outputs[k]
	if b == nil {
		return "no reason given"
	}
	why := "no reason given"
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") || line == "" {
			continue
		}
		why = line
	}
	if place, rest, ok := strings.Cut(why, ": "); ok && strings.Contains(place, ".go:") {
		why = rest
	}
	return why
}

// maxNames limits the tests that printSkips names for one reason.
const maxNames = 3

func (r *report) printSkips() {
	var whys []string
	for why := range r.reasons {
		whys = append(whys, why)
	}
	slices.Sort(whys)
	for _, why := range whys {
		tests := r.reasons[why]
		var names []string
		for _, k := range tests[:min(maxNames, len(tests))] {
			names = append(names, k.test)
		}
		if n := len(tests) - len(names); n > 0 {
			names = append(names, fmt.Sprintf("and %d more", n))
		}
		fmt.Fprintf(r.out, "skipped: %s (%s)\n", why, strings.Join(names, ", "))
	}
}

// summary returns the last line of the report.
func (r *report) summary() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", r.passed, r.failed, r.skipped)
}
