package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// readReport reads the report that an earlier run wrote to dir.
func readReport(dir string) (Report, error) {
	var r Report
	raw, err := os.ReadFile(filepath.Join(dir, jsonName))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(raw, &r)
}

// keep adds the rows of an earlier report that this run did not measure and
// that allRows still contains, and their libraries. Each kept row has the date
// and commit of its measurement.
func (r *Report) keep(old Report) error {
	if old.Options.Reps != r.Options.Reps || old.Options.Quick != r.Options.Quick {
		return fmt.Errorf("cannot merge %d repetitions with %d, or quick runs with complete ones", r.Options.Reps, old.Options.Reps)
	}
	measured := r.Rows
	r.Rows = nil
	for _, row := range allRows() {
		if i := index(measured, row.Name); i >= 0 {
			r.Rows = append(r.Rows, measured[i])
		} else if i := index(old.Rows, row.Name); i >= 0 {
			kept := old.Rows[i]
			kept.Row = row
			if kept.Date == "" {
				kept.Date, kept.Commit = old.Machine.Date, old.Machine.Commit
			}
			r.Rows = append(r.Rows, kept)
		}
	}
	for _, lib := range old.Libraries {
		if !slices.ContainsFunc(r.Libraries, func(l Library) bool { return l.Name == lib.Name }) {
			r.Libraries = append(r.Libraries, lib)
		}
	}
	return nil
}

func index(rows []RowResult, name string) int {
	return slices.IndexFunc(rows, func(r RowResult) bool { return r.Name == name })
}

// earlier lists the rows that were not measured in this run, one line for each
// earlier run.
func (r Report) earlier() []string {
	var lines []string
	rows := make(map[string]int)
	for _, row := range r.Rows {
		if row.Date == r.Machine.Date {
			continue
		}
		from := fmt.Sprintf("date %s, commit %s", row.Date, row.Commit)
		i, ok := rows[from]
		if !ok {
			i = len(lines)
			rows[from] = i
			lines = append(lines, from+":")
		}
		lines[i] += fmt.Sprintf(" %q", row.Name)
	}
	return lines
}
