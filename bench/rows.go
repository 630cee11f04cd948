package main

import (
	"slices"
	"time"

	"github.com/zerobroker/zmq/bench/internal/peer"
)

// Row is one line of the comparison: a kind of work, its size, the libraries,
// and the goals.
type Row struct {
	Name  string
	Work  Work
	Size  int // bytes of a message; 0 in rows without messages
	Count int // messages, round trips or peers; chosen so that libzmq takes 0.5 to 1 s
	Libs  []string
	Goals []Goal

	limitCount int // messages of a limit, which needs more for the same time; see [Row.withLimitCount]
}

// Goal is a target for the ratio to another library, or for the value itself.
type Goal struct {
	Ours    string  // the variant of this library to which the goal applies
	Against string  // the library or limit in the denominator; if empty, Ratio is an absolute limit in the row's unit
	Ratio   float64 // minimum, or maximum if lower is better
}

// The limits: raw Go TCP without a messaging library, which writes its bytes as
// they are, or copies each message once before it is written.
const (
	limit     = "rawtcp"
	limitCopy = "rawtcp-copy"
)

// limitBytes is the minimum number of bytes that a limit transfers in a
// throughput row. The messages of a row with small ones would take it some
// hundredths of a second, in which a connection is not at its full speed.
const limitBytes = 1 << 30

// withLimitCount returns the row with the number of messages of its limits.
func (r Row) withLimitCount() Row {
	r.limitCount = r.Count
	if r.Size > 0 {
		r.limitCount = max(r.Count, limitBytes/r.Size)
	}
	return r
}

// The libraries of the rows, in the order in which they run.
var (
	withPerf   = []string{"ours", "ours-batch", "ours-iterate", "ours-perf", "libzmq", limit, limitCopy, "pebbe", "gozeromq"}
	inproc     = []string{"ours", "ours-batch", "libzmq", "pebbe", "gozeromq"}
	withRaw    = []string{"ours", "ours-spin", "libzmq", limit, "pebbe", "gozeromq"}
	small      = []string{"ours", "ours-batch", "ours-iterate", "libzmq", limit, limitCopy, "pebbe", "gozeromq"}
	large      = []string{"ours", "ours-release", "ours-own-release", "libzmq", limit, limitCopy, "pebbe", "gozeromq"}
	deepQueue  = []string{"ours-hwm", "ours-batch-hwm", "libzmq-hwm"}
	curveLibs  = []string{"ours-curve", "libzmq-curve"}
	libzmqOnly = []string{"ours", "libzmq"}
	// crossed adds the combinations in which one library publishes and the
	// other subscribes.
	crossed = []string{"ours", "libzmq", "ours-libzmq", "libzmq-ours"}
)

func without(libs []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(libs), func(l string) bool { return l == name })
}

func toLibzmq(ratio float64) Goal { return Goal{"ours", "libzmq", ratio} }

func toCurve(ratio float64) []Goal { return []Goal{{"ours-curve", "libzmq-curve", ratio}} }

// smallGoals returns the goals for one message a call and for batches.
func smallGoals(single, batch float64) []Goal {
	return []Goal{toLibzmq(single), {"ours-batch", "libzmq", batch}}
}

// perfGoal is the goal for the command zmq perf: within 10 % of the peer ours.
var perfGoal = Goal{"ours-perf", "ours", 0.9}

// largeGoals returns the goals for Send and Recv, for Send, Recv and Release,
// and for SendMessage, Recv and Release: the ratio to libzmq, and the fraction
// of the limit that copies as often.
func largeGoals(ratios, fractions [3]float64) []Goal {
	return []Goal{
		{"ours", "libzmq", ratios[0]},
		{"ours-release", "libzmq", ratios[1]},
		{"ours-own-release", "libzmq", ratios[2]},
		{"ours", limitCopy, fractions[0]},
		{"ours-release", limitCopy, fractions[1]},
		{"ours-own-release", limit, fractions[2]},
	}
}

// allRows is the table. To add a row, add a value.
func allRows() []Row {
	rows := []Row{
		{Name: "tcp PUSH-PULL 10 B", Work: tcpThroughput, Size: 10, Count: 6_000_000, Libs: small, Goals: smallGoals(3.5, 5)},
		{
			Name: "tcp PUSH-PULL 10 B, HWM 100 k", Work: tcpThroughput, Size: 10, Count: 6_000_000,
			Libs: deepQueue, Goals: []Goal{{"ours-batch-hwm", "libzmq-hwm", 7}},
		},
		{Name: "tcp PUSH-PULL 64 B", Work: tcpThroughput, Size: 64, Count: 4_000_000, Libs: withPerf, Goals: append(smallGoals(2.5, 3.5), perfGoal)},
		{
			Name: "tcp PUSH-PULL 256 B", Work: tcpThroughput, Size: 256, Count: 2_000_000,
			Libs: small, Goals: append(smallGoals(2.7, 3.3), Goal{"ours", limitCopy, 0.6}),
		},
		{
			Name: "tcp PUSH-PULL 1 KiB", Work: tcpThroughput, Size: 1 << 10, Count: 800_000,
			Libs: small, Goals: []Goal{toLibzmq(2.6), {"ours", limitCopy, 0.8}},
		},
		{
			Name: "tcp PUSH-PULL 8 KiB", Work: tcpThroughput, Size: 8 << 10, Count: 120_000,
			Libs: small, Goals: []Goal{toLibzmq(2), {"ours", limitCopy, 0.85}},
		},
		{
			Name: "tcp PUSH-PULL 64 KiB", Work: tcpThroughput, Size: 64 << 10, Count: 40_000,
			Libs: large, Goals: largeGoals([3]float64{1.1, 1.25, 1.5}, [3]float64{0.75, 0.9, 0.85}),
		},
		{
			Name: "tcp PUSH-PULL 1 MiB", Work: tcpThroughput, Size: 1 << 20, Count: 3_000,
			Libs: large, Goals: largeGoals([3]float64{1, 1.05, 1.3}, [3]float64{0.85, 0.9, 0.85}),
		},
		{Name: "tcp CURVE PUSH-PULL 10 B", Work: tcpThroughput, Size: 10, Count: 1_500_000, Libs: curveLibs, Goals: toCurve(2.5)},
		{Name: "tcp CURVE PUSH-PULL 256 B", Work: tcpThroughput, Size: 256, Count: 800_000, Libs: curveLibs, Goals: toCurve(2)},
		{Name: "tcp CURVE PUSH-PULL 8 KiB", Work: tcpThroughput, Size: 8 << 10, Count: 60_000, Libs: curveLibs, Goals: toCurve(1.8)},
		// One-way latency with three placements, because the placement
		// determines the result (see [doTCPLatency]).
		{Name: "tcp REQ-REP 64 B, free", Work: tcpLatency, Size: 64, Count: 12_000, Libs: withRaw, Goals: []Goal{toLibzmq(0.6), {"ours-spin", "libzmq", 0.4}}},
		{
			Name: "tcp REQ-REP 64 B, CPU each", Work: tcpLatencyApart, Size: 64, Count: 12_000,
			Libs: withRaw, Goals: []Goal{toLibzmq(0.7), {"ours", limit, 1.1}},
		},
		{Name: "tcp REQ-REP 64 B, one CPU", Work: tcpLatencyShared, Size: 64, Count: 30_000, Libs: withRaw, Goals: []Goal{toLibzmq(0.7)}},
		{Name: "inproc PUSH-PULL 10 B", Work: inprocThroughput, Size: 10, Count: 6_000_000, Libs: inproc, Goals: []Goal{toLibzmq(3)}},
		{Name: "inproc REQ-REP 64 B", Work: inprocLatency, Size: 64, Count: 20_000, Libs: without(inproc, "ours-batch"), Goals: []Goal{toLibzmq(0.05)}},
		idleRow("idle ROUTER peer, settled", idleSettled),
		idleRow("idle ROUTER peer, untouched", idleUntouched),
		{Name: "tcp PUB-100 SUB 64 B", Work: fanout, Size: 64, Count: 40_000, Libs: crossed, Goals: []Goal{toLibzmq(2.5)}},
		{Name: "tcp PUB-100 SUB 64 B, dropping", Work: fanoutDrop, Size: 64, Count: 400_000, Libs: libzmqOnly},
		proxyRow("proxy ROUTER-DEALER 10 B", proxyRequests, 10, 1_000_000),
		proxyRow("proxy ROUTER-DEALER 256 B", proxyRequests, 256, 800_000),
		proxyRow("proxy ROUTER-DEALER 8 KiB", proxyRequests, 8<<10, 80_000),
		proxyRow("proxy XSUB-XPUB 10 B", proxyTopics, 10, 2_000_000),
		proxyRow("proxy XSUB-XPUB 256 B", proxyTopics, 256, 1_000_000),
		proxyRow("proxy XSUB-XPUB 8 KiB", proxyTopics, 8<<10, 80_000),
		crowdRow("10 k peers: CPU of heartbeats", "%", crowdCPU, 2),
		crowdRow("10 k peers: restart, a fifth is back", "s", crowdFifth, 5),
		crowdRow("10 k peers: restart, all are back", "s", crowdAll, 0),
		topicRow("topics: memory of one", "B", topicMemory, 150),
		topicRow("topics: publish, matched, at 1 k", "ns", topicMatchFew, 0),
		topicRow("topics: publish, matched, at 1 M", "ns", topicMatchAll, 0),
		topicRow("topics: matched, 1 M to 1 k", "x", topicMatchRatio, 2),
		batchRow(topicRow("topics: publish in batches, matched, at 1 k", "ns", topicBatchFew, 0)),
		batchRow(topicRow("topics: publish in batches, matched, at 1 M", "ns", topicBatchAll, 0)),
		batchRow(topicRow("topics: matched in batches, 1 M to 1 k", "x", topicBatchRatio, 0)),
		topicRow("topics: publish, unmatched, at 1 k", "ns", topicMissFew, 0),
		topicRow("topics: publish, unmatched, at 1 M", "ns", topicMissAll, 0),
		topicRow("topics: unmatched, 1 M to 1 k", "x", topicMissRatio, 2),
		topicRow("topics: 1 M subscribed", "s", topicSubscribe, 0),
		topicRow("topics: 1 M removed", "s", topicRemove, 1),
		topicRow("topics: longest Send meanwhile", "s", topicStall, 0),
	}
	for i, row := range rows {
		rows[i] = row.withLimitCount()
	}
	return rows
}

func idleRow(name string, w Work) Row {
	return Row{
		Name: name, Work: w, Count: 2_000,
		Libs: []string{"ours", "libzmq", "gozeromq"}, Goals: []Goal{{"ours", "", 8}},
	}
}

func proxyRow(name string, w Work, size, count int) Row {
	return Row{Name: name, Work: w, Size: size, Count: count, Libs: libzmqOnly, Goals: []Goal{toLibzmq(2)}}
}

// crowdRow returns a row for a figure of the crowd scenario. A limit other than 0
// is an absolute goal.
func crowdRow(name, unit, figure string, limit float64) Row {
	row := Row{
		Name: name, Count: 10_000, Libs: libzmqOnly,
		Work: Work{
			Unit: unit, LowerBetter: true, Do: doCrowd,
			Scenario: "crowd", Figure: figure, Budget: 10 * time.Minute, Limit: 3 * time.Minute,
		},
	}
	if limit > 0 {
		row.Goals = []Goal{{"ours", "", limit}}
	}
	return row
}

// batchRow returns the row without libzmq, which has no batches.
func batchRow(r Row) Row {
	r.Libs = []string{"ours"}
	return r
}

// topicRow returns a row for a figure of the topics scenario. A limit other
// than 0 is an absolute goal.
func topicRow(name, unit, figure string, limit float64) Row {
	row := Row{
		Name: name, Size: peer.TopicSize, Count: 1_000_000, Libs: libzmqOnly,
		Work: Work{
			Unit: unit, LowerBetter: true, Do: doTopics,
			Scenario: "topics", Figure: figure, Budget: 5 * time.Minute,
		},
	}
	if limit > 0 {
		row.Goals = []Goal{{"ours", "", limit}}
	}
	return row
}
