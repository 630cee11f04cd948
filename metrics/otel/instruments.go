// Package zmqotel exports the counters of ZeroMQ sockets to OpenTelemetry, and
// passes the context of a trace in a frame of a message.
//
//	var sockets zmqstat.Registry
//	sockets.Add("orders", pull.Socket)
//	registration, err := zmqotel.Register(meterProvider, &sockets)
//
// The instruments are those of [zmqstat.Metrics]. They are observable: nothing is
// measured until a reader of the provider collects.
package zmqotel

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/zerobroker/zmq/zmqstat"
)

// scope is the name of the instrumentation.
const scope = "github.com/zerobroker/zmq/metrics/otel"

// Register creates the instruments in a meter of p, and observes the open sockets
// of a registry at each collection until Unregister of the result is called. A
// collection takes locks of each socket for a moment. A nil p or r is an error.
func Register(p metric.MeterProvider, r *zmqstat.Registry) (metric.Registration, error) {
	if p == nil || r == nil {
		return nil, errors.New("zmqotel: Register with a nil MeterProvider or Registry")
	}
	meter := p.Meter(scope)
	observers := make(map[*zmqstat.Metric]func(o metric.Observer, v float64, set metric.MeasurementOption))
	var all []metric.Observable
	for _, m := range zmqstat.Metrics() {
		unit, description := metric.WithUnit(m.Unit), metric.WithDescription(m.Description)
		if m.Unit == "1" { // a ratio
			in, err := meter.Float64ObservableGauge(m.Name, unit, description)
			if err != nil {
				return nil, err
			}
			all = append(all, in)
			observers[m] = func(o metric.Observer, v float64, set metric.MeasurementOption) { o.ObserveFloat64(in, v, set) }
			continue
		}
		var in metric.Int64Observable
		var err error
		if m.Counter {
			in, err = meter.Int64ObservableCounter(m.Name, unit, description)
		} else {
			in, err = meter.Int64ObservableUpDownCounter(m.Name, unit, description)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, in)
		observers[m] = func(o metric.Observer, v float64, set metric.MeasurementOption) { o.ObserveInt64(in, int64(v), set) }
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, s := range r.Sockets(1) {
			var common []attribute.KeyValue
			values := s.CommonValues()
			for i, key := range zmqstat.CommonAttributes {
				common = append(common, attribute.String(key, values[i]))
			}
			for v := range s.Samples() {
				attributes := common
				if v.Metric.Attribute != "" {
					attributes = append(common[:len(common):len(common)], attribute.String(v.Metric.Attribute, v.Attribute))
				}
				observers[v.Metric](o, v.Value, metric.WithAttributes(attributes...))
			}
		}
		return nil
	}, all...)
}
