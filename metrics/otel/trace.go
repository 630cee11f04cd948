package zmqotel

import (
	"bytes"
	"context"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

// The frame of a trace context is text: "traceparent=" and the value of that header
// of W3C Trace Context, then, if there is one, a line feed, "tracestate=" and its
// value.
// https://www.w3.org/TR/trace-context/
const (
	parentKey = "traceparent"
	stateKey  = "tracestate"
	prefix    = parentKey + "="
	// maxTraceFrame is the size above which Extract takes a frame for one of the
	// application. The specification lets systems limit tracestate to 512 characters.
	maxTraceFrame = 1024
)

// Inject returns the frames of a message with one more at the end, which has the
// trace context of the current span of ctx. Without a span it adds a frame too, so
// that Extract is certain which frame is the last one of the application. It does
// not change frames. The receivers must call Extract: use it only between programs
// that agree on it.
//
//	push.Send(ctx, zmqotel.Inject(ctx, body)...)
func Inject(ctx context.Context, frames ...[]byte) [][]byte {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	text := prefix + carrier[parentKey]
	if state := carrier[stateKey]; state != "" && len(text)+1+len(stateKey)+1+len(state) <= maxTraceFrame {
		text += "\n" + stateKey + "=" + state
	}
	return append(frames[:len(frames):len(frames)], []byte(text))
}

// Extract returns the frames of a received message without the last one, and a
// context with the trace context that it has as remote span context. If the last
// frame is not one of Inject, or the only one, Extract returns its arguments. The
// peer chooses the trace context, so do not trust it more than the peer.
//
//	m, err := pull.Recv(ctx)
//	ctx, frames := zmqotel.Extract(ctx, m.Frames())
func Extract(ctx context.Context, frames [][]byte) (context.Context, [][]byte) {
	last := len(frames) - 1
	if last < 1 || len(frames[last]) > maxTraceFrame || !bytes.HasPrefix(frames[last], []byte(prefix)) {
		return ctx, frames
	}
	parent, state, _ := strings.Cut(string(frames[last][len(prefix):]), "\n")
	carrier := propagation.MapCarrier{parentKey: parent}
	if state, ok := strings.CutPrefix(state, stateKey+"="); ok {
		carrier[stateKey] = state
	}
	return propagation.TraceContext{}.Extract(ctx, carrier), frames[:last]
}
