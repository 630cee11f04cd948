package main

import (
	"context"
	"time"

	"github.com/zerobroker/zmq/bench/internal/peer"
)

// Work is a kind of row: the measured quantity and the function that makes a
// run.
type Work struct {
	Unit        string
	LowerBetter bool
	Do          func(context.Context, Library, Row) (Sample, error)

	// A scenario is a long run that yields the figures of several rows. Rows
	// with the same Scenario share its runs, and Figure names the figure of the
	// row.
	Scenario, Figure string
	// Budget overrides a smaller -budget, for work with long runs.
	Budget time.Duration
	// Limit overrides a smaller -timeout, for the same reason.
	Limit time.Duration
}

// Sample is the result of one run.
type Sample struct {
	Value float64 `json:"value"`       // in the work's unit
	CPU   float64 `json:"cpu_s"`       // user and system seconds of all peer processes, from start to end
	PerM  float64 `json:"cpu_s_per_m"` // CPU seconds for a million messages, 0 in rows without messages

	// EachPerM is the part of PerM of each peer process, in the order of PeakKiB.
	EachPerM []float64 `json:"cpu_s_per_m_each,omitempty"`

	PeakKiB []int   `json:"peak_kib"`        // of each peer process, starting with the receiver
	Foreign float64 `json:"foreign_cores"`   // mean number of cores that other processes used during the run
	Wall    float64 `json:"wall_s"`          // duration of the run, including the start of the processes
	Error   string  `json:"error,omitempty"` // reason for a missing value

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
	proxyRequests    = Work{Unit: "msg/s", Do: doProxy(peer.RouterDealer)}
	proxyTopics      = Work{Unit: "msg/s", Do: doProxy(peer.XSubXPub)}
)

// anyPort is the endpoint of the binding side, which prints its actual
// endpoint.
const anyPort = "tcp://127.0.0.1:*"

func doTCPThroughput(ctx context.Context, lib Library, row Row) (Sample, error) {
	if isLimit(lib.Name) {
		row.Count = row.limitCount
	}
	pull, push, err := runPair(ctx, lib, "pull", lib, "push", row)
	if err != nil {
		return Sample{}, err
	}
	return throughput(pull, push), nil
}

// doTCPLatency pins each of the two processes to a CPU; "" does not pin it. The
// placement determines the result: waking a process on another, sleeping CPU
// takes ten times as long as the rest of the work.
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

// throughput returns the message rate measured by the receiver. Its clock
// starts at the first message, so the rate counts one message less.
func throughput(receiver outcome, others ...outcome) Sample {
	n := float64(receiver.Messages)
	return sample((n-1)/receiver.Seconds, n, receiver, others)
}

// oneWay returns half of the mean round-trip time, measured by the requester.
// CPU time counts two messages per round trip, including the untimed warm-up.
func oneWay(requester outcome, others ...outcome) Sample {
	rounds := float64(requester.Messages)
	return sample(requester.Seconds/rounds/2*1e6, 2*(rounds+peer.WarmRounds), requester, others)
}

func sample(value, messages float64, first outcome, others []outcome) Sample {
	s := Sample{Value: value}
	for _, o := range append([]outcome{first}, others...) {
		s.CPU += o.cpu
		s.PeakKiB = append(s.PeakKiB, o.PeakKiB)
		s.EachPerM = append(s.EachPerM, o.cpu/messages*1e6)
	}
	s.PerM = s.CPU / messages * 1e6
	return s
}
