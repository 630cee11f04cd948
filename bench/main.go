// Command bench compares this library with libzmq (called from C), its cgo
// binding pebbe/zmq4, the pure-Go go-zeromq/zmq4, and raw Go TCP. It builds one
// peer program per library. Each repetition runs the peers one after the other.
// The command prints the ratios with their goals (rows.go). README.md in this
// directory describes the method.
//
// The command links none of the libraries: the peer programs share one set of
// sub-commands (internal/peer). To add a row, add a value to rows.go. A new
// kind of row also needs a [Work] (work.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// options are the settings from the command line.
type options struct {
	Reps    int           `json:"reps"`
	Quick   bool          `json:"quick"`
	Timeout time.Duration `json:"timeout_ns"` // of one run
	Budget  time.Duration `json:"budget_ns"`  // of one library in one row
	Rows    string        `json:"rows"`
	Libs    string        `json:"libs"`
	Out     string        `json:"-"`
	List    bool          `json:"-"`
	Merge   bool          `json:"-"`
	Compare string        `json:"-"` // a commit
}

func main() {
	var o options
	flag.IntVar(&o.Reps, "reps", 0, "number of repetitions, each of which runs every library once (default 5, or 1 with -quick)")
	flag.BoolVar(&o.Quick, "quick", false, "smoke test: a twentieth of the messages, writes to results/quick")
	flag.DurationVar(&o.Timeout, "timeout", 90*time.Second, "time limit of one run")
	flag.DurationVar(&o.Budget, "budget", 20*time.Second, "time limit of one library in one row; after it the library runs no further repetition of the row")
	flag.StringVar(&o.Rows, "rows", "", "measure only rows whose name matches this regular expression")
	flag.StringVar(&o.Libs, "libs", "", "comma-separated list of the libraries to measure")
	flag.StringVar(&o.Out, "out", "", "directory for the results (default results/ in the directory of this command)")
	flag.BoolVar(&o.Merge, "merge", false, "keep the rows of the previous results that this run does not measure")
	flag.StringVar(&o.Compare, "compare", "", "compare this library in the work tree with a `commit` of it, instead of with other libraries (default 11 repetitions)")
	flag.BoolVar(&o.List, "list", false, "list rows and libraries without measuring")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.Reps <= 0 && o.Compare != "" && !o.Quick {
		o.Reps = compareReps
	}
	if o.Reps <= 0 {
		o.Reps = map[bool]int{true: 1, false: 5}[o.Quick]
	}
	rows, err := selectRows(o)
	if err != nil {
		return err
	}
	if o.List {
		list(rows)
		return nil
	}
	dir, err := sourceDir()
	if err != nil {
		return err
	}
	if o.Compare != "" {
		return compare(ctx, o, dir)
	}
	if o.Out == "" {
		o.Out = filepath.Join(dir, "results")
		if o.Quick {
			o.Out = filepath.Join(o.Out, "quick")
		}
	}
	libs := build(ctx, dir, rows)
	report := Report{Options: o, Machine: machine(dir), Libraries: libs}
	long := make(scenarios)
	for i, row := range rows {
		progress("[%d/%d] %s", i+1, len(rows), row.Name)
		r := long.measure(ctx, o, row, libs)
		r.Date, r.Commit = report.Machine.Date, report.Machine.Commit
		report.Rows = append(report.Rows, r)
		if ctx.Err() != nil {
			return errors.New("interrupted; nothing written")
		}
	}
	report.Machine.LoadAfter = loadAverage()
	if o.Merge {
		old, err := readReport(o.Out)
		if err != nil {
			return err
		}
		if err := report.keep(old); err != nil {
			return err
		}
	}
	fmt.Print(report.Text())
	if err := write(o.Out, report); err != nil {
		return err
	}
	return report.oursFailed()
}

// selectRows returns the rows that -rows and -libs select, with counts reduced
// by -quick.
func selectRows(o options) ([]Row, error) {
	match, err := regexp.Compile(o.Rows)
	if err != nil {
		return nil, fmt.Errorf("-rows: %w", err)
	}
	var picked []Row
	for _, row := range allRows() {
		if !match.MatchString(row.Name) {
			continue
		}
		if o.Quick {
			row.Count, row.limitCount = max(row.Count/20, 20), max(row.limitCount/20, 20)
		}
		if o.Libs != "" {
			row.Libs = keep(row.Libs, strings.Split(o.Libs, ","))
		}
		if len(row.Libs) > 0 {
			picked = append(picked, row)
		}
	}
	if len(picked) == 0 {
		return nil, errors.New("no row or library selected; -list shows them")
	}
	return picked, nil
}

func keep(names, wanted []string) []string {
	var kept []string
	for _, n := range names {
		if slices.Contains(wanted, n) {
			kept = append(kept, n)
		}
	}
	return kept
}

func list(rows []Row) {
	for _, row := range rows {
		fmt.Printf("%-36s %8d x %-8d %s\n", row.Name, row.Count, row.Size, strings.Join(row.Libs, " "))
	}
}

// sourceDir returns the directory of this module. The current directory may be
// any directory of the workspace.
func sourceDir() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/zerobroker/zmq/bench").Output()
	if err != nil {
		return "", fmt.Errorf("cannot find the bench module; run bench in the repository: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// progress writes a line to standard error, so that standard output contains
// only the report.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
