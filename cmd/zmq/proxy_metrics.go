package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	zmqprom "github.com/zerobroker/zmq/metrics/prometheus"
	"github.com/zerobroker/zmq/zmqdebug"
	"github.com/zerobroker/zmq/zmqstat"
)

// listenMetrics listens at the address of --metrics.
func (p *proxy) listenMetrics(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		if _, ok := errors.AsType[*net.AddrError](err); ok {
			return nil, usagef("--metrics %s: give an address and a port, such as 127.0.0.1:9100", addr)
		}
		return nil, fmt.Errorf("--metrics %s: %s", addr, connectFailure(err))
	}
	where := l.Addr().String()
	if strings.HasSuffix(addr, ":0") {
		p.e.logf("metrics at http://%s/metrics", where)
	}
	if exposed("tcp://" + where) {
		p.e.logf("warning: http://%s can be reached from other machines, without authentication: it shows addresses and user IDs of peers; use 127.0.0.1 to keep it local", where)
	}
	return l, nil
}

// serveMetrics serves the counters of the sockets until ctx ends: for Prometheus
// at /metrics, and as a page at /.
func (p *proxy) serveMetrics(ctx context.Context, l net.Listener) {
	var sockets zmqstat.Registry
	for _, s := range p.sides {
		sockets.Add(s.name, s.sock.Socket)
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(zmqprom.New(&sockets), proxyCollector{p})
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.Handle("/{$}", zmqdebug.Handler(&sockets))
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); err != nil && ctx.Err() == nil {
		p.e.logf("warning: --metrics: %v", err)
	}
}

// The metrics of a proxy. Those of its sockets are in zmqprom.
var (
	proxyForwarded = prometheus.NewDesc("zeromq_proxy_forwarded_messages_total", "Messages that the proxy has forwarded.", []string{"zeromq_proxy_from"}, nil)
	proxyDropped   = prometheus.NewDesc("zeromq_proxy_dropped_messages_total", "Messages that the proxy has received and not forwarded, and copies that the capture socket did not take.", []string{"zeromq_drop_reason"}, nil)
	proxyPaused    = prometheus.NewDesc("zeromq_proxy_paused", "1 while the proxy is paused.", nil, nil)
)

// proxyCollector exports the counters of a proxy.
type proxyCollector struct{ p *proxy }

func (c proxyCollector) Describe(out chan<- *prometheus.Desc) {
	out <- proxyForwarded
	out <- proxyDropped
	out <- proxyPaused
}

func (c proxyCollector) Collect(out chan<- prometheus.Metric) {
	st := c.p.control.Stats()
	counter := func(desc *prometheus.Desc, n uint64, label string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), label)
	}
	counter(proxyForwarded, st.Back.MessagesSent, "front")
	counter(proxyForwarded, st.Front.MessagesSent, "back")
	counter(proxyDropped, st.Drops.NoRoute, "no_route")
	counter(proxyDropped, st.Drops.PeerFull, "peer_full")
	counter(proxyDropped, st.Drops.Refused, "refused")
	counter(proxyDropped, st.Drops.Captures, "capture")
	paused := 0.0
	if st.Paused {
		paused = 1
	}
	out <- prometheus.MustNewConstMetric(proxyPaused, prometheus.GaugeValue, paused)
}
