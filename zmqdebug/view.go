package zmqdebug

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zerobroker/zmq/zmqstat"
)

// view is what the page shows of a Report.
type view struct {
	Nonce    string
	Program  string
	Host     string
	Time     string
	Millis   int64 // of Time, for rates
	Sockets  []socketView
	Peers    int
	Troubled int // sockets with a problem
}

type socketView struct {
	zmqstat.Socket
	ID       string // of the element
	State    string // "ok", "warn" or "bad"
	Summary  string // what an operator needs to know first
	Send     bool   // the socket has sent, or its type does
	Recv     bool
	Full     gauge // the fullest queue
	Dropped  uint64
	Drops    []count
	Closes   []count
	Eps      []endpointView
	Rows     []peerView
	Problems []failureView // newest first
	Security string        // mechanisms of the peers, such as "CURVE" or "NULL, CURVE"
}

// count is a number with a name.
type count struct {
	Name, Help string
	N          uint64
}

// gauge is a queue length and its high-water mark.
type gauge struct {
	N, HWM  int
	Percent int // 0 to 100
	Level   string
}

type endpointView struct {
	zmqstat.Endpoint
	Level, For string
}

type peerView struct {
	zmqstat.Peer
	Send, Recv gauge
	For        string
	Dropped    uint64
	Reasons    string // of the drops
}

type failureView struct {
	zmqstat.Failure
	Ago string
}

func newView(r Report, nonce string) view {
	v := view{Nonce: nonce, Program: filepath.Base(os.Args[0]), Time: r.Time.Format("2006-01-02 15:04:05"), Millis: r.Time.UnixMilli()}
	v.Host, _ = os.Hostname()
	for i, s := range r.Sockets {
		sv := newSocketView(s, r.Time)
		sv.ID = "s" + strconv.Itoa(i)
		v.Peers += s.PeerCount
		if sv.State != "ok" {
			v.Troubled++
		}
		v.Sockets = append(v.Sockets, sv)
	}
	return v
}

// sendTypes and recvTypes list the socket types that only send or only receive.
var (
	sendTypes = []string{"PUSH", "PUB", "RADIO", "SCATTER"}
	recvTypes = []string{"PULL", "SUB", "DISH", "GATHER"}
)

func newSocketView(s zmqstat.Socket, now time.Time) socketView {
	v := socketView{
		Socket: s, Send: !slices.Contains(recvTypes, s.Type), Recv: !slices.Contains(sendTypes, s.Type),
		Drops: counts(s.Drops, dropHelp), Closes: counts(s.CloseReasons, nil),
	}
	for _, d := range v.Drops {
		v.Dropped += d.N
	}
	for _, e := range s.Endpoints {
		ev := endpointView{Endpoint: e, Level: "ok", For: age(now, e.Since)}
		switch {
		case e.State == "connected" || e.State == "listening":
		case e.Error != "" || e.State == "closed":
			ev.Level = "bad"
		default:
			ev.Level = "warn"
		}
		v.Eps = append(v.Eps, ev)
	}
	security := map[string]bool{}
	for _, p := range s.Peers {
		pv := peerView{Peer: p, Send: newGauge(p.QueuedSend, p.SendHWM), Recv: newGauge(p.QueuedRecv, p.RecvHWM), For: age(now, p.Since)}
		var reasons []string
		for _, d := range counts(p.Drops, nil) {
			pv.Dropped += d.N
			reasons = append(reasons, fmt.Sprintf("%s: %d", d.Name, d.N))
		}
		pv.Reasons = strings.Join(reasons, ", ")
		v.Rows = append(v.Rows, pv)
		for _, g := range []gauge{pv.Send, pv.Recv} {
			if g.Percent > v.Full.Percent || v.Full.HWM == 0 {
				v.Full = g
			}
		}
		if m := p.Mechanism; m != "" {
			if p.TLS {
				m += " over TLS"
			}
			security[m] = true
		}
	}
	v.Security = strings.Join(slices.Sorted(maps.Keys(security)), ", ")
	for _, f := range slices.Backward(s.Failures) {
		v.Problems = append(v.Problems, failureView{f, age(now, f.Time) + " ago"})
	}
	v.State, v.Summary = summary(&v)
	return v
}

// summary says how a socket is doing, the most serious problem first.
func summary(v *socketView) (state, text string) {
	down := slices.IndexFunc(v.Eps, func(e endpointView) bool { return e.Level == "bad" })
	full := 0
	for _, p := range v.Rows {
		if p.Send.Percent == 100 || p.Recv.Percent == 100 {
			full++
		}
	}
	switch {
	case down >= 0:
		e := v.Eps[down]
		if e.Error == "" {
			return "bad", fmt.Sprintf("%s is %s", e.Endpoint.Endpoint, e.State)
		}
		return "bad", fmt.Sprintf("%s is not connected: %s", e.Endpoint.Endpoint, e.Error)
	case full > 0:
		return "bad", fmt.Sprintf("the queues of %s are full", plural(full, "peer"))
	case len(v.Eps) == 0:
		return "warn", "neither bound nor connected"
	case v.PeerCount == 0:
		return "warn", "no peer is connected"
	case v.Full.Percent >= 80:
		return "warn", fmt.Sprintf("a queue is %d%% full", v.Full.Percent)
	}
	return "ok", plural(v.PeerCount, "peer") + " connected"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return number(n) + " " + what + "s"
}

func newGauge(n, hwm int) gauge {
	g := gauge{N: n, HWM: hwm, Level: "ok"}
	if hwm > 0 {
		g.Percent = min(100, int(math.Floor(100*float64(n)/float64(hwm))))
	}
	switch {
	case g.Percent == 100:
		g.Level = "bad"
	case g.Percent >= 80:
		g.Level = "warn"
	}
	return g
}

// counts returns the counters in the order of their size.
func counts(m map[string]uint64, help map[string]string) (list []count) {
	for name, n := range m {
		list = append(list, count{strings.ReplaceAll(name, "_", " "), help[name], n})
	}
	slices.SortFunc(list, func(a, b count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name)) })
	return list
}

// dropHelp explains drop reasons to an operator.
var dropHelp = map[string]string{
	"hwm":         "a queue was full",
	"no_route":    "no peer to send to",
	"in_flight":   "partly written when the connection was lost",
	"conn_lost":   "queued for a connection that was lost",
	"linger":      "not sent before the linger time ended",
	"unread":      "received, and not read before the end",
	"stale_reply": "a reply that no call waits for",
	"requester":   "a reply to a requester that has disconnected",
	"malformed":   "without the frames that the socket type requires",
	"upstream":    "sent by a peer to a socket that does not receive",
	"filtered":    "received without a subscription",
	"partial":     "received in part when the connection was lost",
	"conflated":   "replaced by a newer message",
	"refused":     "from a peer that was refused",
	"rejected":    "refused by the peer",
	"too_large":   "larger than a datagram",
	"unreachable": "a datagram that did not reach its destination",
}

// age returns how long ago t was, with one or two units.
func age(now, t time.Time) string {
	d := max(0, now.Sub(t))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm %ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh %dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd %dh", int(d.Hours())/24, int(d.Hours())%24)
}

// number writes n with separators between thousands.
func number(n any) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u2009" + s[i:]
	}
	return s
}

// byteCount writes a number of bytes with a binary unit.
func byteCount(n uint64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1024, 0
	for ; f >= 1023.95 && i < len(units)-1; i++ {
		f /= 1024
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}
