package zmqotel_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"

	"github.com/zerobroker/zmq"
	zmqotel "github.com/zerobroker/zmq/metrics/otel"
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

// pair registers a PUSH and a PULL with one unread message.
func pair(t *testing.T) (r *zmqstat.Registry, push *zmq.Push, pull *zmq.Pull) {
	ns := zmq.NewNamespace()
	push = must(zmq.NewPush(&zmq.Options{Namespace: ns, SendHWM: 5}))
	pull = must(zmq.NewPull(&zmq.Options{Namespace: ns, RecvHWM: 5}))
	t.Cleanup(func() { push.Close(); pull.Close() })
	must(pull.Bind("inproc://a"))
	check(push.Connect("inproc://a"))
	r = new(zmqstat.Registry)
	r.Add("out", push.Socket)
	r.Add("in", pull.Socket)
	check(push.TrySend([]byte("abc")))
	return r, push, pull
}

// collect returns the values by metric and attributes.
func collect(t *testing.T, reader metric.Reader) map[string]float64 {
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	add := func(name string, set attribute.Set, v float64) {
		var list []string
		for _, kv := range set.ToSlice() {
			list = append(list, string(kv.Key)+"="+kv.Value.AsString())
		}
		values[name+"{"+strings.Join(list, ",")+"}"] = v
	}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Unit == "" || m.Description == "" {
				t.Errorf("%s has unit %q and description %q", m.Name, m.Unit, m.Description)
			}
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					add(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range d.DataPoints {
					add(m.Name, p.Attributes, p.Value)
				}
			default:
				t.Errorf("%s has data of type %T", m.Name, d)
			}
		}
	}
	return values
}

func TestReaderCollectsTheCountersOfOpenSockets(t *testing.T) {
	r, push, pull := pair(t)
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	registration := must(zmqotel.Register(provider, r))
	got := collect(t, reader)
	const out, in = "messaging.destination.name=out", "messaging.destination.name=in"
	for key, want := range map[string]float64{
		"messaging.client.sent.messages{" + out + ",messaging.operation.name=send,messaging.system=zeromq,zeromq.socket.type=PUSH}":       1,
		"messaging.client.consumed.messages{" + in + ",messaging.operation.name=receive,messaging.system=zeromq,zeromq.socket.type=PULL}": 0,
		"zeromq.socket.io{" + out + ",messaging.system=zeromq,network.io.direction=transmit,zeromq.socket.type=PUSH}":                     3,
		"zeromq.socket.queued.messages{" + in + ",messaging.system=zeromq,network.io.direction=receive,zeromq.socket.type=PULL}":          1,
		"zeromq.socket.queue.utilization{" + out + ",messaging.system=zeromq,zeromq.socket.type=PUSH}":                                    0.1,
		"zeromq.socket.peers{" + in + ",messaging.system=zeromq,zeromq.socket.type=PULL}":                                                 1,
		"zeromq.socket.endpoints{" + in + ",messaging.system=zeromq,zeromq.endpoint.state=listening,zeromq.socket.type=PULL}":             1,
		"zeromq.socket.events{" + in + ",messaging.system=zeromq,zeromq.event.kind=ready,zeromq.socket.type=PULL}":                        1,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s is %v (%v), want %v; all: %q", key, v, ok, want, slices.Sorted(maps.Keys(got)))
		}
	}
	check(pull.Close())
	for key := range collect(t, reader) {
		if strings.Contains(key, in) {
			t.Errorf("after Close: %s", key)
		}
	}
	check(registration.Unregister())
	if got := collect(t, reader); len(got) != 0 {
		t.Errorf("after Unregister: %v", got)
	}
	push.Close()
}

func TestRegisterRejectsNilArguments(t *testing.T) {
	if _, err := zmqotel.Register(metric.NewMeterProvider(), nil); err == nil {
		t.Error("a nil Registry is registered")
	}
	if _, err := zmqotel.Register(nil, new(zmqstat.Registry)); err == nil {
		t.Error("a nil MeterProvider is used")
	}
}

func spanContext(state string) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 2}, SpanID: trace.SpanID{3}, TraceFlags: trace.FlagsSampled,
		TraceState: must(trace.ParseTraceState(state)), Remote: true,
	})
}

func TestTraceContextPassesThroughSockets(t *testing.T) {
	_, push, pull := pair(t)
	must(pull.TryRecv())
	for _, state := range []string{"", "vendor=opaque"} {
		want := spanContext(state)
		ctx := trace.ContextWithRemoteSpanContext(t.Context(), want)
		check(push.Send(ctx, zmqotel.Inject(ctx, []byte("topic"), []byte("body"))...))
		m := must(pull.Recv(t.Context()))
		ctx, frames := zmqotel.Extract(t.Context(), m.Frames())
		if got := trace.SpanContextFromContext(ctx); !got.Equal(want) {
			t.Errorf("span context %+v, want %+v", got, want)
		}
		if len(frames) != 2 || string(frames[0]) != "topic" || string(frames[1]) != "body" {
			t.Errorf("frames %q", frames)
		}
	}
}

func TestInjectWithoutSpanAddsAFrameThatExtractRemoves(t *testing.T) {
	// The last frame of the application looks like that of a trace context.
	own := []byte("traceparent=00-01020000000000000000000000000000-0300000000000000-01")
	frames := zmqotel.Inject(t.Context(), []byte("body"), own)
	if len(frames) != 3 {
		t.Fatalf("%d frames, want 3", len(frames))
	}
	ctx, rest := zmqotel.Extract(t.Context(), frames)
	if len(rest) != 2 || string(rest[1]) != string(own) || trace.SpanContextFromContext(ctx).IsValid() {
		t.Errorf("frames %q, span context %v", rest, trace.SpanContextFromContext(ctx))
	}
}

func TestInjectDoesNotChangeTheFrames(t *testing.T) {
	frames := make([][]byte, 1, 2)
	frames[0] = []byte("body")
	zmqotel.Inject(t.Context(), frames...)
	if frames[:2][1] != nil {
		t.Errorf("the array of the caller has %q", frames[:2][1])
	}
}

func TestExtractIgnoresInvalidContexts(t *testing.T) {
	const valid = "traceparent=00-01020000000000000000000000000000-0300000000000000-01"
	for _, c := range []struct {
		frames []string
		left   int
	}{
		{nil, 0},
		{[]string{valid}, 1}, // the only frame is the application's
		{[]string{"a", "b"}, 2},
		{[]string{"a", ""}, 2},
		{[]string{"a", "traceparent="}, 1},
		{[]string{"a", "traceparent=00-zz-zz-01"}, 1},
		{[]string{"a", "traceparent=00-00000000000000000000000000000000-0000000000000000-01"}, 1},
		{[]string{"a", valid + strings.Repeat("x", 1024)}, 2},
		{[]string{"a", "traceparent=\n\n\ntracestate"}, 1},
	} {
		var frames [][]byte
		for _, f := range c.frames {
			frames = append(frames, []byte(f))
		}
		ctx, rest := zmqotel.Extract(context.Background(), frames)
		if len(rest) != c.left || trace.SpanContextFromContext(ctx).IsValid() {
			t.Errorf("%.80q: %d frames are left, want %d; %+v", c.frames, len(rest), c.left, trace.SpanContextFromContext(ctx))
		}
	}
}

func FuzzExtractNeverPanicsAndRemovesAtMostOneFrame(f *testing.F) {
	f.Add([]byte("traceparent=00-01020000000000000000000000000000-0300000000000000-01\ntracestate=a=b"))
	f.Fuzz(func(t *testing.T, last []byte) {
		_, rest := zmqotel.Extract(context.Background(), [][]byte{[]byte("body"), last})
		if len(rest) < 1 || string(rest[0]) != "body" {
			t.Errorf("frames %q", rest)
		}
	})
}
