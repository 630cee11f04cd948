package zmqstat

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zerobroker/zmq"
)

// Socket has the counters of one socket, as [zmq.Stats] defines them. The keys of
// its maps are the names of the reasons and kinds, such as "no_route".
type Socket struct {
	Name             string            `json:"name"` // in the registry
	Type             string            `json:"type"` // such as "PUB"
	MessagesSent     uint64            `json:"messages_sent"`
	BytesSent        uint64            `json:"bytes_sent"`
	MessagesWritten  uint64            `json:"messages_written"`
	MessagesReceived uint64            `json:"messages_received"`
	BytesReceived    uint64            `json:"bytes_received"`
	QueuedSend       int               `json:"queued_send"`
	QueuedRecv       int               `json:"queued_recv"`
	PeerCount        int               `json:"peers"`
	Subscriptions    int               `json:"subscriptions"`
	Drops            map[string]uint64 `json:"drops"`
	Events           map[string]uint64 `json:"events"`
	CloseReasons     map[string]uint64 `json:"close_reasons"`
	Endpoints        []Endpoint        `json:"endpoints"`
	Failures         []Failure         `json:"failures"`                      // oldest first
	Peers            []Peer            `json:"connections,omitempty"`         // those with the fullest queues first
	PeersOmitted     int               `json:"connections_omitted,omitempty"` // connected peers that are not in Peers
}

// Endpoint describes an endpoint, as [zmq.EndpointInfo] does.
type Endpoint struct {
	Endpoint string    `json:"endpoint"`
	Bound    bool      `json:"bound"`
	State    string    `json:"state"`
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"`
	Peers    int       `json:"peers"`
}

// Failure is an event with an error.
type Failure struct {
	Time     time.Time `json:"time"`
	Kind     string    `json:"kind"`
	Endpoint string    `json:"endpoint"`
	Remote   string    `json:"remote,omitempty"`
	Reason   string    `json:"reason,omitempty"` // a close reason
	Error    string    `json:"error"`
}

// Peer has the counters of one connected peer, as [zmq.PeerStats] defines them.
// The peer chooses its routing ID.
type Peer struct {
	Address          string            `json:"address"`              // "inproc" for a socket of this process
	RoutingID        string            `json:"routing_id,omitempty"` // hexadecimal after 0x if it is not printable text
	Type             string            `json:"type,omitempty"`
	Version          string            `json:"version,omitempty"` // of ZMTP
	Mechanism        string            `json:"mechanism,omitempty"`
	TLS              bool              `json:"tls,omitempty"`
	UserID           string            `json:"user_id,omitempty"`
	Since            time.Time         `json:"since"`
	MessagesWritten  uint64            `json:"messages_written"`
	MessagesReceived uint64            `json:"messages_received"`
	QueuedSend       int               `json:"queued_send"`
	SendHWM          int               `json:"send_hwm"` // 0 is unlimited
	QueuedRecv       int               `json:"queued_recv"`
	RecvHWM          int               `json:"recv_hwm"`
	Subscriptions    int               `json:"subscriptions,omitempty"`
	Drops            map[string]uint64 `json:"drops,omitempty"`
}

// Fullest returns the larger of the two queue lengths relative to the high-water
// marks: 1 is full. An unlimited queue is never full.
func (p *Peer) Fullest() float64 {
	return max(relative(p.QueuedSend, p.SendHWM), relative(p.QueuedRecv, p.RecvHWM))
}

func relative(n, hwm int) float64 {
	if hwm == 0 {
		return 0
	}
	return float64(n) / float64(hwm)
}

func describe(name string, s zmq.Socket, maxPeers int) Socket {
	st := s.Stats()
	out := Socket{
		Name: name, Type: s.Type().String(),
		MessagesSent: st.MessagesSent, BytesSent: st.BytesSent, MessagesWritten: st.MessagesWritten,
		MessagesReceived: st.MessagesReceived, BytesReceived: st.BytesReceived,
		QueuedSend: st.QueuedSend, QueuedRecv: st.QueuedRecv,
		PeerCount: st.Peers, Subscriptions: st.Subscriptions,
		Drops: named(st.Drops), Events: named(st.Events), CloseReasons: named(st.CloseReasons),
		Endpoints: []Endpoint{}, Failures: []Failure{},
	}
	for _, e := range s.Endpoints() {
		out.Endpoints = append(out.Endpoints, Endpoint{
			Endpoint: e.Endpoint, Bound: e.Bound, State: e.State.String(), Since: e.Since,
			Attempts: e.Attempts, Error: text(e.Err), Peers: e.Peers,
		})
	}
	for _, ev := range st.Failures {
		f := Failure{Time: ev.Time, Kind: ev.Kind.String(), Endpoint: ev.Endpoint, Error: text(ev.Err)}
		if ev.RemoteAddr != nil {
			f.Remote = ev.RemoteAddr.String()
		}
		if ev.Reason != zmq.CloseNone {
			f.Reason = ev.Reason.String()
		}
		out.Failures = append(out.Failures, f)
	}
	if maxPeers > 0 {
		out.Peers, out.PeersOmitted = peers(s, maxPeers)
	}
	return out
}

// peers describes at most limit peers, and returns the number of others.
func peers(s zmq.Socket, limit int) (list []Peer, omitted int) {
	for _, p := range s.PeerStats() {
		list = append(list, describePeer(&p))
	}
	slices.SortFunc(list, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(b.Fullest(), a.Fullest()), a.Since.Compare(b.Since), cmp.Compare(a.Address, b.Address))
	})
	if omitted = len(list) - limit; omitted > 0 {
		return list[:limit], omitted
	}
	return list, 0
}

func describePeer(p *zmq.PeerStats) Peer {
	out := Peer{
		Address: "inproc", RoutingID: printable(p.Peer.RoutingID()), Mechanism: p.Peer.Mechanism(),
		TLS: p.Peer.TLS() != nil, UserID: printable(p.Peer.UserID()), Since: p.Since,
		MessagesWritten: p.MessagesWritten, MessagesReceived: p.MessagesReceived,
		QueuedSend: p.QueuedSend, SendHWM: p.SendHWM, QueuedRecv: p.QueuedRecv, RecvHWM: p.RecvHWM,
		Subscriptions: p.Subscriptions, Drops: named(p.Drops),
	}
	if addr := p.Peer.RemoteAddr(); addr != nil {
		out.Address = addr.String()
		if out.Address == "" || out.Address == "@" {
			out.Address = addr.Network() // a client of ipc has no name
		}
	}
	if n := p.Peer.RoutingNumber(); n != 0 {
		out.RoutingID = fmt.Sprint(n)
	}
	if t := p.Peer.SocketType(); t != 0 {
		out.Type = t.String()
	}
	if v := p.Peer.Version(); v != 0 {
		out.Version = v.String()
	}
	return out
}

// printable returns text of a peer as it is if it has only graphic characters,
// otherwise in hexadecimal.
func printable(s string) string {
	graphic := utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
	if graphic && !strings.HasPrefix(s, "0x") {
		return s
	}
	return "0x" + hex.EncodeToString([]byte(s))
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return strings.ToValidUTF8(err.Error(), "\uFFFD")
}

func named[K interface {
	comparable
	fmt.Stringer
}](counts map[K]uint64) map[string]uint64 {
	out := make(map[string]uint64, len(counts))
	for k, n := range counts {
		out[k.String()] = n
	}
	return out
}
