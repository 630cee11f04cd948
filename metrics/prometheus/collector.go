// Package zmqprom exports the counters of ZeroMQ sockets to Prometheus.
//
//	var sockets zmqstat.Registry
//	sockets.Add("orders", pull.Socket)
//	prometheus.MustRegister(zmqprom.New(&sockets))
//
// The names are those of [zmqstat.Metrics] in the form that Prometheus gives to
// metrics of OpenTelemetry, so the same queries work with module metrics/otel:
// messaging.client.sent.messages is messaging_client_sent_messages_total. The
// directory metrics/grafana has a dashboard.
package zmqprom

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zerobroker/zmq/zmqstat"
)

// New returns a collector of the open sockets of a registry. Each scrape reads
// their counters, and takes locks of each socket for a moment. New panics if r is nil.
func New(r *zmqstat.Registry) prometheus.Collector {
	if r == nil {
		panic("zmqprom: New with a nil Registry")
	}
	c := &collector{registry: r, descs: make(map[*zmqstat.Metric]*prometheus.Desc)}
	for _, m := range zmqstat.Metrics() {
		c.descs[m] = prometheus.NewDesc(Name(m), m.Description, labels(m), nil)
	}
	return c
}

type collector struct {
	registry *zmqstat.Registry
	descs    map[*zmqstat.Metric]*prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, s := range c.registry.Sockets(1) {
		common := s.CommonValues()
		for v := range s.Samples() {
			kind, values := prometheus.GaugeValue, common
			if v.Metric.Counter {
				kind = prometheus.CounterValue
			}
			if v.Metric.Attribute != "" {
				values = append(common[:len(common):len(common)], v.Attribute)
			}
			for i, text := range values {
				values[i] = strings.ToValidUTF8(text, "\uFFFD")
			}
			out <- prometheus.MustNewConstMetric(c.descs[v.Metric], kind, v.Value, values...)
		}
	}
}

// Name returns the name of a metric in Prometheus. It has the suffixes that the
// exporters of OpenTelemetry add: the unit, and "total" for a counter.
func Name(m *zmqstat.Metric) string {
	name := label(m.Name)
	switch m.Unit {
	case "By":
		name += "_bytes"
	case "1":
		name += "_ratio"
	}
	if m.Counter {
		name += "_total"
	}
	return name
}

func labels(m *zmqstat.Metric) (list []string) {
	for _, a := range zmqstat.CommonAttributes {
		list = append(list, label(a))
	}
	if m.Attribute != "" {
		list = append(list, label(m.Attribute))
	}
	return list
}

// label returns the name of an attribute in Prometheus.
func label(attribute string) string { return strings.ReplaceAll(attribute, ".", "_") }
