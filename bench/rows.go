package main

import (
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
}

// Goal is a target for the ratio to another library, or for the value itself.
type Goal struct {
	Ours    string  // the variant of this library to which the goal applies
	Against string  // the library in the denominator; if empty, Ratio is an absolute limit in the row's unit
	Ratio   float64 // minimum, or maximum if lower is better
}

// The libraries of most rows, in the order in which they run.
var common = []string{"ours", "libzmq", "pebbe", "gozeromq"}

// The tcp round-trip rows also compare with raw Go TCP.
var (
	withRaw   = []string{"ours", "libzmq", "rawtcp", "pebbe", "gozeromq"}
	toRawTCP  = Goal{"ours", "rawtcp", 1.1}
	bothGoals = []Goal{toLibzmq(0.7), toRawTCP}
)

// The rows with the CURVE mechanism, for which this library needs no C code.
var curveLibs = []string{"ours-curve", "libzmq-curve"}

func toCurve(ratio float64) []Goal { return []Goal{{"ours-curve", "libzmq-curve", ratio}} }

func toLibzmq(ratio float64) Goal { return Goal{"ours", "libzmq", ratio} }

// allRows is the table. To add a row, add a value.
func allRows() []Row {
	return []Row{
		{"tcp PUSH-PULL 10 B", tcpThroughput, 10, 6_000_000, common, []Goal{toLibzmq(4)}},
		{"tcp PUSH-PULL 64 B", tcpThroughput, 64, 4_000_000, common, []Goal{toLibzmq(2.5)}},
		{"tcp PUSH-PULL 256 B", tcpThroughput, 256, 2_000_000, common, []Goal{toLibzmq(2)}},
		{"tcp PUSH-PULL 1 KiB", tcpThroughput, 1 << 10, 800_000, common, []Goal{toLibzmq(1.3)}},
		{"tcp PUSH-PULL 8 KiB", tcpThroughput, 8 << 10, 120_000, common, []Goal{toLibzmq(1.1)}},
		{"tcp PUSH-PULL 64 KiB", tcpThroughput, 64 << 10, 40_000, common, []Goal{toLibzmq(1)}},
		{
			"tcp PUSH-PULL 1 MiB", tcpThroughput, 1 << 20, 3_000,
			[]string{"ours", "ours-release", "libzmq", "pebbe", "gozeromq"},
			[]Goal{toLibzmq(1), {"ours-release", "libzmq", 1.3}},
		},
		{"tcp CURVE PUSH-PULL 10 B", tcpThroughput, 10, 1_500_000, curveLibs, toCurve(2)},
		{"tcp CURVE PUSH-PULL 256 B", tcpThroughput, 256, 800_000, curveLibs, toCurve(1.6)},
		{"tcp CURVE PUSH-PULL 8 KiB", tcpThroughput, 8 << 10, 60_000, curveLibs, toCurve(1.5)},
		// One-way latency with three placements, because the placement
		// determines the result (see [doTCPLatency]). The row with a CPU for
		// each process has no goal against libzmq, because there even raw TCP
		// does not reach 0.7x of libzmq.
		{"tcp REQ-REP 64 B, free", tcpLatency, 64, 12_000, withRaw, bothGoals},
		{"tcp REQ-REP 64 B, CPU each", tcpLatencyApart, 64, 12_000, withRaw, []Goal{toRawTCP}},
		{"tcp REQ-REP 64 B, one CPU", tcpLatencyShared, 64, 30_000, withRaw, bothGoals},
		{"inproc PUSH-PULL 10 B", inprocThroughput, 10, 6_000_000, common, []Goal{toLibzmq(2.5)}},
		{"inproc REQ-REP 64 B", inprocLatency, 64, 20_000, common, []Goal{toLibzmq(0.1)}},
		{
			"idle ROUTER peer, settled", idleSettled, 0, 2_000,
			[]string{"ours", "libzmq", "gozeromq"}, []Goal{{"ours", "", 10}},
		},
		{
			"idle ROUTER peer, untouched", idleUntouched, 0, 2_000,
			[]string{"ours", "libzmq", "gozeromq"}, []Goal{{"ours", "", 10}},
		},
		{"tcp PUB-100 SUB 64 B", fanout, 64, 40_000, crossed, []Goal{toLibzmq(2)}},
		{"tcp PUB-100 SUB 64 B, dropping", fanoutDrop, 64, 400_000, libzmqOnly, nil},
		topicRow("topics: memory of one", "B", topicMemory, 150),
		topicRow("topics: publish, matched, at 1 k", "ns", topicMatchFew, 0),
		topicRow("topics: publish, matched, at 1 M", "ns", topicMatchAll, 0),
		topicRow("topics: matched, 1 M to 1 k", "x", topicMatchRatio, 2),
		topicRow("topics: publish, unmatched, at 1 k", "ns", topicMissFew, 0),
		topicRow("topics: publish, unmatched, at 1 M", "ns", topicMissAll, 0),
		topicRow("topics: unmatched, 1 M to 1 k", "x", topicMissRatio, 2),
		topicRow("topics: 1 M subscribed", "s", topicSubscribe, 0),
		topicRow("topics: 1 M removed", "s", topicRemove, 1),
		topicRow("topics: longest Send meanwhile", "s", topicStall, 0),
	}
}

// libzmqOnly are the libraries of rows that compare only with libzmq. crossed
// adds the combinations in which one library publishes and the other
// subscribes.
var (
	libzmqOnly = []string{"ours", "libzmq"}
	crossed    = []string{"ours", "libzmq", "ours-libzmq", "libzmq-ours"}
)

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
