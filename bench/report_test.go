package main

import (
	"errors"
	"image/png"
	"os"
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
			limit: values(4, 4, 5.5), limitCopy: values(10, 10, 12.5),
		},
	}
}

func TestGoalCellsShowWhetherGoalIsReached(t *testing.T) {
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
		{"limit", row(more), Goal{"ours", limitCopy, 0.75}, "80% [80 .. 90]", ">= 75%", "yes"},
		{"limit of a time", row(less), Goal{"ours", limit, 1.1}, "2.00x [1.82 .. 2.25]", "<= 1.1x", "NO"},
		{"never ran", row(more), Goal{"ours-release", "libzmq", 1}, "-", ">= 1x", "not measured"},
	} {
		cells := goalCells(c.row, c.goal)
		if got := cells[5:]; got[0] != c.ratio || got[1] != c.aim || got[2] != c.answer {
			t.Errorf("%s: %q, want %q %q %q", c.name, got, c.ratio, c.aim, c.answer)
		}
	}
}

func TestFigureCellsShowFractionOfLimits(t *testing.T) {
	for _, c := range []struct {
		lib       string
		lower     bool
		raw, copy string
	}{
		{"ours", false, "200%", "80%"},
		{"libzmq", false, "50%", "20%"},
		{limit, false, "-", "40%"},
		{limitCopy, false, "250%", "-"},
		{"ours", true, "2.00x", "0.80x"},
		{"pebbe", false, "-", "-"},
	} {
		r := row(Work{Unit: "msg/s", LowerBetter: c.lower})
		raw, copied := ofLimit(r, c.lib, limit), ofLimit(r, c.lib, limitCopy)
		if raw != c.raw || copied != c.copy {
			t.Errorf("%s, lower is better: %v: %s and %s, want %s and %s", c.lib, c.lower, raw, copied, c.raw, c.copy)
		}
	}
}

func TestCPUCellShowsEachProcess(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples []Sample
		want    string
	}{
		{"two processes", []Sample{
			{PerM: 3, EachPerM: []float64{2, 1}}, {PerM: 0.9, EachPerM: []float64{0.5, 0.4}}, {PerM: 2.5, EachPerM: []float64{1.5, 1}},
			{Error: "failed", PerM: 99, EachPerM: []float64{99, 99}},
		}, "2.50 = 1.50 + 1.00"},
		{"small", []Sample{{PerM: 0.123, EachPerM: []float64{0.1, 0.023}}}, "0.123 = 0.100 + 0.023"},
		{"one process", []Sample{{PerM: 12, EachPerM: []float64{12}}}, "12.0"},
		{"results of an older version", []Sample{{PerM: 12}}, "12.0"},
		{"no messages", []Sample{{}}, "-"},
	} {
		if got := cpuCell(c.samples); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOriginNamesCommitAndSaysWhetherTreeIsClean(t *testing.T) {
	now := Machine{Date: "2026-01-02T03:04:05Z", Commit: "0123456789ab"}
	dirty := now
	dirty.Commit += dirtySuffix
	same := []RowResult{{Name: "a", Date: now.Date, Commit: now.Commit}}
	other := append(same, RowResult{Name: "b", Date: "2026-01-01T00:00:00Z", Commit: "fedcba987654"})
	for _, c := range []struct {
		name      string
		report    Report
		has, lack []string
	}{
		{"clean, one run", Report{Machine: now, Rows: same}, []string{"commit 0123456789ab,", "All rows are from this run"}, []string{"dirty", "Merged"}},
		{"dirty", Report{Machine: dirty, Rows: same}, []string{"work tree was dirty"}, []string{"Merged"}},
		{"merged", Report{Machine: now, Rows: other}, []string{"Merged", `commit fedcba987654: "b"`}, []string{"All rows", `"a"`}},
	} {
		text := c.report.origin()
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing from %q", c.name, want, text)
			}
		}
		for _, not := range c.lack {
			if strings.Contains(text, not) {
				t.Errorf("%s: %q is in %q", c.name, not, text)
			}
		}
	}
}

// The rows of a limit with small messages need more messages.
func TestLimitsTransferEnoughBytes(t *testing.T) {
	for _, r := range allRows() {
		if r.Work.Unit == "msg/s" && r.limitCount*r.Size < limitBytes-r.Size {
			t.Errorf("%s: a limit transfers %d bytes", r.Name, r.limitCount*r.Size)
		}
	}
	lib := script(t, `pull) echo e; printf '{"messages":%d,"seconds":1}' $4 ;; push) printf '{"messages":%d,"seconds":1}' $4 ;;`)
	for name, want := range map[string]float64{"fake": 9, limit: 99, limitCopy: 99} {
		lib.Name = name
		s := once(t.Context(), time.Minute, lib, Row{Work: tcpThroughput, Size: 10, Count: 10, limitCount: 100})
		if s.Error != "" || s.Value != want {
			t.Errorf("%s: %v messages, want %v: %s", name, s.Value, want, s.Error)
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
	path := t.TempDir() + "/p.png"
	if err := plotRatios(path, r); err != nil {
		t.Error(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := png.DecodeConfig(f)
	if err != nil || size.Width != pictureWidth || size.Height != pictureHeight {
		t.Errorf("the picture has %d x %d pixels: %v", size.Width, size.Height, err)
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
