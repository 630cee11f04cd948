package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// listener is a listener that sends text to each connection, and then reads until
// the peer closes it.
func listener(t *testing.T, text string) (endpoint string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if text == "HTTP" { // which answers a request only
					buf := make([]byte, 4)
					if io.ReadFull(conn, buf); string(buf) != "GET " {
						io.Copy(io.Discard, conn)
						return
					}
					io.WriteString(conn, "HTTP/1.0 200 OK\r\n\r\n")
					return
				}
				io.WriteString(conn, text)
				if text != "close" {
					io.Copy(io.Discard, conn)
				}
			}()
		}
	}()
	return "tcp://" + l.Addr().String()
}

// libzmqGreeting is a greeting of ZMTP 3.0 with a mechanism.
func libzmqGreeting(mechanism string) string {
	g := "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00" + mechanism
	return g + strings.Repeat("\x00", 64-len(g))
}

func TestDoctorRecognizesPeers(t *testing.T) {
	ready := "\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"
	for _, c := range []struct {
		name, sends string
		args        []string
		status      int
		want        []string
	}{
		{"HTTP that waits", "HTTP", []string{"--timeout", "3s"}, exitFailed, []string{"FAILED  greeting", "does not speak ZMTP but HTTP", "another program listens on it"}},
		{"SSH", "SSH-2.0-OpenSSH_9.2\r\n", nil, exitFailed, []string{"does not speak ZMTP but SSH"}},
		{"TLS", "\x15\x03\x03\x00\x02\x02\x46", nil, exitFailed, []string{"does not speak ZMTP but TLS", "connect to tls+tcp://"}},
		{"nothing", "", []string{"--timeout", "200ms"}, exitFailed, []string{"accepts the connection and sends nothing"}},
		{"part of a greeting", "\xff\x00\x00", []string{"--timeout", "200ms"}, exitFailed, []string{"the greeting ends after 3 bytes"}},
		{"READY at once", libzmqGreeting("NULL") + ready, nil, exitOK, []string{"greeting", "ZMTP 3.0", `Socket-Type="PUSH"`, "not made with a PUSH, because it would receive messages", "--type pull makes it"}},
		{"ERROR", libzmqGreeting("NULL") + "\x04\x0a\x05ERROR\x03400", nil, exitFailed, []string{`refuses this machine: ERROR reason="400"`, "400 means that its authenticator denies it"}},
		{"not READY", libzmqGreeting("NULL") + "\x04\x05\x04PING", nil, exitFailed, []string{"sends command PING instead of READY"}},
		{"another mechanism", libzmqGreeting("GSSAPI"), nil, exitFailed, []string{"the peer uses GSSAPI, and this command NULL", "NULL, PLAIN and CURVE"}},
		{"CURVE", libzmqGreeting("CURVE"), nil, exitFailed, []string{"the peer uses CURVE, and this command NULL", "--curve-serverkey"}},
		{"ZMTP 2.0", "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x08\x00\x00", nil, exitOK, []string{"ZMTP 2.0, an old version", "PUSH"}},
		{"escapes", libzmqGreeting("\x1b[2J"), nil, exitFailed, []string{`uses \x1b[2J, and`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out, stderr bytes.Buffer
			e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &stderr}
			status := run(t.Context(), append([]string{"doctor", listener(t, c.sends)}, c.args...), e)
			if status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			for _, w := range c.want {
				if !strings.Contains(out.String(), w) {
					t.Errorf("no %q in", w)
				}
			}
			if t.Failed() {
				t.Logf("%s%s", &out, &stderr)
			}
		})
	}
}

// The questions after a silent greeting belong to the step and end with its time.
func TestDoctorAsksNothingAfterTheTimeOfTheStep(t *testing.T) {
	a, err := parseAddress("", listener(t, "SSH-2.0-x\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := &doctorProbe{doctor: &doctor{addr: a}}
	for _, remaining := range []time.Duration{time.Minute, -time.Second} {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(remaining))
		defer cancel()
		if protocol := p.ask(ctx); (protocol == "SSH") != (remaining > 0) {
			t.Errorf("with %v left: protocol %q", remaining, protocol)
		}
	}
}

func TestDoctorExaminesTheTargetsOfSRVRecords(t *testing.T) {
	target := func(endpoint string) *net.SRV {
		host, port, _ := net.SplitHostPort(strings.TrimPrefix(endpoint, "tcp://"))
		n, _ := strconv.Atoi(port)
		return &net.SRV{Target: host + ".", Port: uint16(n), Priority: 1}
	}
	push := target(listener(t, libzmqGreeting("NULL")+"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"))
	ssh := target(listener(t, "SSH-2.0-x\r\n"))
	unused := &net.SRV{Target: "unused.example.", Port: 1, Priority: 2}
	for _, c := range []struct {
		name    string
		records []*net.SRV
		err     error
		want    []string // in the output, in this order
		failed  string   // a part of the error; empty: none
	}{
		{"two targets", []*net.SRV{push, push, unused}, nil,
			[]string{"ok      srv ", "_zmq._tcp.x is tcp://127.0.0.1:", "; not used, because of their priority: 1\n        tcp://127.0.0.1:", "not made with a PUSH", "\n        tcp://127.0.0.1:", "not made with a PUSH"}, ""},
		{"one of two fails", []*net.SRV{ssh, push}, nil,
			[]string{"FAILED  greeting", "not made with a PUSH"}, "greeting failed: the peer does not speak ZMTP but SSH"},
		{"no service", []*net.SRV{{Target: "."}}, nil, []string{"FAILED  srv", "there is no service"}, "srv+tcp://_zmq._tcp.x: srv failed: _zmq._tcp.x has no target"},
		{"no records", nil, &net.DNSError{Err: "no such host", Name: "_zmq._tcp.x", IsNotFound: true}, []string{"FAILED  srv", "check the name"}, "no such host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			cmd := &doctorCmd{Endpoint: "srv+tcp://_zmq._tcp.x", Timeout: 10 * time.Second}
			cmd.lookupSRV = func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
				if service != "" || proto != "" || name != "_zmq._tcp.x" {
					t.Errorf("looked up %q, %q, %q", service, proto, name)
				}
				return "", c.records, c.err
			}
			err := cmd.Run(t.Context(), &env{stdout: &out, stderr: &out})
			if (err != nil) != (c.failed != "") || err != nil && !strings.Contains(err.Error(), c.failed) {
				t.Errorf("error %v, want %q", err, c.failed)
			}
			rest := out.String()
			for _, want := range c.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Errorf("no %q in %q", want, rest)
				}
				rest = after
			}
			if t.Failed() {
				t.Logf("%s", &out)
			}
		})
	}
}

func TestAdviceForARefusedConnectionFitsTheAddress(t *testing.T) {
	for endpoint, local := range map[string]bool{
		"tcp://127.0.0.1:1": true, "tcp://[::1]:1": true, "tcp://localhost:1": true, "tcp://0.0.0.0:1": true, "tcp://10.0.0.7:1": false, "tcp://server:1": false,
	} {
		a, err := parsePeer("", endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if advice := adviceConnect(syscall.ECONNREFUSED, a); strings.Contains(advice, "not only 127.0.0.1") == local {
			t.Errorf("%s: %s", endpoint, advice)
		}
	}
}
