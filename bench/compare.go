package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// compareReps is the default number of pairs of a comparison of two commits.
const compareReps = 11

// comparison is one line of the comparison of two commits: a row, measured with
// one variant of the library.
type comparison struct {
	row      Row
	now, old Library
	ours     []Sample // of the work tree
	theirs   []Sample // of the old commit
	skipped  string   // reason why the line is not measured
}

// compare measures the peer of this library at commit ref and in the work tree,
// alternately and in random order, and prints the ratios.
func compare(ctx context.Context, o options, dir string) error {
	rows, err := selectRows(o)
	if err != nil {
		return err
	}
	lines := comparisons(rows, o.Rows != "")
	if len(lines) == 0 {
		return errors.New("no row with this library selected")
	}
	oldCommit, err := gitOutput(ctx, dir, "rev-parse", "--short=12", "--verify", o.Compare+"^{commit}")
	if err != nil {
		return err
	}
	bin, err := os.MkdirTemp("", "bench-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	progress("building the peer of the work tree, and that of %s", oldCommit)
	nowPath, oldPath := filepath.Join(bin, "now", "ours"), filepath.Join(bin, "old", "ours")
	if err := compile(ctx, dir, "ours", nowPath); err != nil {
		return err
	}
	oldSource, err := buildCommit(ctx, dir, bin, oldCommit, oldPath)
	if err != nil {
		return err
	}
	for i := range lines {
		c := &lines[i]
		c.now.path, c.now.ends, c.old.path, c.old.ends = nowPath, nowPath, oldPath, nowPath
		c.skipped = unsupported(oldSource, c.old.Flags)
	}
	before := loadAverage()
	for rep := range o.Reps {
		progress("[%d/%d]", rep+1, o.Reps)
		for i := range lines {
			lines[i].pair(ctx, o.Timeout)
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
		}
	}
	fmt.Print(compareText(lines, commit(dir), oldCommit))
	fmt.Printf("\nLoad average: %s before, %s after.\n", before, loadAverage())
	return compareFailed(lines)
}

// comparisons returns the lines of rows, one for each variant of this library.
// Rows of long scenarios and of memory are only included if all is set.
func comparisons(rows []Row, all bool) []comparison {
	var lines []comparison
	for _, row := range rows {
		if !all && (row.Work.Scenario != "" || row.Size == 0) {
			continue
		}
		for _, lib := range allLibraries() {
			if slices.Contains(row.Libs, lib.Name) && lib.Peer == "ours" && lib.Far == "" {
				lines = append(lines, comparison{row: row, now: lib, old: lib})
			}
		}
	}
	return lines
}

// buildCommit builds the peer of a commit in a temporary work tree, which it
// removes, and returns the Go source of that peer.
func buildCommit(ctx context.Context, dir, temp, commit, target string) (source string, err error) {
	tree := filepath.Join(temp, "tree")
	if _, err := gitOutput(ctx, dir, "worktree", "add", "--detach", tree, commit); err != nil {
		return "", err
	}
	defer func() {
		// Also after an interrupt, so that git does not keep the work tree.
		_, removed := gitOutput(context.WithoutCancel(ctx), dir, "worktree", "remove", "--force", tree)
		err = errors.Join(err, removed)
	}()
	if err := compile(ctx, filepath.Join(tree, "bench"), "ours", target); err != nil {
		return "", fmt.Errorf("build of %s: %w", commit, err)
	}
	files, err := filepath.Glob(filepath.Join(tree, "bench/peers/ours/*.go"))
	if err != nil {
		return "", err
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		source += string(text)
	}
	return source, nil
}

func gitOutput(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

// unsupported returns why a peer with this source cannot run with some flags,
// and "" if it can. It looks for the flags in the source, because old peers
// ignore flags that they do not have: such a run would measure something else.
func unsupported(source string, flags []string) string {
	for _, f := range flags {
		name, isFlag := strings.CutPrefix(f, "-")
		if isFlag && !strings.Contains(source, strconv.Quote(name)) && !strings.Contains(source, strconv.Quote(f)) {
			return "the old peer has no flag " + f
		}
	}
	return ""
}

// pair measures one run of each commit, in random order. A failure ends the
// line, so that the reason is shown and the others continue.
func (c *comparison) pair(ctx context.Context, limit time.Duration) {
	if c.skipped != "" || failed(c.ours) != "" {
		return
	}
	var now, old Sample
	runs := []func(){
		func() { now = figureOf(once(ctx, limit, c.now, c.row), c.row.Work) },
		func() { old = figureOf(once(ctx, limit, c.old, c.row), c.row.Work) },
	}
	rand.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
	for _, run := range runs {
		run()
		time.Sleep(pause)
	}
	if ctx.Err() != nil {
		return
	}
	c.ours, c.theirs = append(c.ours, now), append(c.theirs, old)
	unit := c.row.Work.Unit
	progress("  %-34s %-16s %12s, old %12s", c.row.Name, c.now.Name, orElse(now.Error, figure(now.Value, unit)), orElse(old.Error, figure(old.Value, unit)))
	if old.Error != "" && now.Error == "" {
		c.skipped = "the old peer failed: " + old.Error
	}
}

// figureOf returns the sample with the value of its row, if it is of a scenario.
func figureOf(s Sample, w Work) Sample {
	if w.Scenario != "" {
		s.Value = s.figures[w.Figure]
	}
	return s
}

func failed(samples []Sample) string {
	for _, s := range samples {
		if s.Error != "" {
			return s.Error
		}
	}
	return ""
}

// speed returns the interval of the ratios of the speeds, new / old. It inverts
// values of which less is better, so that a ratio above 1 is always better.
func (c *comparison) speed() Interval {
	if c.row.Work.LowerBetter {
		return medianInterval(ratios(c.theirs, c.ours))
	}
	return medianInterval(ratios(c.ours, c.theirs))
}

// cpu returns the median ratio of the CPU time of a message, new / old.
func (c *comparison) cpu() Spread {
	var rs []float64
	for i, s := range c.ours {
		if old := c.theirs[i]; s.Error == "" && old.Error == "" && s.PerM > 0 && old.PerM > 0 {
			rs = append(rs, s.PerM/old.PerM)
		}
	}
	return spread(rs)
}

const aboutComparison = `The ratio is the speed of the work tree divided by that of the old commit, in pairs of runs that follow each other in
random order: the median of the pairs, and the interval that contains the true median with a probability of at least 95 %
(sign test, see bench/README.md). Above 1 the work tree is better. "cpu" is the median ratio of the CPU time of a message;
below 1 the work tree is better. About one line in twenty shows a difference that is not there: repeat such a line alone.`

func compareText(lines []comparison, now, old string) string {
	t := [][]string{{"work", "variant", "now", "old", "ratio", "cpu", "pairs", "result"}}
	var skipped []string
	for _, c := range lines {
		if c.skipped != "" {
			skipped = append(skipped, fmt.Sprintf("- skipped: %s, %s: %s\n", c.row.Name, c.now.Name, c.skipped))
			continue
		}
		i, unit := c.speed(), c.row.Work.Unit
		verdict, cpu := i.Verdict(), "-"
		if e := failed(c.ours); e != "" {
			verdict = "FAILED: " + e
		}
		if q := c.cpu(); q.N > 0 {
			cpu = fmt.Sprintf("%.2f", q.Median)
		}
		t = append(t, []string{
			c.row.Name, c.now.Name, median(spread(pick(c.ours, value)), unit), median(spread(pick(c.theirs, value)), unit),
			i.Text(), cpu, fmt.Sprint(i.N), verdict,
		})
	}
	return fmt.Sprintf("Work tree at %s against %s.\n%s\n\n%s\n%s", now, old, aboutComparison, table(t), strings.Join(skipped, ""))
}

// compareFailed returns an error if a run of the work tree failed, or if every
// line was skipped.
func compareFailed(lines []comparison) error {
	measured := false
	for _, c := range lines {
		if c.skipped != "" {
			continue
		}
		measured = true
		if e := failed(c.ours); e != "" {
			return fmt.Errorf("%s failed in %q: %s", c.now.Name, c.row.Name, e)
		}
	}
	if !measured {
		return errors.New("every row was skipped")
	}
	return nil
}
