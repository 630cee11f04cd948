package zmqprom_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/prometheustest"
	zmqprom "github.com/zerobroker/zmq/metrics/prometheus"
	"github.com/zerobroker/zmq/zmqstat"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// exporter returns a server that exports the sockets of a registry.
func exporter(t *testing.T, r *zmqstat.Registry) *httptest.Server {
	registry := prometheus.NewPedanticRegistry()
	check(registry.Register(zmqprom.New(r)))
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}))
	t.Cleanup(server.Close)
	return server
}

func scrape(t *testing.T, url string) string {
	answer := must(http.Get(url))
	defer answer.Body.Close()
	text := must(io.ReadAll(answer.Body))
	if answer.StatusCode != 200 {
		t.Fatalf("status %d: %s", answer.StatusCode, text)
	}
	return string(text)
}

// pair registers a PUSH and a PULL with one unread message.
func pair(t *testing.T, r *zmqstat.Registry) (*zmq.Push, *zmq.Pull) {
	ns := zmq.NewNamespace()
	push := must(zmq.NewPush(&zmq.Options{Namespace: ns, SendHWM: 5}))
	pull := must(zmq.NewPull(&zmq.Options{Namespace: ns, RecvHWM: 5}))
	t.Cleanup(func() { push.Close(); pull.Close() })
	must(pull.Bind("inproc://a"))
	check(push.Connect("inproc://a"))
	r.Add("out", push.Socket)
	r.Add("in \xff\"", pull.Socket) // neither UTF-8 nor without quotes
	check(push.TrySend([]byte("abc")))
	return push, pull
}

func TestScrapeHasTheCountersOfOpenSockets(t *testing.T) {
	var r zmqstat.Registry
	server := exporter(t, &r)
	_, pull := pair(t, &r)
	text := scrape(t, server.URL)
	const out, in = `messaging_destination_name="out"`, `messaging_destination_name="in ` + "\uFFFD" + `\""`
	for _, want := range []string{
		"# TYPE messaging_client_sent_messages_total counter",
		"# TYPE zeromq_socket_queued_messages gauge",
		`messaging_client_sent_messages_total{` + out + `,messaging_operation_name="send",messaging_system="zeromq",zeromq_socket_type="PUSH"} 1`,
		`zeromq_socket_io_bytes_total{` + out + `,messaging_system="zeromq",network_io_direction="transmit",zeromq_socket_type="PUSH"} 3`,
		`zeromq_socket_queued_messages{` + in + `,messaging_system="zeromq",network_io_direction="receive",zeromq_socket_type="PULL"} 1`,
		`zeromq_socket_queue_utilization_ratio{` + out + `,messaging_system="zeromq",zeromq_socket_type="PUSH"} 0.1`,
		`zeromq_socket_endpoints{` + in + `,messaging_system="zeromq",zeromq_endpoint_state="listening",zeromq_socket_type="PULL"} 1`,
		`zeromq_socket_events_total{` + in + `,messaging_system="zeromq",zeromq_event_kind="ready",zeromq_socket_type="PULL"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no line %s in\n%s", want, text)
		}
	}
	check(pull.Close())
	if text := scrape(t, server.URL); strings.Contains(text, in) || !strings.Contains(text, out) {
		t.Errorf("after Close:\n%s", text)
	}
}

func TestNewPanicsWithoutRegistry(t *testing.T) {
	defer func() {
		if p := recover(); p != "zmqprom: New with a nil Registry" {
			t.Errorf("panic %v", p)
		}
	}()
	zmqprom.New(nil)
}

func TestNamesFollowTheRulesOfPrometheus(t *testing.T) {
	var r zmqstat.Registry
	pair(t, &r)
	problems := must(testutil.CollectAndLint(zmqprom.New(&r)))
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// dashboard is the example for Grafana.
const dashboard = "../grafana/zeromq.json"

var (
	metricName = regexp.MustCompile(`\b(?:messaging|zeromq)_(?:client|socket)_[a-z_]+`)
	labelList  = regexp.MustCompile(`\bby \(([^)]*)\)|\{([^}]*)\}`)
	labelName  = regexp.MustCompile(`\b(?:messaging|zeromq|network|error)_[a-z_]+`)
)

func TestDashboardUsesEveryMetricAndNoOther(t *testing.T) {
	labels := map[string][]string{} // of the metrics that exist
	for _, m := range zmqstat.Metrics() {
		name := zmqprom.Name(m)
		for _, a := range append(zmqstat.CommonAttributes[:3:3], m.Attribute) {
			labels[name] = append(labels[name], strings.ReplaceAll(a, ".", "_"))
		}
	}
	used := map[string]bool{}
	for title, query := range prometheustest.Queries(t, dashboard) {
		plain := labelList.ReplaceAllString(query, "")
		names := metricName.FindAllString(plain, -1)
		if len(names) != 1 || labels[names[0]] == nil {
			t.Errorf("%s: the query %s has the metrics %q", title, query, names)
			continue
		}
		used[names[0]] = true
		for _, list := range labelList.FindAllString(query, -1) {
			for _, label := range labelName.FindAllString(list, -1) {
				if !slices.Contains(labels[names[0]], label) {
					t.Errorf("%s: %s has no label %s", title, names[0], label)
				}
			}
		}
	}
	for name := range labels {
		if !used[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}
