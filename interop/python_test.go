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

// python is a process that runs peer.py, or another that answers in its way.
type python struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan []byte // its answers; closed when it has ended
	stderr bytes.Buffer
	names  int
}

// command is one line to peer.py, answer one from it.
type command map[string]any

type answer struct {
	Error    string
	Endpoint string
	Frames   []digest
	Names    []string
	Count    int
	Texts    []string // frames as they are, of udp.mjs
}

// startPython starts a peer, which is killed with the test.
func startPython(t *testing.T) *python {
	t.Helper()
	needLibzmq(t)
	return startPeer(t, interpreter, "-I", "peer.py")
}

// startPeer starts a process that answers a line with a line, and is killed with
// the test.
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

// kill ends the process as kill -9 does. It may be called again.
func (p *python) kill() {
	if p.cmd.ProcessState != nil {
		return
	}
	p.cmd.Process.Kill()
	for range p.lines {
	}
	p.cmd.Wait()
	if text := bytes.TrimSpace(p.stderr.Bytes()); len(text) > 0 {
		p.t.Logf("the peer said:\n%s", text)
	}
}

// begin sends a command and returns how to wait for its answer. Until then no
// other may be sent.
func (p *python) begin(c command) (wait func() answer) {
	p.t.Helper()
	line, err := json.Marshal(c)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		p.t.Fatalf("the peer is gone: %v", err)
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
			p.t.Fatalf("the peer died in %v", c)
		}
		if err := json.Unmarshal(line, &a); err != nil {
			p.t.Fatalf("%v in %q", err, line)
		}
	case <-time.After(patience + patience/2):
		p.t.Fatalf("no answer to %v", c)
	}
	return a
}

// call runs a command that must succeed.
func (p *python) call(c command) answer {
	p.t.Helper()
	a := p.begin(c)()
	if a.Error != "" {
		p.t.Fatalf("libzmq: %v: %s", c, a.Error)
	}
	return a
}
