package interop

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/interop/internal/harness"
)

// jar is the path of JeroMQ 0.3.6 in Debian's libjeromq-java. JeroMQ 0.3.6
// speaks ZMTP 2.0. It is optional: without it these tests are skipped even with
// ZMQ_INTEROP_REQUIRED=1.
const jar = "/usr/share/java/jeromq.jar"

// java is a process that runs JeroPeer.java.
type java struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Writer
	lines  chan string // answers of the process; closed when it ends
	stderr bytes.Buffer
	names  int
}

func startJava(t *testing.T) *java {
	t.Helper()
	if _, err := os.Stat(jar); err != nil {
		t.Skip("no libjeromq-java: ", err)
	}
	path, err := exec.LookPath("java")
	if err != nil {
		t.Skip("no java: ", err)
	}
	j := &java{t: t, cmd: harness.Command(path, "-cp", jar, "JeroPeer.java"), lines: make(chan string)}
	j.cmd.Stderr = &j.stderr
	stdin, err := j.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	j.stdin = stdin
	stdout, err := j.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := j.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go j.read(stdout)
	t.Cleanup(j.kill)
	return j
}

func (j *java) read(stdout io.Reader) {
	defer close(j.lines)
	in := bufio.NewReader(stdout)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		j.lines <- strings.TrimSuffix(line, "\n")
	}
}

func (j *java) kill() {
	j.cmd.Process.Kill()
	for range j.lines {
	}
	j.cmd.Wait()
	if text := bytes.TrimSpace(j.stderr.Bytes()); len(text) > 0 {
		j.t.Logf("standard error of the Java peer:\n%s", text)
	}
}

// call runs a command, which must succeed, and returns the words of the answer.
func (j *java) call(t *testing.T, words ...string) []string {
	t.Helper()
	command := strings.Join(words, " ")
	if _, err := io.WriteString(j.stdin, command+"\n"); err != nil {
		t.Fatalf("write to the Java peer: %v", err)
	}
	select {
	case line, alive := <-j.lines:
		answer := strings.Split(line, " ")
		if !alive || answer[0] != "ok" {
			t.Fatalf("JeroMQ: %.60s: %q", command, line)
		}
		return answer[1:]
	case <-time.After(waitLimit + waitLimit/2):
		t.Fatalf("no answer to %.60s", command)
	}
	return nil
}

// jero is a JeroMQ socket.
type jero struct {
	j          *java
	t          *testing.T
	kind, name string
}

func (j *java) socket(t *testing.T, typ string) *jero {
	t.Helper()
	j.names++
	s := &jero{j, t, typ, fmt.Sprint(typ, j.names)}
	words := []string{"socket", s.name, typ, fmt.Sprint(waitLimitMS)}
	if hasID(typ) {
		words = append(words, word([]byte(theirsID)))
	}
	j.call(t, words...)
	t.Cleanup(func() { s.call("close") })
	return s
}

// word encodes a frame for JeroPeer.java.
func word(b []byte) string { return "." + base64.StdEncoding.EncodeToString(b) }

func (s *jero) call(what string, words ...string) []string {
	s.t.Helper()
	return s.j.call(s.t, append([]string{what, s.name}, words...)...)
}

func (s *jero) typ() string { return s.kind }

func (s *jero) bind(endpoint string) string {
	s.t.Helper()
	s.call("bind", endpoint)
	return endpoint
}

func (s *jero) connect(endpoint string) {
	s.t.Helper()
	s.call("connect", endpoint)
}

func (s *jero) subscribe(topics ...string) {
	s.t.Helper()
	for _, topic := range topics {
		if s.kind == "XSUB" {
			s.send(text("\x01" + topic))
		} else {
			s.call("subscribe", word([]byte(topic)))
		}
	}
}

func (s *jero) send(m message) {
	s.t.Helper()
	var words []string
	for _, f := range m.frames() {
		words = append(words, word(f))
	}
	s.call("send", words...)
}

func (s *jero) expect(want message) {
	s.t.Helper()
	var got [][]byte
	for _, w := range s.call("recv") {
		b, err := base64.StdEncoding.DecodeString(w[1:])
		if err != nil {
			s.t.Fatal(err)
		}
		got = append(got, b)
	}
	if diff := want.difference(got); diff != "" {
		s.t.Fatalf("JeroMQ's %s received: %s", s.kind, diff)
	}
}

// All valid pairs with JeroMQ exchange messages over tcp. JeroMQ's ipc is
// incompatible. The test omits its PUB, because it does not report when a
// subscription has arrived; its XPUB does. JeroMQ's XSUB sends subscriptions
// only.
func TestJeroMQPairsExchangeMessages(t *testing.T) {
	j := startJava(t)
	for _, r := range allRoles() {
		for _, oursBinds := range []bool{true, false} {
			switch r.theirs {
			case "PUB":
				continue
			case "XSUB":
				r.pair.talk = oneWay
			}
			t.Run(r.String()+boundBy(oursBinds), func(t *testing.T) {
				o, th := newOurs(t, r.ours, nil), j.socket(t, r.theirs)
				r.prepare(o, th)
				join(o, th, oursBinds, freeEndpoint(t, "tcp"))
				r.settle(o, th, nil)
				if v := o.Peers()[0].Version(); v.String() != "2.0" {
					t.Errorf("JeroMQ speaks ZMTP %s", v)
				}
				r.exchange(o, th, []int{0, 1, 255, 256, 8192, 65535})
			})
		}
	}
}
