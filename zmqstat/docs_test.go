package zmqstat_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/zmqstat"
)

func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/OBSERVABILITY.md")
	if err != nil {
		t.Skip("not in the repository")
	}
	var want, got []string
	for _, m := range zmqstat.Metrics() {
		kind, attribute := "value", ""
		if m.Counter {
			kind = "counter"
		}
		if m.Attribute != "" {
			attribute = "`" + m.Attribute + "`"
		}
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s | %s |", m.Name, m.Unit, kind, attribute, m.Description))
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `messaging.") || strings.HasPrefix(line, "| `zeromq.") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/OBSERVABILITY.md has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestSamplesAreOfMetrics: every metric has a sample for a socket that has counted
// everything, with a value of its attribute, and nothing else has.
func TestSamplesAreOfMetrics(t *testing.T) {
	s := zmqstat.Socket{
		Drops: map[string]uint64{"hwm": 1}, Events: map[string]uint64{"ready": 2}, CloseReasons: map[string]uint64{"tls": 3},
		Endpoints: []zmqstat.Endpoint{{State: "waiting"}, {State: "waiting"}, {State: "listening"}},
		Peers:     []zmqstat.Peer{{QueuedSend: 1, SendHWM: 10}, {QueuedRecv: 5, RecvHWM: 10, QueuedSend: 100}},
	}
	values := map[string]float64{}
	for v := range s.Samples() {
		if !slices.Contains(zmqstat.Metrics(), v.Metric) || (v.Metric.Attribute == "") != (v.Attribute == "") {
			t.Errorf("sample %+v of %+v", v, v.Metric)
		}
		values[v.Metric.Name+" "+v.Attribute] = v.Value
	}
	for key, want := range map[string]float64{
		"zeromq.socket.dropped.messages hwm": 1, "zeromq.socket.events ready": 2, "zeromq.socket.closed.connections tls": 3,
		"zeromq.socket.endpoints waiting": 2, "zeromq.socket.endpoints listening": 1, "zeromq.socket.queue.utilization ": 0.5,
	} {
		if values[key] != want {
			t.Errorf("%s is %v, want %v", key, values[key], want)
		}
	}
	for _, m := range zmqstat.Metrics() {
		if !slices.ContainsFunc(slices.Collect(s.Samples()), func(v zmqstat.Sample) bool { return v.Metric == m }) {
			t.Errorf("no sample of %s", m.Name)
		}
	}
}
