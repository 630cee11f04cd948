package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Report is the content of results.json.
type Report struct {
	Options   options     `json:"options"`
	Machine   Machine     `json:"machine"`
	Libraries []Library   `json:"libraries"`
	Rows      []RowResult `json:"rows"`
}

// Names in the results directory. The report and the plot are named after the
// day.
const (
	jsonName = "results.json"
	dayForm  = len("2006-01-02")
)

// write writes the report, the samples and the plot to dir.
func write(dir string, r Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, jsonName), append(raw, '\n'), 0o644); err != nil {
		return err
	}
	day := r.Machine.Date[:dayForm]
	md := "# Measurements of " + day + "\n\n" + r.Text()
	picture := day + ".png"
	switch err := plotRatios(filepath.Join(dir, picture), r); {
	case errors.Is(err, errNothingToPlot):
	case err != nil:
		return err
	default:
		md += "\n![Each library against libzmq](" + picture + ")\n"
	}
	path := filepath.Join(dir, day+".md")
	if err := os.WriteFile(path, []byte(md), 0o644); err != nil {
		return err
	}
	progress("written: %s, %s, %s in %s", filepath.Base(path), picture, jsonName, dir)
	return nil
}

const (
	aboutGoals = `Goals. Ratios are ours / theirs in the same repetition: median [min .. max] of the pairs. Against a limit (rawtcp,
rawtcp-copy) a ratio is shown in percent.`
	aboutFigures = `Figures: median [min .. max] of the runs. "ours is" is the ratio of ours to the library of the line; the next two
columns are the ratio of the library to raw Go TCP and to raw Go TCP that copies each message once. CPU is in microseconds for
a message: all peer processes = the receiving (or requesting) + the sending one. Peak is the resident memory of the same
processes, others the cores that the rest of the machine used meanwhile.`
)

// Text returns the report as Markdown that is also readable as plain text.
func (r Report) Text() string {
	var b strings.Builder
	if r.Options.Quick || r.Options.Reps < 5 {
		fmt.Fprintf(&b, "**Only %d repetition(s)%s: a smoke test; the figures mean nothing.**\n\n", r.Options.Reps,
			map[bool]string{true: " of short runs"}[r.Options.Quick])
	}
	fmt.Fprintf(&b, "%s\n\n", r.origin())
	fmt.Fprintf(&b, "%s\n\n%s\n", aboutGoals, r.goalTable())
	fmt.Fprintf(&b, "%s\n\n%s\n", aboutFigures, r.figureTable())
	for _, f := range r.failures() {
		fmt.Fprintln(&b, "- failed:", f)
	}
	b.WriteString("\nMachine and versions. The method is in bench/README.md.\n\n")
	for _, f := range r.Machine.facts() {
		fmt.Fprintf(&b, "- %s: %s\n", f[0], f[1])
	}
	for _, l := range r.Libraries {
		version := l.Version
		if l.Failed != "" {
			version = "NOT BUILT: " + l.Failed
		}
		fmt.Fprintf(&b, "- %s: %s\n", l.Name, version)
	}
	return b.String()
}

// origin says which commit was measured, and whether all rows are from one run
// of one clean commit.
func (r Report) origin() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured at commit %s, in a run that started at %s.", r.Machine.Commit, r.Machine.Date)
	if strings.HasSuffix(r.Machine.Commit, dirtySuffix) {
		b.WriteString(" **The work tree was dirty**: it differed from that commit.")
	}
	earlier := r.earlier()
	if len(earlier) == 0 {
		b.WriteString(" All rows are from this run.")
		return b.String()
	}
	b.WriteString("\n**Merged**: these rows are from other runs:\n")
	for _, rows := range earlier {
		fmt.Fprintf(&b, "\n- measured before, %s", rows)
	}
	return b.String()
}

func (r Report) goalTable() string {
	t := [][]string{{"work", "ours", "against", "ours", "theirs", "ratio", "goal", "reached"}}
	for _, row := range r.Rows {
		for _, g := range row.Row.Goals {
			t = append(t, goalCells(row, g))
		}
	}
	return table(t)
}

// measuredFor returns the spread to compare with a goal: of the ratios of our
// values to those of g.Against, or of our values if the goal is absolute.
func measuredFor(row RowResult, g Goal) Spread {
	if g.Against == "" {
		return spread(pick(row.Samples[g.Ours], value))
	}
	return spread(ratios(row.Samples[g.Ours], row.Samples[g.Against]))
}

func goalCells(row RowResult, g Goal) []string {
	unit, lower := row.Row.Work.Unit, row.Row.Work.LowerBetter
	ours := spread(pick(row.Samples[g.Ours], value))
	theirs := spread(pick(row.Samples[g.Against], value))
	ratio, sign := measuredFor(row, g), ">="
	if lower {
		sign = "<="
	}
	goal := fmt.Sprintf("%s %gx", sign, g.Ratio)
	cell, answer := "-", "not measured"
	switch {
	case g.Against == "":
		goal = fmt.Sprintf("%s %s", sign, figure(g.Ratio, unit))
	case isLimit(g.Against) && !lower:
		goal = fmt.Sprintf("%s %.0f%%", sign, 100*g.Ratio)
		if ratio.N > 0 {
			cell = fmt.Sprintf("%.0f%% [%.0f .. %.0f]", 100*ratio.Median, 100*ratio.Min, 100*ratio.Max)
		}
	case ratio.N > 0:
		cell = fmt.Sprintf("%.2fx [%.2f .. %.2f]", ratio.Median, ratio.Min, ratio.Max)
	}
	if ratio.N > 0 {
		answer = map[bool]string{true: "yes", false: "NO"}[reached(ratio.Median, g.Ratio, lower)]
	}
	return []string{
		row.Name, g.Ours, orElse(g.Against, "(absolute)"), median(ours, unit), median(theirs, unit), cell, goal, answer,
	}
}

func (r Report) figureTable() string {
	t := [][]string{{"work", "library", "figure", "ours is", "of raw", "of raw, copy", "cpu us/msg", "peak MiB", "others", "runs"}}
	for _, row := range r.Rows {
		for _, lib := range row.Row.Libs {
			t = append(t, r.figureCells(row, lib))
		}
	}
	return table(t)
}

func (r Report) figureCells(row RowResult, lib string) []string {
	samples, unit := row.Samples[lib], row.Row.Work.Unit
	v := spread(pick(samples, value))
	runs := fmt.Sprintf("%d/%d", v.N, r.Options.Reps)
	if v.N == 0 {
		return []string{row.Name, lib, "FAILED", "", "", "", "", "", "", runs}
	}
	ratio := "-"
	if q := spread(ratios(row.Samples["ours"], samples)); q.N > 0 && lib != "ours" {
		ratio = fmt.Sprintf("%.2fx", q.Median)
	}
	others := spread(pick(samples, func(s Sample) float64 { return s.Foreign }))
	return []string{
		row.Name, lib,
		figureRange(v, unit),
		ratio, ofLimit(row, lib, limit), ofLimit(row, lib, limitCopy),
		cpuCell(samples), peaks(samples), fmt.Sprintf("%.2f", others.Median), runs,
	}
}

// ofLimit formats the ratio of a library to a limit, in percent of a rate and
// as a factor of a time.
func ofLimit(row RowResult, lib, against string) string {
	q := spread(ratios(row.Samples[lib], row.Samples[against]))
	switch {
	case q.N == 0 || lib == against:
		return "-"
	case row.Row.Work.LowerBetter:
		return fmt.Sprintf("%.2fx", q.Median)
	case q.Median < 0.095:
		return fmt.Sprintf("%.1f%%", 100*q.Median)
	}
	return fmt.Sprintf("%.0f%%", 100*q.Median)
}

// cpuCell formats the median CPU time of a message, of all peer processes and of
// each. CPU seconds for a million messages are microseconds for a message.
func cpuCell(samples []Sample) string {
	all := spread(pick(samples, func(s Sample) float64 { return s.PerM }))
	if all.Max == 0 {
		return "-"
	}
	each := medians(samples, func(s Sample) []float64 { return s.EachPerM })
	if len(each) < 2 {
		return cpuDigits(all.Median)
	}
	cells := make([]string, len(each))
	for i, c := range each {
		cells[i] = cpuDigits(c)
	}
	return cpuDigits(all.Median) + " = " + strings.Join(cells, " + ")
}

// cpuDigits is digits with one digit more below 1.
func cpuDigits(v float64) string {
	if v < 1 {
		return fmt.Sprintf("%.3f", v)
	}
	return digits(v)
}

// peaks formats the median peak memory of each peer process, "-" if it is not known.
func peaks(samples []Sample) string {
	var cells []string
	for _, kib := range medians(samples, func(s Sample) []float64 {
		each := make([]float64, len(s.PeakKiB))
		for i, kib := range s.PeakKiB {
			each[i] = float64(kib)
		}
		return each
	}) {
		cell := "-"
		if kib > 0 {
			cell = fmt.Sprintf("%.1f", kib/1024)
		}
		cells = append(cells, cell)
	}
	return strings.Join(cells, " + ")
}

// medians returns the median of a figure of each peer process.
func medians(samples []Sample, figures func(Sample) []float64) []float64 {
	var all []float64
	for i := 0; ; i++ {
		var readings []float64
		for _, s := range samples {
			if each := figures(s); s.Error == "" && i < len(each) {
				readings = append(readings, each[i])
			}
		}
		if len(readings) == 0 {
			return all
		}
		all = append(all, spread(readings).Median)
	}
}

// failures lists each failed run with its reason.
func (r Report) failures() []string {
	var all []string
	for _, row := range r.Rows {
		for _, lib := range row.Row.Libs {
			for i, s := range row.Samples[lib] {
				if s.Error != "" && s.Error != notBuilt { // the list of versions shows libraries that were not built
					all = append(all, fmt.Sprintf("%s, %s, repetition %d: %s", row.Name, lib, i+1, s.Error))
				}
			}
		}
	}
	return all
}

// oursFailed returns an error if a run of this library failed, so that a smoke
// test detects it. A missed goal is not an error.
func (r Report) oursFailed() error {
	for _, row := range r.Rows {
		for lib, samples := range row.Samples {
			for _, s := range samples {
				if strings.HasPrefix(lib, "ours") && s.Error != "" {
					return fmt.Errorf("%s failed in %q: %s", lib, row.Name, s.Error)
				}
			}
		}
	}
	return nil
}

func median(s Spread, unit string) string {
	if s.N == 0 {
		return "-"
	}
	return figure(s.Median, unit)
}

// figure formats a value with three digits and the unit.
func figure(v float64, unit string) string {
	scale, prefix := scaleOf(v, unit)
	return digits(v/scale) + " " + prefix + unit
}

// figureRange formats a spread. All of its values have the scale of the median.
func figureRange(s Spread, unit string) string {
	scale, prefix := scaleOf(s.Median, unit)
	return fmt.Sprintf("%s [%s .. %s] %s%s", digits(s.Median/scale), digits(s.Min/scale), digits(s.Max/scale), prefix, unit)
}

// scaleOf returns the scale and the unit prefix for v. Rates are in thousands
// or millions; other units are not scaled.
func scaleOf(v float64, unit string) (scale float64, prefix string) {
	switch {
	case unit != "msg/s":
	case v >= 1e6:
		return 1e6, "M "
	case v >= 1e3:
		return 1e3, "k "
	}
	return 1, ""
}

// digits formats three significant digits without an exponent.
func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// table formats cells as an aligned Markdown table. The first row is the
// heading.
func table(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	var b strings.Builder
	line := func(cell func(i int) string) {
		for i, w := range widths {
			fmt.Fprintf(&b, "| %-*s ", w, cell(i))
		}
		b.WriteString("|\n")
	}
	for n, row := range rows {
		line(func(i int) string { return row[i] })
		if n == 0 {
			line(func(i int) string { return strings.Repeat("-", widths[i]) })
		}
	}
	return b.String()
}
