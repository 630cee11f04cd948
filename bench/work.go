package main

import (
	"context"
	"time"

	"github.com/zerobroker/zmq/bench/internal/peer"
)

// Work is a kind of row: what is measured and how one run is done.
type Work struct {
	Unit        string
	LowerBetter bool
	Do          func(context.Context, Library, Row) (Sample, error)

	// A scenario is one long run that gives the figures of several rows, by
	// name. Rows of the same scenario share its runs.
	Scenario, Figure string
	// Budget is in place of a smaller one that the command was told, for a run
	// that is long by nature.
	Budget time.Duration
}

// Sample is what one run gave.
type Sample struct {
	Value   float64 `json:"value"`           // in the work's unit
	CPU     float64 `json:"cpu_s"`           // user and system seconds of all peer processes, whole life
	PerM    float64 `json:"cpu_s_per_m"`     // CPU for a million messages, 0 where there are none
	PeakKiB []int   `json:"peak_kib"`        // of each peer process, the receiving one first
	Foreign float64 `json:"foreign_cores"`   // cores that others used meanwhile
	Wall    float64 `json:"wall_s"`          // whole run, with starting the processes
	Error   string  `json:"error,omitempty"` // why there is no value

	figures map[string]float64 // of a scenario
}

var (
	tcpThroughput    = Work{Unit: "msg/s", Do: doTCPThroughput}
	tcpLatency       = Work{Unit: "us", LowerBetter: true, Do: doTCPLatency("", "")}
	tcpLatencyApart  = Work{Unit: "us", LowerBetter: true, Do: doTCPLatency("0", "1")}
	tcpLatencyShared = Work{Unit: "us", LowerBetter: true, Do: doTCPLatency("0", "0")}
	inprocThroughput = Work{Unit: "msg/s", Do: doInprocThroughput}
	inprocLatency    = Work{Unit: "us", LowerBetter: true, Do: doInprocLatency}
	idleSettled      = Work{Unit: "KiB", LowerBetter: true, Do: doIdle(true)}
	idleUntouched    = Work{Unit: "KiB", LowerBetter: true, Do: doIdle(false)}
	fanout           = Work{Unit: "msg/s", Do: doFanout("pub")}
	fanoutDrop       = Work{Unit: "msg/s", Do: doFanout("pub_drop")}
)

// anyPort is where the binding side listens; it prints the port it got.
const anyPort = "tcp://127.0.0.1:*"

func doTCPThroughput(ctx context.Context, lib Library, row Row) (Sample, error) {
	pull, push, err := runPair(ctx, lib, "pull", lib, "push", row)
	if err != nil {
		return Sample{}, err
	}
	return throughput(pull, push), nil
}

// doTCPLatency measures with the two processes each held on one CPU, or where
// the scheduler puts them if that is "". Where they run decides a ping-pong:
// waking a process on another, sleeping CPU costs ten times the whole work here.
func doTCPLatency(repCPU, reqCPU string) func(context.Context, Library, Row) (Sample, error) {
	return func(ctx context.Context, lib Library, row Row) (Sample, error) {
		rep, req, err := runPair(ctx, lib.on(repCPU), "rep", lib.on(reqCPU), "req", row)
		if err != nil {
			return Sample{}, err
		}
		return oneWay(req, rep), nil
	}
}

func doInprocThroughput(ctx context.Context, lib Library, row Row) (Sample, error) {
	both, err := runAlone(ctx, lib, "inproc_thr", row)
	if err != nil {
		return Sample{}, err
	}
	return throughput(both), nil
}

func doInprocLatency(ctx context.Context, lib Library, row Row) (Sample, error) {
	both, err := runAlone(ctx, lib, "inproc_lat", row)
	if err != nil {
		return Sample{}, err
	}
	return oneWay(both), nil
}

// throughput rates by the clock of the receiver, which starts at the first
// message: the others came in that time.
func throughput(receiver outcome, others ...outcome) Sample {
	n := float64(receiver.Messages)
	return sample((n-1)/receiver.Seconds, n, receiver, others)
}

// oneWay is half a round trip, by the clock of the requester. Each round trip,
// with the untimed ones of the warm-up, is two messages.
func oneWay(requester outcome, others ...outcome) Sample {
	rounds := float64(requester.Messages)
	return sample(requester.Seconds/rounds/2*1e6, 2*(rounds+peer.WarmRounds), requester, others)
}

func sample(value, messages float64, first outcome, others []outcome) Sample {
	s := Sample{Value: value}
	for _, o := range append([]outcome{first}, others...) {
		s.CPU += o.cpu
		s.PeakKiB = append(s.PeakKiB, o.PeakKiB)
	}
	s.PerM = s.CPU / messages * 1e6
	return s
}
