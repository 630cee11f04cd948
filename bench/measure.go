package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// RowResult is a row with the samples of each library, by repetition.
type RowResult struct {
	Row     Row                 `json:"-"`
	Name    string              `json:"name"`
	Unit    string              `json:"unit"`
	Size    int                 `json:"size"`
	Count   int                 `json:"count"`
	Samples map[string][]Sample `json:"samples"`
	Date    string              `json:"date,omitempty"`   // of the run that it is of
	Commit  string              `json:"commit,omitempty"` // of that run
}

// notBuilt is the error of every run of a library whose peer is missing; the
// library itself holds the reason.
const notBuilt = "not built"

// pause lets the sockets of one run be taken down before the next.
const pause = 100 * time.Millisecond

// measure runs row: each repetition runs each library once, in turn.
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
			if !another(r.Samples[name], budget) {
				continue
			}
			s := once(ctx, o.Timeout, find(libs, name), row)
			if ctx.Err() != nil {
				return r // interrupted, so s means nothing
			}
			r.Samples[name] = append(r.Samples[name], s)
			tell(row, name, rep+1, o.Reps, s)
			time.Sleep(pause)
		}
	}
	return r
}

// scenarios holds the runs of scenarios, for the rows that come later.
type scenarios map[string]RowResult

// measure is measure for a row that may be one of a scenario.
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
		for _, s := range samples {
			s.Value, s.figures = s.figures[w.Figure], nil
			r.Samples[lib] = append(r.Samples[lib], s)
		}
	}
	return r
}

// another says whether a library runs once more: not after a failure, which
// would mostly be the same failure after the same timeout, and not beyond its
// budget of time.
func another(samples []Sample, budget time.Duration) bool {
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

// once makes one run, bounded in time, and watches what the rest of the machine
// does meanwhile.
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

// selfSeconds is the processor time of this process: in the idle rows it is the
// peers, elsewhere next to nothing.
func selfSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func tell(row Row, lib string, rep, reps int, s Sample) {
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
