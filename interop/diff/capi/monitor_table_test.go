package capi

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/monitor"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Numbers of options in scenarios.
const (
	reconnectIvl     = 18
	maxMsgSize       = 22
	acceptFilter     = 38
	plainServer      = 44
	plainUsername    = 45
	plainPassword    = 46
	zapDomain        = 55
	ipcFilterPID     = 58
	ipcFilterUID     = 59
	ipcFilterGID     = 60
	handshakeIvl     = 66
	heartbeatIvl     = 75
	heartbeatTimeout = 77
	reconnectStop    = 109
)

// monitored is a scenario of which the events are compared.
type monitored struct {
	name   string
	over   string // transports: tcp, ipc or both
	drafts bool   // an option of it is a draft
	status string // of every ZAP request
	run    func(r *run)
}

// monitorDifferences are intended differences: how the transcript of this library
// follows from that of libzmq, by scenario. docs/DEVIATIONS.md has the reasons.
var monitorDifferences = map[string]func(line string) []string{
	// monitor-names
	"connect-by-name": func(line string) []string {
		if strings.HasPrefix(line, "c ") {
			line = strings.Replace(line, " local", " name", 1)
		}
		return []string{line}
	},
	// monitor-bind-failed
	"bind-to-endpoint-in-use": func(line string) []string {
		if strings.HasPrefix(line, "d closed") {
			return nil
		}
		return []string{bindFailedAddress.ReplaceAllString(line, "$1 x")}
	},
	// monitor-codes
	"malformed-error":      code("0x10000015", "0x10000011"),
	"ready-without-name":   code("0x10000001", "0x10000011"),
	"message-before-ready": code("0x10000001", "0x10000011"),
	"ready-with-malformed-property": func(line string) []string {
		if ours := strings.Replace(line, "disconnected <fd>", "handshake_failed_protocol 0x10000011", 1); ours != line {
			return []string{ours, line}
		}
		return []string{line}
	},
}

var bindFailedAddress = regexp.MustCompile(`(bind_failed .*) 127\.\d+\.\d+\.\d+:<port>`)

// code replaces the code of a protocol error.
func code(libzmq, ours string) func(line string) []string {
	return func(line string) []string { return []string{strings.Replace(line, libzmq, ours, 1)} }
}

// expected returns the transcript of this library for that of libzmq.
func (s *monitored) expected(t *testing.T, libzmq []string) []string {
	differs := monitorDifferences[s.name]
	if differs == nil {
		return libzmq
	}
	var ours []string
	for _, line := range libzmq {
		ours = append(ours, differs(line)...)
	}
	if slices.Equal(ours, libzmq) {
		t.Error("the intended difference is not one")
	}
	return ours
}

var monitorScenarios = []monitored{
	{"bind-and-connect", "tcp ipc", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("c", pattern.PUSH, nil)
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		r.shut("c")
		r.until("b", monitor.Disconnected)
	}},
	{"connect-before-bind", "tcp ipc", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("c", pattern.PUSH, nil)
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.ConnectRetried)
		r.until("c", monitor.ConnectRetried)
		r.check(r.bind("b", r.at("x")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		r.shut("c")
		r.until("b", monitor.Disconnected)
	}},
	{"listener-closes-and-is-bound-again", "tcp ipc", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("c", pattern.PUSH, nil)
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		r.shut("b")
		r.until("c", monitor.ConnectRetried)
		r.until("c", monitor.ConnectRetried)
		r.socket("d", pattern.PULL, nil)
		r.check(r.bind("d", r.at("x")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("d", monitor.HandshakeSucceeded)
		r.shut("c")
		r.until("d", monitor.Disconnected)
	}},
	{"unbind", "tcp ipc", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("c", pattern.PUSH, nil)
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		r.check(r.unbind("b", r.at("x")))
		r.until("c", monitor.ConnectRetried)
		r.shut("b")
	}},
	{"disconnect", "tcp ipc", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("c", pattern.PUSH, nil)
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		r.check(r.disconnect("c", r.at("x")))
		r.until("b", monitor.Disconnected)
		r.shut("c")
		r.shut("b")
	}},
	{"wildcard-address", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("c", pattern.PUSH, nil)
		r.check(r.bind("b", strings.Replace(r.at("wild"), "0.0.0.0", "*", 1)))
		r.check(r.connect("c", strings.Replace(r.at("wild"), "0.0.0.0", "127.0.0.1", 1)))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		r.shut("c")
		r.until("b", monitor.Disconnected)
	}},
	{"connect-by-name", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("c", pattern.PUSH, nil)
		r.check(r.bind("b", r.at("local")))
		r.check(r.connect("c", r.at("name")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		r.shut("b")
		r.until("c", monitor.ConnectRetried)
		r.until("c", monitor.ConnectRetried)
	}},
	{"bind-to-endpoint-in-use", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("d", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		if r.bind("d", r.at("x")) == nil {
			panic("two sockets are bound to one endpoint")
		}
		r.until("d", monitor.BindFailed)
	}},
	{"no-reconnect", "tcp ipc", false, "", func(r *run) {
		r.socket("c", pattern.PUSH, map[int]any{reconnectIvl: -1})
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.Closed)
	}},
	{"no-reconnect-after-loss", "tcp ipc", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("c", pattern.PUSH, map[int]any{reconnectIvl: -1})
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		r.shut("b")
		r.until("c", monitor.Disconnected)
	}},
	{"stop-when-refused", "tcp", true, "", func(r *run) {
		r.socket("c", pattern.PUSH, map[int]any{reconnectStop: 1})
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.Closed)
	}},
	{"stop-when-refused-later", "tcp", true, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.socket("c", pattern.PUSH, map[int]any{reconnectStop: 1})
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		r.shut("b")
		r.until("c", monitor.Closed)
	}},
	{"stop-when-handshake-fails", "tcp ipc", true, "", func(r *run) {
		r.socket("c", pattern.PUSH, map[int]any{reconnectStop: 2})
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		c.Close()
		r.until("c", monitor.Disconnected)
	}},
	{"stop-after-disconnect", "ipc", true, "", func(r *run) {
		r.socket("c", pattern.PUSH, map[int]any{reconnectStop: 4})
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.ConnectRetried)
		r.check(r.disconnect("c", r.at("x")))
	}},
	{"peer-of-another-socket-type", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.ready("PUB")
		c.drain()
		r.until("b", monitor.Disconnected)
	}},
	{"listener-of-another-socket-type", "tcp", false, "", func(r *run) {
		r.socket("c", pattern.PULL, nil)
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		c.ready("PUB")
		c.drain()
		r.until("c", monitor.Disconnected)
	}},
	{"mechanisms-do-not-match", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, map[int]any{plainServer: 1})
		r.socket("c", pattern.PUSH, nil)
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("b", monitor.Disconnected)
		r.until("c", monitor.Disconnected)
	}},
	{"plain-200", "tcp", false, "200", plain(monitor.HandshakeSucceeded)},
	{"plain-300", "tcp", false, "300", plain(monitor.Disconnected)},
	{"plain-400", "tcp", false, "400", plain(monitor.Disconnected)},
	{"plain-500", "tcp", false, "500", plain(monitor.Disconnected)},
	{"null-200", "tcp", false, "200", null(monitor.HandshakeSucceeded)},
	{"null-300", "tcp", false, "300", null(monitor.Disconnected)},
	{"null-400", "tcp", false, "400", null(monitor.Disconnected)},
	{"null-500", "tcp", false, "500", null(monitor.Disconnected)},
	{"peer-of-another-protocol", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.Write([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00BAD!"))
		c.Write(make([]byte, 64))
		c.drain()
		r.until("b", monitor.Disconnected)
	}},
	{"peer-closes-before-its-greeting", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		io.ReadFull(c, make([]byte, 10))
		c.Close()
		r.until("b", monitor.Disconnected)
	}},
	{"peer-closes-after-its-greeting", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.greet("NULL")
		c.Close()
		r.until("b", monitor.Disconnected)
	}},
	{"listener-closes-before-its-greeting", "tcp ipc", false, "", func(r *run) {
		r.socket("c", pattern.PUSH, nil)
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		io.ReadFull(c, make([]byte, 10))
		c.Close()
		r.until("c", monitor.ConnectRetried)
	}},
	{"peer-is-silent", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, map[int]any{handshakeIvl: 50})
		r.check(r.bind("b", r.at("x")))
		r.dial("x").drain()
		r.until("b", monitor.Disconnected)
	}},
	{"listener-is-silent", "tcp", false, "", func(r *run) {
		r.socket("c", pattern.PUSH, map[int]any{handshakeIvl: 50})
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		c.drain()
		r.until("c", monitor.ConnectRetried)
	}},
	{"peer-with-unknown-mechanism", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.greet("OTHER")
		c.drain()
		r.until("b", monitor.Disconnected)
	}},
	{"command-before-ready", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.greet("NULL")
		c.command("\x05HELLO")
		c.drain()
		r.until("b", monitor.Disconnected)
	}},
	{"message-before-ready", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.greet("NULL")
		c.Write([]byte("\x00\x01a"))
		c.drain()
		r.until("b", monitor.Disconnected)
	}},
	{"ready-with-malformed-property", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.greet("NULL")
		c.command("\x05READY\x0bSocket-Type\x00\x00\x00\x09PUSH")
		c.drain()
		r.until("b", monitor.Disconnected)
	}},
	{"ready-without-name", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.greet("NULL")
		c.command("")
		c.drain()
		r.until("b", monitor.Disconnected)
	}},
	{"error-in-place-of-ready", "tcp", false, "", func(r *run) {
		r.socket("c", pattern.PUSH, nil)
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		c.greet("NULL")
		c.command("\x05ERROR\x03400")
		c.drain()
		r.until("c", monitor.Disconnected)
	}},
	{"error-with-other-reason", "tcp", false, "", func(r *run) {
		r.socket("c", pattern.PUSH, nil)
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		c.greet("NULL")
		c.command("\x05ERROR\x07go away")
		c.drain()
		r.until("c", monitor.Disconnected)
	}},
	{"malformed-error", "tcp", false, "", func(r *run) {
		r.socket("c", pattern.PUSH, nil)
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		c.greet("NULL")
		c.command("\x05ERROR\x09400")
		c.drain()
		r.until("c", monitor.Disconnected)
	}},
	{"peer-of-zmtp-2", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.Write([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x08\x00\x00"))
		io.ReadFull(c, make([]byte, 14))
		c.Close()
		r.until("b", monitor.Disconnected)
	}},
	{"peer-of-zmtp-1", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.Write([]byte("\x01\x00"))
		io.ReadFull(c, make([]byte, 2))
		c.Close()
		r.until("b", monitor.Disconnected)
	}},
	{"peer-closes", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.ready("PUSH")
		r.until("b", monitor.HandshakeSucceeded)
		c.Close()
		r.until("b", monitor.Disconnected)
	}},
	{"listener-closes", "tcp", false, "", func(r *run) {
		r.socket("c", pattern.PUSH, nil)
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		c.ready("PULL")
		r.until("c", monitor.HandshakeSucceeded)
		c.Close()
		r.until("c", monitor.ConnectRetried)
	}},
	{"unknown-command-after-handshake", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.ready("PUSH")
		r.until("b", monitor.HandshakeSucceeded)
		c.command("\x07UNKNOWN")
		c.Close()
		r.until("b", monitor.Disconnected)
	}},
	{"message-above-limit", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, map[int]any{maxMsgSize: int64(100)})
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.ready("PUSH")
		r.until("b", monitor.HandshakeSucceeded)
		c.Write(append([]byte("\x00\xc8"), make([]byte, 200)...))
		c.drain()
		r.until("b", monitor.Disconnected)
	}},
	{"message-of-listener-above-limit", "tcp", false, "", func(r *run) {
		r.socket("c", pattern.PULL, map[int]any{maxMsgSize: int64(100)})
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		c.ready("PUSH")
		r.until("c", monitor.HandshakeSucceeded)
		c.Write(append([]byte("\x00\xc8"), make([]byte, 200)...))
		c.drain()
		r.until("c", monitor.Disconnected)
	}},
	{"heartbeat-timeout", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, map[int]any{heartbeatIvl: 20, heartbeatTimeout: 20})
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		c.Write([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01NULL"))
		c.Write(make([]byte, 48))
		io.ReadFull(c, make([]byte, 64))
		c.command("\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH")
		r.until("b", monitor.HandshakeSucceeded)
		c.drain()
		r.until("b", monitor.Disconnected)
	}},
	{"accept-filter", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PULL, map[int]any{acceptFilter: "10.0.0.0/8"})
		r.check(r.bind("b", r.at("x")))
		r.dial("x").drain()
		r.until("b", monitor.AcceptFailed)
	}},
	{"ipc-filter-refuses", "ipc", false, "", func(r *run) {
		r.socket("b", pattern.PULL, map[int]any{ipcFilterUID: os.Getuid() + 1, ipcFilterGID: os.Getgid() + 1})
		r.check(r.bind("b", r.at("x")))
		r.dial("x").drain()
		r.until("b", monitor.AcceptFailed)
	}},
	{"ipc-filter-accepts", "ipc", false, "", func(r *run) {
		r.socket("b", pattern.PULL, map[int]any{ipcFilterUID: os.Getuid() + 1, ipcFilterPID: os.Getpid()})
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		r.until("b", monitor.Accepted)
		c.Close()
		r.until("b", monitor.Disconnected)
	}},
	{"stream", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.STREAM, nil)
		r.check(r.bind("b", r.at("x")))
		c := r.dial("x")
		r.until("b", monitor.Accepted)
		c.Close()
		r.until("b", monitor.Disconnected)
	}},
	{"stream-connects", "tcp", false, "", func(r *run) {
		r.socket("c", pattern.STREAM, nil)
		c := r.accept("x", func() { r.check(r.connect("c", r.at("x"))) })
		r.until("c", monitor.Connected)
		c.Close()
		r.until("c", monitor.ConnectRetried)
	}},
	{"second-peer-of-pair", "tcp", false, "", func(r *run) {
		r.socket("b", pattern.PAIR, nil)
		r.socket("c", pattern.PAIR, nil)
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("c", monitor.HandshakeSucceeded)
		r.until("b", monitor.HandshakeSucceeded)
		c := r.dial("x")
		r.until("b", monitor.Accepted)
		c.Close()
		r.until("b", monitor.Disconnected)
	}},
}

// plain is a PUSH with a password that the ZAP handler judges. wait is the last
// event of both sockets.
func plain(wait monitor.Kind) func(*run) {
	return func(r *run) {
		r.socket("b", pattern.PULL, map[int]any{plainServer: 1, handshakeIvl: 200})
		r.socket("c", pattern.PUSH, map[int]any{plainUsername: "ann", plainPassword: "word", handshakeIvl: 200})
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("b", wait)
		r.until("c", wait)
	}
}

// null is the same without a password.
func null(wait monitor.Kind) func(*run) {
	return func(r *run) {
		r.socket("b", pattern.PULL, map[int]any{zapDomain: "diff", handshakeIvl: 200})
		r.socket("c", pattern.PUSH, map[int]any{handshakeIvl: 200})
		r.check(r.bind("b", r.at("x")))
		r.check(r.connect("c", r.at("x")))
		r.until("b", wait)
		r.until("c", wait)
	}
}

// TestMonitorHasTheEventsOfLibzmq compares the frames of all events, in their order,
// in version 1.
func TestMonitorHasTheEventsOfLibzmq(t *testing.T) { testMonitor(t, libzmq434, 1) }

// TestMonitorHasTheEventsOfDraftLibzmq compares them in version 2, and with the draft
// options.
func TestMonitorHasTheEventsOfDraftLibzmq(t *testing.T) { testMonitor(t, libzmq435, 2) }

func testMonitor(t *testing.T, l *library, version int) {
	t.Parallel()
	for _, s := range monitorScenarios {
		for _, over := range strings.Fields(s.over) {
			t.Run(s.name+"/"+over, func(t *testing.T) {
				t.Parallel()
				if s.drafts && !l.drafts {
					t.Skip("an option of the scenario is a draft")
				}
				open := l.borrow
				if s.status != "" { // the ZAP handler remains
					open = l.open
				}
				p := open(t)
				if s.status != "" {
					p.must(t, "zap", call{"status": s.status})
				}
				libzmq := &run{implementation: &theirs{p, version}, version: version, at: endpointsOf(t, over), log: map[string][]string{}}
				if err := libzmq.do(s.run); err != nil {
					t.Fatalf("libzmq: %v\n%s", err, strings.Join(libzmq.transcript(), "\n"))
				}
				core := &own{version: version, status: s.status, space: inproc.NewNamespace(), sockets: map[string]*ownSocket{}}
				defer core.end()
				ours := &run{implementation: core, version: version, at: endpointsOf(t, over), log: map[string][]string{}}
				err := ours.do(s.run)
				a, b := libzmq.transcript(), ours.transcript()
				if err != nil || !slices.Equal(s.expected(t, a), b) {
					t.Errorf("%v\nlibzmq:\n  %s\nours:\n  %s", err, strings.Join(a, "\n  "), strings.Join(b, "\n  "))
				}
			})
		}
	}
}
