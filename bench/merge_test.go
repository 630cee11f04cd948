package main

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Kept rows have the order of allRows, and the report lists them as older.
func TestMergeKeepsRowsThatWereNotMeasured(t *testing.T) {
	table := allRows()
	result := func(i int, value float64) RowResult {
		return RowResult{Row: table[i], Name: table[i].Name, Samples: map[string][]Sample{"ours": values(value)}}
	}
	dir := t.TempDir()
	if err := write(dir, Report{
		Options:   options{Reps: 5},
		Machine:   Machine{Date: "2026-01-01T00:00:00Z", Commit: "before"},
		Libraries: []Library{{Name: "ours", Version: "1"}, {Name: "pebbe", Version: "2"}},
		Rows:      []RowResult{result(0, 10), result(1, 11), {Name: "no longer in the table"}, result(3, 13)},
	}); err != nil {
		t.Fatal(err)
	}
	old, err := readReport(dir)
	if err != nil {
		t.Fatal(err)
	}
	now := Report{
		Options:   options{Reps: 5},
		Machine:   Machine{Date: "2026-01-02T00:00:00Z", Commit: "now"},
		Libraries: []Library{{Name: "ours", Version: "3"}},
		Rows:      []RowResult{result(1, 21), result(2, 22)},
	}
	for i := range now.Rows {
		now.Rows[i].Date, now.Rows[i].Commit = now.Machine.Date, now.Machine.Commit
	}
	if err := now.keep(old); err != nil {
		t.Fatal(err)
	}
	var got []float64
	for i, r := range now.Rows {
		if r.Name != table[i].Name || !reflect.DeepEqual(r.Row.Goals, table[i].Goals) {
			t.Errorf("row %d is %q", i, r.Name)
		}
		got = append(got, r.Samples["ours"][0].Value)
	}
	if want := []float64{10, 21, 22, 13}; !reflect.DeepEqual(got, want) {
		t.Errorf("values %v, want %v", got, want)
	}
	if len(now.Libraries) != 2 || now.Libraries[0].Version != "3" {
		t.Errorf("libraries %+v", now.Libraries)
	}
	text := strings.Join(now.earlier(), "\n")
	if want := `date 2026-01-01T00:00:00Z, commit before: "` + table[0].Name + `" "` + table[3].Name + `"`; text != want {
		t.Errorf("earlier rows: %s, want %s", text, want)
	}
	if !strings.Contains(now.Text(), text) {
		t.Error("the report does not list the older rows")
	}
	old.Options.Reps = 1
	if now.keep(old) == nil {
		t.Error("merged a smoke test")
	}
}

// The rows of a scenario share its runs. Each row has its own figure.
func TestScenarioRunsOnceForRowsThatShareIt(t *testing.T) {
	runs := 0
	w := Work{Scenario: "s", Figure: "a", Do: func(context.Context, Library, Row) (Sample, error) {
		runs++
		return Sample{figures: map[string]float64{"a": 1, "b": float64(2 * runs)}}, nil
	}}
	a := Row{Name: "a", Libs: []string{"lib"}, Work: w}
	b := a
	b.Name, b.Work.Figure = "b", "b"
	c := make(scenarios)
	o := options{Reps: 2, Timeout: time.Minute, Budget: time.Minute}
	libs := []Library{{Name: "lib"}}
	for _, want := range []struct {
		row    Row
		values []float64
	}{{a, []float64{1, 1}}, {b, []float64{2, 4}}} {
		r := c.measure(t.Context(), o, want.row, libs)
		if got := pick(r.Samples["lib"], value); r.Name != want.row.Name || !reflect.DeepEqual(got, want.values) {
			t.Errorf("%s: %v, want %v", r.Name, got, want.values)
		}
	}
	if runs != 2 {
		t.Errorf("%d runs, want 2", runs)
	}
}
