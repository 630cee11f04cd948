package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestFigure(t *testing.T) {
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

func TestTable(t *testing.T) {
	got := table([][]string{{"a", "long"}, {"wide", ""}})
	want := "| a    | long |\n| ---- | ---- |\n| wide |      |\n"
	if got != want {
		t.Errorf("table:\n%swant:\n%s", got, want)
	}
}

// row is a result in which ours runs at 8, 9 and 10 beside libzmq at 2, 3 and 2.
func row(w Work, goals ...Goal) RowResult {
	return RowResult{
		Name: "work",
		Row:  Row{Work: w, Libs: []string{"ours", "libzmq"}, Goals: goals},
		Samples: map[string][]Sample{
			"ours": values(8, 9, 10), "libzmq": values(2, 3, 2),
		},
	}
}

func TestGoalCells(t *testing.T) {
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

// What failed must be visible in the text, in its row and by its reason.
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
		t.Error("five repetitions were called a smoke test")
	}
	if r.oursFailed() == nil {
		t.Error("our own failure did not fail the command")
	}
}

func TestAnother(t *testing.T) {
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
		if got := another(c.past, 10*time.Second); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestParseBusy(t *testing.T) {
	stat := "cpu  100 20 30 4000 500 60 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
	if got, want := parseBusy(stat), 2.25; got != want {
		t.Errorf("busy %v s, want %v", got, want)
	}
	if got := parseBusy(""); got != 0 {
		t.Errorf("busy %v s of nothing", got)
	}
}

func TestPlot(t *testing.T) {
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

// Every row must name libraries that exist, and goals that can be judged.
func TestRowsAreWhole(t *testing.T) {
	known := make(map[string]bool)
	for _, l := range allLibraries() {
		known[l.Name] = true
	}
	names := make(map[string]bool)
	for _, r := range allRows() {
		if names[r.Name] {
			t.Errorf("two rows are called %q", r.Name)
		}
		names[r.Name] = true
		takesPart := map[string]bool{"": true}
		for _, l := range r.Libs {
			takesPart[l] = true
			if !known[l] {
				t.Errorf("%s: unknown library %q", r.Name, l)
			}
		}
		for _, g := range r.Goals {
			if !takesPart[g.Ours] || !takesPart[g.Against] || g.Ratio <= 0 {
				t.Errorf("%s: goal %+v cannot be judged", r.Name, g)
			}
		}
	}
}
