package main

import (
	"bytes"
	"math"
	"testing"
	"time"
)

// The expected output is computed with the formulas of libzmq's programs.
func TestPerfPrintsLinesOfLibzmq(t *testing.T) {
	var out bytes.Buffer
	e := &env{stdout: &out}
	l := load{Size: 10, Count: 3}
	l.printLoad(e, "message")
	l.printThroughput(e, l.throughput(7*time.Microsecond))
	l.printThroughput(e, math.Trunc(l.throughput(7*time.Microsecond)))
	l.printThroughput(e, l.throughput(0)) // below the resolution of its clock
	l.printLatency(e, 7*time.Microsecond)
	want := `message size: 10 [B]
message count: 3
mean throughput: 428571 [msg/s]
mean throughput: 34.286 [Mb/s]
mean throughput: 428571 [msg/s]
mean throughput: 34.286 [Mb/s]
mean throughput: 3000000 [msg/s]
mean throughput: 240.000 [Mb/s]
average latency: 1.167 [us]
`
	if out.String() != want {
		t.Errorf("got\n%s", &out)
	}
}
