package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"
)

// RowResult is a row with the samples of each library in order of repetition.
type RowResult struct {
	Row     Row                 `json:"-"`
	Name    string              `json:"name"`
	Unit    string              `json:"unit"`
	Size    int                 `json:"size"`
	Count   int                 `json:"count"`
	Samples map[string][]Sample `json:"samples"`
	Date    string              `json:"date,omitempty"`   // of the run that measured it
	Commit  string              `json:"commit,omitempty"` // of that run
}

// notBuilt is the error of a sample whose peer was not built. Library.Failed
// contains the reason.
const notBuilt = "not built"

// pause lets the system close the sockets of one run before the next run.
const pause = 100 * time.Millisecond

// measure measures a row. Each repetition runs each library once, in order.
func measure(ctx context.Context, o options, row Row, libs []Library) RowResult {
	r := RowResult{
		Row: row, Name: row.Name, Unit: row.Work.Unit, Size: row.Size, Count: row.Count,
		Samples: make(map[string][]Sample),
	}
	budget := max(o.Budget, row.Work.Budget)
	for rep := range o.Reps {
		for _, name := range row.Libs {
			if ctx.Err() != nil {
				return r
			}
			if !runAgain(r.Samples[name], budget) {
				continue
			}
			s := once(ctx, max(o.Timeout, row.Work.Limit), find(libs, name), row)
			if ctx.Err() != nil {
				return r // interrupted, so s is invalid
			}
			r.Samples[name] = append(r.Samples[name], s)
			printSample(row, name, rep+1, o.Reps, s)
			time.Sleep(pause)
		}
	}
	return r
}

// scenarios stores the results of scenarios, which later rows share.
type scenarios map[string]RowResult

// measure measures a row, or takes its figure from the results of its scenario.
func (c scenarios) measure(ctx context.Context, o options, row Row, libs []Library) RowResult {
	w := row.Work
	if w.Scenario == "" {
		return measure(ctx, o, row, libs)
	}
	all, ok := c[w.Scenario]
	if !ok {
		all = measure(ctx, o, row, libs)
		c[w.Scenario] = all
	}
	r := RowResult{
		Row: row, Name: row.Name, Unit: w.Unit, Size: row.Size, Count: row.Count,
		Samples: make(map[string][]Sample),
	}
	for lib, samples := range all.Samples {
		if !slices.Contains(row.Libs, lib) {
			continue
		}
		for _, s := range samples {
			s.Value, s.figures = s.figures[w.Figure], nil
			r.Samples[lib] = append(r.Samples[lib], s)
		}
	}
	return r
}

// runAgain reports whether a library runs another repetition. It does not after
// a failure, because the next run would probably fail after the same timeout,
// or when its time budget is used up.
func runAgain(samples []Sample, budget time.Duration) bool {
	var spent float64
	for _, s := range samples {
		if s.Error != "" {
			return false
		}
		spent += s.Wall
	}
	return spent < budget.Seconds()
}

func find(libs []Library, name string) Library {
	for _, l := range libs {
		if l.Name == name {
			return l
		}
	}
	return Library{Name: name, Failed: "unknown library"}
}

// once makes one run with a time limit. It also measures the processor time
// that the rest of the machine uses during the run.
func once(ctx context.Context, limit time.Duration, lib Library, row Row) Sample {
	if lib.Failed != "" {
		return Sample{Error: notBuilt}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	busy, self, start := busySeconds(), selfSeconds(), time.Now()
	s, err := row.Work.Do(ctx, lib, row)
	s.Wall = time.Since(start).Seconds()
	own := s.CPU + selfSeconds() - self
	s.Foreign = max(0, (busySeconds()-busy-own)/s.Wall)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		s.Error = fmt.Sprintf("timed out after %v", limit)
	case err != nil:
		s.Error = strings.Join(strings.Fields(err.Error()), " ")
	}
	return s
}

// selfSeconds returns the processor time of this process. It is relevant in the
// idle rows, where this process simulates the peers.
func selfSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func printSample(row Row, lib string, rep, reps int, s Sample) {
	switch {
	case s.Error != "":
		progress("  %d/%d %-13s FAILED: %s", rep, reps, lib, s.Error)
		return
	case row.Work.Scenario != "":
		progress("  %d/%d %-13s %v", rep, reps, lib, s.figures)
		return
	}
	progress("  %d/%d %-13s %12s   cpu %5.2f s   others %.2f cores", rep, reps, lib,
		figure(s.Value, row.Work.Unit), s.CPU, s.Foreign)
}
