package main

import (
	"math"
	"os/exec"
	"testing"
)

func TestParseReadsOutputOfZmqPerf(t *testing.T) {
	const rate = "message size: 64 [B]\nmessage count: 1000\nmean throughput: 2000 [msg/s]\nmean throughput: 1.024 [Mb/s]\n"
	const delay = "message size: 64 [B]\nroundtrip count: 1000\naverage latency: 25.500 [us]\n"
	for _, c := range []struct {
		command, out string
		seconds      float64
		bad          bool
	}{
		{command: "pull", out: rate, seconds: 0.5},
		{command: "push", seconds: 1},
		{command: "rep", seconds: 1},
		{command: "req", out: delay, seconds: 0.051},
		{command: "pull", out: delay, bad: true},
		{command: "req", out: "", bad: true},
		{command: "pull", out: "mean throughput: 0 [msg/s]\n", bad: true},
	} {
		m, err := parse(c.command, c.out, 1000)
		if (err != nil) != c.bad {
			t.Errorf("%s %q: error %v", c.command, c.out, err)
		}
		if !c.bad && (m.Messages != 1000 || math.Abs(m.Seconds-c.seconds) > 1e-9) {
			t.Errorf("%s: %+v, want %v s", c.command, m, c.seconds)
		}
	}
}

func TestOutputReportsEndpoint(t *testing.T) {
	var endpoints []string
	cmd := exec.Command("sh", "-c", "echo zmq: listening on tcp://127.0.0.1:5555 >&2; echo figures")
	out, err := output(cmd, func(e string) { endpoints = append(endpoints, e) })
	if err != nil || out != "figures\n" || len(endpoints) != 1 || endpoints[0] != "tcp://127.0.0.1:5555" {
		t.Errorf("output %q, endpoints %q, error %v", out, endpoints, err)
	}
	if _, err := output(exec.Command("sh", "-c", "exit 1"), nil); err == nil {
		t.Error("no error although the command failed")
	}
}
