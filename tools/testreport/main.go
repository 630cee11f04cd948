// Command testreport reads the output of "go test -json" and tells it briefly:
// a line for each package as go test prints it, everything that a failed test
// said, why each skipped one was, and at the end
//
//	N passed, N failed, N skipped
//
// Tests and subtests count alike. A package that fails without a failed test,
// because it does not build or its TestMain objects, counts as one failure. A
// test that was still running when its package ended, because of a panic or of
// -timeout, failed: the report has its output, where go test puts the panic and
// the goroutines. So has a package whose end is missing, as when go test itself
// was killed. The exit status is 1 if anything failed.
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
	counts := flag.String("o", "", "also write the closing line to this `file`")
	flag.Parse()
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	r.tellSkips()
	line := r.closing()
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

// key names one test, or with an empty name the package's own output.
type key struct{ pkg, test string }

// report is what has been told so far.
type report struct {
	out                     io.Writer
	passed, failed, skipped int
	said                    map[key]*strings.Builder // by tests that run
	started                 map[string]bool          // packages that have not ended
	running                 map[key]bool             // tests that have not ended, and are not paused
	blamed                  map[string]bool          // packages with a failed test
	reasons                 map[string][]key         // skipped tests by their reason
}

func newReport(out io.Writer) *report {
	return &report{
		out:     out,
		said:    make(map[key]*strings.Builder),
		started: make(map[string]bool),
		running: make(map[key]bool),
		blamed:  make(map[string]bool),
		reasons: make(map[string][]key),
	}
}

// read takes events to the end. A line that is none, such as a complaint of
// the go command itself, is passed on.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if line[0] != '{' || json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(r.out, "%s", line)
			} else {
				r.take(e)
			}
		}
		if err == io.EOF {
			r.cutShort()
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) take(e event) {
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
				r.tellUnfinished(e.Package)
			}
			r.forget(e.Package)
		}
	}
	switch e.Action {
	case "pass":
		if e.Test != "" {
			r.passed++
		}
		delete(r.said, k)
	case "skip":
		if e.Test != "" {
			r.skipped++
			why := r.reason(k)
			r.reasons[why] = append(r.reasons[why], k)
		}
		delete(r.said, k)
	case "fail":
		r.fail(k)
	}
}

// output keeps what a test says until it is known how it ends. A package's own
// lines are told at once, but for those that say nothing.
func (r *report) output(k key, text string) {
	if k.test == "" {
		if text != "PASS\n" && text != "FAIL\n" && !strings.HasSuffix(text, "[no test files]\n") {
			fmt.Fprint(r.out, text)
		}
		return
	}
	if r.said[k] == nil {
		r.said[k] = new(strings.Builder)
	}
	r.said[k].WriteString(text)
}

func (r *report) fail(k key) {
	switch {
	case k.test != "":
		r.failed++
		r.blamed[k.pkg] = true
		if b := r.said[k]; b != nil {
			fmt.Fprintf(r.out, "%s: %s\n%s", k.pkg, k.test, b)
		}
		delete(r.said, k)
	case !r.blamed[k.pkg]:
		r.failed++
	}
}

// tellUnfinished tells what is known of tests that their package did not wait
// for. The panic is in the output of the test that go test took for the running
// one, which may have ended. Of tests that never ran there is nothing to tell.
func (r *report) tellUnfinished(pkg string) {
	var tests []key
	for k := range r.said {
		if k.pkg == pkg && k.test != "" && (r.running[k] || r.panicked(k)) {
			tests = append(tests, k)
		}
	}
	slices.SortFunc(tests, func(a, b key) int { return strings.Compare(a.test, b.test) })
	for _, k := range tests {
		fmt.Fprintf(r.out, "%s: %s did not end\n%s", pkg, k.test, r.said[k])
		r.failed++
		r.blamed[pkg] = true
	}
}

// forget drops what is kept of a package that has ended.
func (r *report) forget(pkg string) {
	delete(r.started, pkg)
	maps.DeleteFunc(r.said, func(k key, _ *strings.Builder) bool { return k.pkg == pkg })
	maps.DeleteFunc(r.running, func(k key, _ bool) bool { return k.pkg == pkg })
}

// panicked reports whether the output of a test is more than the go command's
// own lines.
func (r *report) panicked(k key) bool {
	for line := range strings.Lines(r.said[k].String()) {
		if !strings.HasPrefix(line, "===") {
			return true
		}
	}
	return false
}

// cutShort is for packages whose end go test did not live to see.
func (r *report) cutShort() {
	for _, pkg := range slices.Sorted(maps.Keys(r.started)) {
		fmt.Fprintf(r.out, "%s: no end of the package\n", pkg)
		r.tellUnfinished(pkg)
		if !r.blamed[pkg] {
			r.failed++
		}
	}
}

// reason is what a skipped test said last before its verdict, without the
// place where it said it.
func (r *report) reason(k key) string {
	b := r.said[k]
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

// shown is how many tests are named that were skipped for one reason.
const shown = 3

func (r *report) tellSkips() {
	var whys []string
	for why := range r.reasons {
		whys = append(whys, why)
	}
	slices.Sort(whys)
	for _, why := range whys {
		tests := r.reasons[why]
		var names []string
		for _, k := range tests[:min(shown, len(tests))] {
			names = append(names, k.test)
		}
		if n := len(tests) - len(names); n > 0 {
			names = append(names, fmt.Sprintf("and %d more", n))
		}
		fmt.Fprintf(r.out, "skipped: %s (%s)\n", why, strings.Join(names, ", "))
	}
}

// closing is the last line.
func (r *report) closing() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", r.passed, r.failed, r.skipped)
}
