package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestFigureScalesValueAndUnit(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{9.757e6, "msg/s", "9.76 M msg/s"},
		{27.44e3, "msg/s", "27.4 k msg/s"},
		{919, "msg/s", "919 msg/s"},
		{38.93, "us", "38.9 us"},
		{0.25, "us", "0.25 us"},
		{12345, "us", "12345 us"},
	} {
		if got := figure(c.v, c.unit); got != c.want {
			t.Errorf("figure(%v, %s) = %q, want %q", c.v, c.unit, got, c.want)
		}
	}
	s := Spread{Median: 1.1e6, Min: 900e3, Max: 1.25e6, N: 3}
	if got, want := figureRange(s, "msg/s"), "1.10 [0.90 .. 1.25] M msg/s"; got != want {
		t.Errorf("figureRange = %q, want %q", got, want)
	}
}

func TestTableAlignsColumns(t *testing.T) {
	got := table([][]string{{"a", "long"}, {"wide", ""}})
	want := "| a    | long |\n| ---- | ---- |\n| wide |      |\n"
	if got != want {
		t.Errorf("table:\n%swant:\n%s", got, want)
	}
}

// row returns a result with the values 8, 9 and 10 for ours and 2, 3 and 2 for
// libzmq.
func row(w Work, goals ...Goal) RowResult {
	return RowResult{
		Name: "work",
		Row:  Row{Work: w, Libs: []string{"ours", "libzmq"}, Goals: goals},
		Samples: map[string][]Sample{
			"ours": values(8, 9, 10), "libzmq": values(2, 3, 2),
		},
	}
}

func TestGoalCellsCompareRatioWithGoal(t *testing.T) {
	less := Work{Unit: "us", LowerBetter: true}
	more := Work{Unit: "msg/s"}
	for _, c := range []struct {
		name               string
		row                RowResult
		goal               Goal
		ratio, aim, answer string
	}{
		{"reached", row(more), toLibzmq(4), "4.00x [3.00 .. 5.00]", ">= 4x", "yes"},
		{"missed", row(more), toLibzmq(4.5), "4.00x [3.00 .. 5.00]", ">= 4.5x", "NO"},
		{"lower is better", row(less), toLibzmq(0.7), "4.00x [3.00 .. 5.00]", "<= 0.7x", "NO"},
		{"absolute", row(less), Goal{"ours", "", 10}, "-", "<= 10.0 us", "yes"},
		{"never ran", row(more), Goal{"ours-release", "libzmq", 1}, "-", ">= 1x", "not measured"},
	} {
		cells := goalCells(c.row, c.goal)
		if got := cells[5:]; got[0] != c.ratio || got[1] != c.aim || got[2] != c.answer {
			t.Errorf("%s: %q, want %q %q %q", c.name, got, c.ratio, c.aim, c.answer)
		}
	}
}

// The report shows a failure in the row and lists its reason.
func TestTextShowsFailures(t *testing.T) {
	bad := row(Work{Unit: "msg/s"}, toLibzmq(4))
	bad.Samples["ours"] = []Sample{{Error: "timed out after 1s"}}
	r := Report{
		Options:   options{Reps: 5},
		Machine:   Machine{Date: "2026-01-02T03:04:05Z"},
		Libraries: []Library{{Name: "ours", Version: "v"}, {Name: "pebbe", Failed: "no zmq.h"}},
		Rows:      []RowResult{bad},
	}
	text := r.Text()
	for _, want := range []string{"not measured", "FAILED", "0/5", "repetition 1: timed out after 1s", "NOT BUILT: no zmq.h"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from\n%s", want, text)
		}
	}
	if strings.Contains(text, "smoke test") {
		t.Error("the report calls five repetitions a smoke test")
	}
	if r.oursFailed() == nil {
		t.Error("a failure of this library did not fail the command")
	}
}

func TestRunAgainStopsAfterFailureOrBudget(t *testing.T) {
	for _, c := range []struct {
		name string
		past []Sample
		want bool
	}{
		{"first run", nil, true},
		{"within budget", []Sample{{Wall: 4}, {Wall: 5}}, true},
		{"budget used up", []Sample{{Wall: 11}}, false},
		{"failed before", []Sample{{Wall: 1, Error: "x"}}, false},
	} {
		if got := runAgain(c.past, 10*time.Second); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestParseBusyAddsNonIdleTicks(t *testing.T) {
	stat := "cpu  100 20 30 4000 500 60 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
	if got, want := parseBusy(stat), 2.25; got != want {
		t.Errorf("busy %v s, want %v", got, want)
	}
	if got := parseBusy(""); got != 0 {
		t.Errorf("busy %v s of an empty file", got)
	}
}

func TestPlotNeedsRatios(t *testing.T) {
	r := Report{Machine: Machine{Date: "2026-01-02T03:04:05Z"}, Rows: []RowResult{
		row(Work{Unit: "msg/s"}, toLibzmq(4)), row(Work{Unit: "us", LowerBetter: true}, toLibzmq(0.7)),
	}}
	if err := plotRatios(t.TempDir()+"/p.png", r); err != nil {
		t.Error(err)
	}
	r.Rows = nil
	if err := plotRatios(t.TempDir()+"/p.png", r); !errors.Is(err, errNothingToPlot) {
		t.Errorf("plotting nothing: %v", err)
	}
}

func TestRowsNameExistingLibrariesAndValidGoals(t *testing.T) {
	known := make(map[string]bool)
	for _, l := range allLibraries() {
		known[l.Name] = true
	}
	names := make(map[string]bool)
	for _, r := range allRows() {
		if names[r.Name] {
			t.Errorf("duplicate row name %q", r.Name)
		}
		names[r.Name] = true
		measured := map[string]bool{"": true}
		for _, l := range r.Libs {
			measured[l] = true
			if !known[l] {
				t.Errorf("%s: unknown library %q", r.Name, l)
			}
		}
		for _, g := range r.Goals {
			if !measured[g.Ours] || !measured[g.Against] || g.Ratio <= 0 {
				t.Errorf("%s: goal %+v refers to a library that the row does not measure", r.Name, g)
			}
		}
	}
}
