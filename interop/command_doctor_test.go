package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// doctorSteps runs zmq doctor --json, and returns its lines as "step: text (advice)",
// where a step that failed has the prefix "FAILED".
func doctorSteps(t *testing.T, args ...string) (steps string, status int) {
	t.Helper()
	out, status := runZmq(t, append([]string{"doctor", "--json"}, args...)...)
	var b strings.Builder
	for line := range strings.Lines(out) {
		var s struct {
			Step, Text, Advice string
			OK                 bool
			Seconds            *float64
		}
		if err := json.Unmarshal([]byte(line), &s); err != nil || s.Seconds == nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !s.OK {
			b.WriteString("FAILED ")
		}
		b.WriteString(s.Step + ": " + s.Text)
		if s.Advice != "" {
			b.WriteString(" (" + s.Advice + ")")
		}
		b.WriteString("\n")
	}
	return b.String(), status
}

// wantDoctor runs zmq doctor, whose output must match a pattern. Its exit status must
// be 1 exactly if the pattern names a failed step.
func wantDoctor(t *testing.T, pattern string, args ...string) {
	t.Helper()
	steps, status := doctorSteps(t, args...)
	want := 0
	if strings.Contains(pattern, "FAILED") {
		want = 1
	}
	if status != want || !regexp.MustCompile(pattern).MatchString(steps) {
		t.Errorf("zmq doctor %q: exit status %d, want %d; it prints\n%s\nwant %s", args, status, want, steps, pattern)
	}
}

// A socket of libzmq with NULL: the type is known, and the handshake complete.
func TestDoctorExaminesLibzmqSockets(t *testing.T) {
	for typ, want := range map[string]string{
		"REP": `socket type: .*Socket-Type="REP".*\nhandshake: complete as REQ with a REP\n$`, "ROUTER": `complete as REQ with a ROUTER\n$`,
		"PUB":  `complete as SUB with a PUB\nsubscription: the publisher has received a subscription\n$`,
		"XPUB": `complete as SUB with a XPUB\nsubscription: the publisher has received a subscription\n$`,
		"PULL": `complete as PUSH with a PULL\n$`,
		"PUSH": `handshake: not made with a PUSH, because it would receive messages.*--type pull makes it\n$`,
		"PAIR": `handshake: not made with a PAIR, because it would be its only peer`,
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			th := newTheirs(t, typ, nil)
			ep := th.bind(freeEndpoint(t, "tcp"))
			wantDoctor(t, `^connect: connected to .*\ngreeting: ZMTP 3.1\nmechanism: NULL\n(.*\n)*.*`+want, ep)
		})
	}
	t.Run("wrong type", func(t *testing.T) {
		t.Parallel()
		ep := newTheirs(t, "REP", nil).bind(freeEndpoint(t, "tcp"))
		wantDoctor(t, `FAILED handshake: as SUB: .*the peer is a REP: a REQ communicates with it\)`, ep, "--type", "sub")
	})
	t.Run("SUB", func(t *testing.T) {
		t.Parallel()
		th := newTheirs(t, "SUB", nil)
		th.subscribe("weather")
		p := startZmq(t, "doctor", th.bind(freeEndpoint(t, "tcp")))
		th.connected() // a SUB of libzmq that is bound subscribes within a call
		p.await(&p.stdout, `complete as XPUB with a SUB\n.*the peer subscribes to "weather"$`)
	})
}

// secretFile writes a file that only the user can read.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every answer of a ZAP handler, with each mechanism, is explained.
func TestDoctorExplainsAuthenticationOfLibzmqServers(t *testing.T) {
	password := secretFile(t, "password\n")
	for _, m := range []struct {
		name string
		o    options
		args []string
	}{
		{"NULL", options{"ZAP_DOMAIN": "global"}, nil},
		{"PLAIN", options{"PLAIN_SERVER": 1, "ZAP_DOMAIN": "global"}, []string{"--plain-user", "alice", "--plain-password-file", password}},
		{"CURVE", options{"CURVE": "server", "ZAP_DOMAIN": "global"}, nil},
	} {
		for status, want := range map[string]string{
			"200": `handshake: complete as REQ with a REP`,
			"300": `FAILED .*\((.*look at its log.*|.*cannot decide.*|.*ask.*)\)`,
			"400": `FAILED .*400.*\(.*(denies|check the name|accepts).*\)`,
			"500": `FAILED .*500.*\(.*failed.*look at (its|the) log.*\)`,
		} {
			t.Run(m.name+"/"+status, func(t *testing.T) {
				t.Parallel()
				p := startPython(t)
				p.call(command{"do": "zap", "policy": map[string]any{"Status": status}})
				th := p.socket("REP", m.o)
				args := append([]string{th.bind(freeEndpoint(t, "tcp")), "--timeout", "3s"}, m.args...)
				if m.name == "CURVE" {
					args = append(args, "--curve-serverkey", th.do("key", nil).Names[0])
				}
				wantDoctor(t, want, args...)
			})
		}
	}
	t.Run("another key", func(t *testing.T) {
		t.Parallel()
		p := startPython(t)
		p.call(command{"do": "zap", "policy": map[string]any{"Status": "200"}})
		ep := p.socket("REP", options{"CURVE": "server"}).bind(freeEndpoint(t, "tcp"))
		other := p.socket("REP", options{"CURVE": "server"}).do("key", nil).Names[0]
		wantDoctor(t, `FAILED handshake: .*another key.*\(compare --curve-serverkey`, ep, "--curve-serverkey", other)
		wantDoctor(t, `FAILED mechanism: the peer uses CURVE, and this command NULL \(give the public key`, ep)
	})
}

// silentPort returns the endpoint of a port whose system does not answer, as behind
// a firewall that drops packets: a listener that accepts nothing and has a full
// queue.
func silentPort(t *testing.T) string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 100 {
		conn, err := net.DialTimeout("tcp", addr, 200*time.Millisecond)
		if err != nil {
			return "tcp://" + addr
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Skip("this system answers although the queue of a listener is full")
	return ""
}

// Each way in which there is no socket is explained.
func TestDoctorExplainsWhatIsNoSocket(t *testing.T) {
	listen := func(t *testing.T) net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	t.Run("closed port", func(t *testing.T) {
		wantDoctor(t, `^FAILED connect: connection refused \(no program listens on this port`, freeEndpoint(t, "tcp"))
	})
	t.Run("filtered port", func(t *testing.T) {
		wantDoctor(t, `^FAILED connect: .*\(no answer: the machine is off, or a firewall drops the packets`, silentPort(t), "--timeout", "300ms")
	})
	t.Run("HTTP", func(t *testing.T) {
		s := httptest.NewServer(http.NotFoundHandler())
		defer s.Close()
		wantDoctor(t, `FAILED greeting: the peer does not speak ZMTP but HTTP \(check the port`, strings.Replace(s.URL, "http", "tcp", 1), "--timeout", "4s")
	})
	t.Run("TLS", func(t *testing.T) {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		defer s.Close()
		wantDoctor(t, `FAILED greeting: the peer does not speak ZMTP but TLS \(connect to tls\+tcp://`, strings.Replace(s.URL, "https", "tcp", 1), "--timeout", "4s")
	})
	t.Run("silent", func(t *testing.T) {
		l := listen(t)
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go io.Copy(io.Discard, conn)
			}
		}()
		wantDoctor(t, `FAILED greeting: the peer accepts the connection and sends nothing \(it is no ZeroMQ socket, or its program hangs`, "tcp://"+l.Addr().String(), "--timeout", "300ms")
	})
	t.Run("no such name", func(t *testing.T) {
		wantDoctor(t, `^FAILED resolve: nowhere.invalid: .*\(check the name, and the name server`, "tcp://nowhere.invalid:5555")
	})
}
