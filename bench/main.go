// Command bench measures this library side by side with others: libzmq (a small
// C program), its cgo binding pebbe/zmq4, the pure-Go go-zeromq/zmq4, and raw Go
// TCP. It builds one peer program per library, runs them in turn, repetition by
// repetition, and prints the ratios with the goals that docs/ sets for them.
// README.md beside this file is the method.
//
// The command knows libraries only as peer programs with the same sub-commands
// (internal/peer); it links none of them. To add a row, add a value to rows.go;
// a row of a new kind also needs a [Work] (work.go).
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
	"strings"
	"time"
)

// options are what the command line sets.
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
}

func main() {
	var o options
	flag.IntVar(&o.Reps, "reps", 0, "repetitions, each running every library once (default 5, or 1 with -quick)")
	flag.BoolVar(&o.Quick, "quick", false, "smoke test: a twentieth of the messages, writes to results/quick")
	flag.DurationVar(&o.Timeout, "timeout", 90*time.Second, "time limit of one run")
	flag.DurationVar(&o.Budget, "budget", 20*time.Second, "once a library has used this much time in a row, it runs no more repetitions of it")
	flag.StringVar(&o.Rows, "rows", "", "regular expression: only rows whose name matches")
	flag.StringVar(&o.Libs, "libs", "", "comma-separated: only these libraries")
	flag.StringVar(&o.Out, "out", "", "folder for the results (default results/ beside the command's source)")
	flag.BoolVar(&o.Merge, "merge", false, "keep the rows of the last results that are not measured now")
	flag.BoolVar(&o.List, "list", false, "list rows and libraries, measure nothing")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
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

// selectRows applies -rows, -libs and -quick to the table of rows.
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
			row.Count = max(row.Count/20, 20)
		}
		if o.Libs != "" {
			row.Libs = keep(row.Libs, strings.Split(o.Libs, ","))
		}
		if len(row.Libs) > 0 {
			picked = append(picked, row)
		}
	}
	if len(picked) == 0 {
		return nil, errors.New("no row and library selected; -list shows them")
	}
	return picked, nil
}

func keep(names, wanted []string) []string {
	var kept []string
	for _, n := range names {
		for _, w := range wanted {
			if n == w {
				kept = append(kept, n)
			}
		}
	}
	return kept
}

func list(rows []Row) {
	for _, row := range rows {
		fmt.Printf("%-36s %8d x %-8d %s\n", row.Name, row.Count, row.Size, strings.Join(row.Libs, " "))
	}
}

// sourceDir is the folder of this module, wherever in the workspace the command
// was started.
func sourceDir() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/zerobroker/zmq/bench").Output()
	if err != nil {
		return "", fmt.Errorf("cannot find the bench module, start me inside the repository: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// progress writes one line for the person who waits. It goes to standard error,
// so that standard output is the report alone.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
