package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// scenario is a test of programs that belong together. It runs in a bubble of
// synctest, in which time is virtual, and the programs are connected over inproc.
type scenario struct {
	programs string // the programs that run starts, and no others
	run      func(s *stage)
}

// stage starts the programs of a scenario.
type stage struct {
	*testing.T
	ctx     context.Context
	started map[string]bool
}

// process is a program that was started.
type process struct {
	s      *stage
	name   string
	out    *output
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // after ended is closed
}

// inproc returns an endpoint that no other scenario uses.
func (s *stage) inproc(name string) string { return "inproc://" + s.Name() + "/" + name }

// start starts a program. The end of the test ends it.
func (s *stage) start(name string, args ...string) *process {
	s.Helper()
	ctx, cancel := context.WithCancel(s.ctx)
	p := &process{s: s, name: name, out: newOutput(), cancel: cancel, ended: make(chan struct{})}
	s.started[name] = true
	go func() {
		defer close(p.ended)
		p.err = run(ctx, p.out, name, args)
	}()
	return p
}

// wait waits until the program has ended without an error, and returns its output.
func (p *process) wait() string {
	p.s.Helper()
	<-p.ended
	if p.err != nil {
		p.s.Fatalf("%s: %v; output:\n%s", p.name, p.err, p.out)
	}
	return p.out.String()
}

// stop ends the program as SIGINT does, and returns its output.
func (p *process) stop() string {
	p.s.Helper()
	p.cancel()
	<-p.ended
	if p.err != nil && !errors.Is(p.err, context.Canceled) {
		p.s.Fatalf("%s: %v; output:\n%s", p.name, p.err, p.out)
	}
	return p.out.String()
}

// waitFor waits until the output of the program has n matches of a regular expression.
func (p *process) waitFor(n int, expr string) {
	p.s.Helper()
	re := regexp.MustCompile(expr)
	for {
		text, changed := p.out.state()
		if len(re.FindAllString(text, -1)) >= n {
			return
		}
		select {
		case <-changed:
		case <-p.ended:
			if text, _ := p.out.state(); len(re.FindAllString(text, -1)) < n {
				p.s.Fatalf("%s ended (%v) before %d x %q; output:\n%s", p.name, p.err, n, expr, text)
			}
		case <-p.s.ctx.Done():
			p.s.Fatalf("%s has not written %d x %q; output:\n%s", p.name, n, expr, text)
		}
	}
}

// want compares an output with a regular expression for all of it.
func (s *stage) want(output, expr string) {
	s.Helper()
	if !regexp.MustCompile(`\A(?:` + expr + `)\z`).MatchString(output) {
		s.Errorf("output:\n%s\nwant a match of:\n%s", output, expr)
	}
}

// output is the output of a program.
type output struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{} // closed by the next Write
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.buf.Write(b)
}

func (o *output) state() (text string, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String(), o.changed
}

func (o *output) String() string {
	text, _ := o.state()
	return text
}

// runStage runs f with a stage whose programs end with the test.
func runStage(t *testing.T, timeout time.Duration, f func(s *stage)) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	s := &stage{T: t, ctx: ctx, started: map[string]bool{}}
	f(s)
	return s.started
}

func TestPrograms(t *testing.T) {
	for _, sc := range scenarios {
		t.Run(strings.Fields(sc.programs)[0], func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				checkStarted(t, sc, runStage(t, time.Hour, sc.run))
			})
		})
	}
}

// These scenarios run in real time.
func TestProgramsOverNetwork(t *testing.T) {
	for _, sc := range networkScenarios {
		t.Run(strings.Fields(sc.programs)[0], func(t *testing.T) {
			t.Parallel()
			checkStarted(t, sc, runStage(t, 30*time.Second, sc.run))
		})
	}
}

// checkStarted reports programs that a scenario names and has not started, or reverse.
func checkStarted(t *testing.T, sc scenario, started map[string]bool) {
	t.Helper()
	got := slices.Sorted(maps.Keys(started))
	want := slices.Sorted(slices.Values(strings.Fields(sc.programs)))
	if !slices.Equal(got, want) {
		t.Errorf("started %v, want %v", got, want)
	}
}

// Each program of the table has a scenario, a line in the list of programs, and one in
// README.md.
func TestEveryProgramIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, sc := range slices.Concat(scenarios, networkScenarios) {
		for _, name := range strings.Fields(sc.programs) {
			tested[name] = true
		}
	}
	var table bytes.Buffer
	list(&table)
	readme := string(check(os.ReadFile("README.md")))
	for _, p := range programs {
		if !tested[p.name] {
			t.Errorf("no test of %s", p.name)
		}
		if !strings.Contains(table.String(), p.name) {
			t.Errorf("%s is not listed", p.name)
		}
		if line := fmt.Sprintf("| [%s](%[1]s.go) | %d | %s |", p.name, p.chapter, p.shows); !strings.Contains(readme, line) {
			t.Errorf("README.md has no line %s", line)
		}
	}
}

func TestRunReportsUnknownProgram(t *testing.T) {
	if err := run(t.Context(), newOutput(), "nonesuch", nil); err == nil {
		t.Error("no error")
	}
}

// check returns v, and panics if there is an error.
func check[T any](v T, err error) T {
	must(err)
	return v
}

// must panics if there is an error.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// sorted returns the lines of a text in order.
func sorted(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}
