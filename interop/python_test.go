package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/zerobroker/zmq/interop/internal/harness"
)

// python is a process that runs peer.py, or another program with the same
// protocol.
type python struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan []byte // answers of the process; closed when it ends
	stderr bytes.Buffer
	names  int
}

// command is a line sent to peer.py, answer a line received from it.
type command map[string]any

type answer struct {
	Error    string
	Endpoint string
	Frames   []digest
	Names    []string
	Count    int
	Texts    []string // frames as text, from udp.mjs and czmq.py

	// A certificate, from czmq.py.
	Public, Secret string
	Meta           map[string]string
}

// startPython starts peer.py. The process is killed at the end of the test.
func startPython(t *testing.T) *python {
	t.Helper()
	requireLibzmq(t)
	return startPeer(t, interpreter, "-I", "peer.py")
}

// startPeer starts a process that answers each input line with an output line.
// The process is killed at the end of the test.
func startPeer(t *testing.T, name string, args ...string) *python {
	t.Helper()
	p := &python{t: t, cmd: harness.Command(name, args...), lines: make(chan []byte)}
	p.cmd.Stderr = &p.stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(stdout)
	t.Cleanup(p.kill)
	return p
}

func (p *python) read(stdout io.Reader) {
	defer close(p.lines)
	in := bufio.NewReader(stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		p.lines <- line
	}
}

// kill ends the process with SIGKILL. Further calls do nothing.
func (p *python) kill() {
	if p.cmd.ProcessState != nil {
		return
	}
	p.cmd.Process.Kill()
	for range p.lines {
	}
	p.cmd.Wait()
	if text := bytes.TrimSpace(p.stderr.Bytes()); len(text) > 0 {
		p.t.Logf("standard error of the peer:\n%s", text)
	}
}

// begin sends a command and returns a function that waits for the answer. The
// caller must not send another command before it has the answer.
func (p *python) begin(c command) (wait func() answer) {
	p.t.Helper()
	line, err := json.Marshal(c)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		p.t.Fatalf("write to the peer: %v", err)
	}
	return func() answer {
		p.t.Helper()
		return p.answer(c)
	}
}

func (p *python) answer(c command) (a answer) {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatalf("the peer ended during %v", c)
		}
		if err := json.Unmarshal(line, &a); err != nil {
			p.t.Fatalf("%v in %q", err, line)
		}
	case <-time.After(waitLimit + waitLimit/2):
		p.t.Fatalf("no answer to %v", c)
	}
	return a
}

// call runs a command, which must succeed.
func (p *python) call(c command) answer {
	p.t.Helper()
	a := p.begin(c)()
	if a.Error != "" {
		p.t.Fatalf("libzmq: %v: %s", c, a.Error)
	}
	return a
}
