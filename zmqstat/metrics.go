package zmqstat

import (
	"iter"

	"github.com/zerobroker/zmq"
)

// Metric describes a metric of sockets. Names, units and attributes follow the
// semantic conventions of OpenTelemetry for messaging clients where they have one;
// the others begin with "zeromq.".
// https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
type Metric struct {
	Name        string // such as "messaging.client.sent.messages"
	Unit        string // in the notation of UCUM, such as "By" or "{message}"
	Description string
	Counter     bool   // it only increases; otherwise it is the current value
	Attribute   string // in addition to CommonAttributes; may be empty
}

// CommonAttributes are the attributes of every metric: "zeromq", the name of the
// socket in its registry, and its type.
var CommonAttributes = []string{"messaging.system", "messaging.destination.name", "zeromq.socket.type"}

// CommonValues returns the values of CommonAttributes.
func (s *Socket) CommonValues() []string { return []string{"zeromq", s.Name, s.Type} }

// The metrics. Their documentation is their Description.
var (
	metricSent = Metric{"messaging.client.sent.messages", "{message}",
		"Messages that the socket has accepted for sending.", true, "messaging.operation.name"}
	metricConsumed = Metric{"messaging.client.consumed.messages", "{message}",
		"Messages that the application has received.", true, "messaging.operation.name"}
	metricIO = Metric{"zeromq.socket.io", "By",
		"Bytes of the messages sent and received.", true, "network.io.direction"}
	metricWritten = Metric{"zeromq.socket.written.messages", "{message}",
		"Messages passed to the system or, over inproc, read by the peer, counted for each peer.", true, ""}
	metricQueued = Metric{"zeromq.socket.queued.messages", "{message}",
		"Messages queued for peers, and from peers.", false, "network.io.direction"}
	metricUtilization = Metric{"zeromq.socket.queue.utilization", "1",
		"Length of the fullest queue of a connected peer, relative to its high-water mark.", false, ""}
	metricDropped = Metric{"zeromq.socket.dropped.messages", "{message}",
		"Messages dropped, by reason.", true, "zeromq.drop.reason"}
	metricPeers = Metric{"zeromq.socket.peers", "{peer}",
		"Connected peers.", false, ""}
	metricSubscriptions = Metric{"zeromq.socket.subscriptions", "{subscription}",
		"Distinct topics or groups of the socket or of its peers.", false, ""}
	metricEndpoints = Metric{"zeromq.socket.endpoints", "{endpoint}",
		"Endpoints that the socket is bound or connected to, by state.", false, "zeromq.endpoint.state"}
	metricEvents = Metric{"zeromq.socket.events", "{event}",
		"Events of endpoints and connections, by kind.", true, "zeromq.event.kind"}
	metricClosed = Metric{"zeromq.socket.closed.connections", "{connection}",
		"Connections that were closed because of an error, by reason.", true, "error.type"}
)

// Metrics returns all metrics.
func Metrics() []*Metric {
	return []*Metric{&metricSent, &metricConsumed, &metricIO, &metricWritten, &metricQueued, &metricUtilization,
		&metricDropped, &metricPeers, &metricSubscriptions, &metricEndpoints, &metricEvents, &metricClosed}
}

// Sample is a value of a metric.
type Sample struct {
	Metric    *Metric
	Attribute string // value of Metric.Attribute
	Value     float64
}

// Samples returns the values of all metrics of a socket. The utilization is that of
// Peers, of which the first has the fullest queue.
func (s *Socket) Samples() iter.Seq[Sample] {
	states := map[string]uint64{}
	for _, e := range s.Endpoints {
		states[e.State]++
	}
	fullest := 0.0
	for i := range s.Peers {
		fullest = max(fullest, s.Peers[i].Fullest())
	}
	return func(yield func(Sample) bool) {
		for _, v := range []Sample{
			{&metricSent, "send", float64(s.MessagesSent)},
			{&metricConsumed, "receive", float64(s.MessagesReceived)},
			{&metricIO, "transmit", float64(s.BytesSent)},
			{&metricIO, "receive", float64(s.BytesReceived)},
			{&metricWritten, "", float64(s.MessagesWritten)},
			{&metricQueued, "transmit", float64(s.QueuedSend)},
			{&metricQueued, "receive", float64(s.QueuedRecv)},
			{&metricUtilization, "", fullest},
			{&metricPeers, "", float64(s.PeerCount)},
			{&metricSubscriptions, "", float64(s.Subscriptions)},
		} {
			if !yield(v) {
				return
			}
		}
		// Every reason and kind, also those that have not occurred: a counter that begins
		// above 0 has no rate.
		for _, all := range []struct {
			metric *Metric
			names  []string
			counts map[string]uint64
		}{{&metricDropped, dropNames, s.Drops}, {&metricEvents, eventNames, s.Events}} {
			for _, name := range all.names {
				if !yield(Sample{all.metric, name, float64(all.counts[name])}) {
					return
				}
			}
		}
		for _, byName := range []struct {
			metric *Metric
			counts map[string]uint64
		}{{&metricClosed, s.CloseReasons}, {&metricEndpoints, states}} {
			for name, n := range byName.counts {
				if !yield(Sample{byName.metric, name, float64(n)}) {
					return
				}
			}
		}
	}
}

// The names of all reasons and kinds.
var (
	dropNames  = names(zmq.DropHWM)
	eventNames = names(zmq.EventListening)
)

// names returns the names of the constants from first on.
func names[T interface {
	~uint8
	String() string
}](first T) (list []string) {
	for n := first; n.String() != "unknown"; n++ {
		list = append(list, n.String())
	}
	return list
}
