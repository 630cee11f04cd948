package diff

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq/interop/internal/harness"
)

// worker is a process that runs scenarios on libzmq.
type worker struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan []byte // answers of the process; closed when it ends
	stderr bytes.Buffer
}

// scenarioTime bounds a scenario on libzmq. Each step of it waits for at most
// waitLimit. A scenario takes well below a second on an idle machine.
const scenarioTime = 4 * waitLimit

// request is a line sent to a worker, answer a line received from it.
type request struct {
	*Scenario
	Wired bool `json:"wired"` // the scenario uses tcp or ipc
}

type answer struct {
	Trace Trace
	Error string
}

func startWorker(command ...string) (*worker, error) {
	w := &worker{cmd: harness.Command(command[0], command[1:]...), lines: make(chan []byte)}
	w.cmd.Stderr = &w.stderr
	stdin, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	w.stdin = stdin
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go w.read(stdout)
	return w, nil
}

func (w *worker) read(stdout io.Reader) {
	defer close(w.lines)
	in := bufio.NewReader(stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		w.lines <- line
	}
}

func (w *worker) kill() {
	if w.cmd.ProcessState != nil {
		return
	}
	w.cmd.Process.Kill()
	for range w.lines {
	}
	w.cmd.Wait()
}

// run runs a scenario on libzmq.
func (w *worker) run(p *plan) (Trace, error) {
	line, err := json.Marshal(request{p.Scenario, p.wired()})
	if err != nil {
		return nil, err
	}
	if _, err := w.stdin.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("write to the worker: %w", err)
	}
	select {
	case line, ok := <-w.lines:
		if !ok {
			w.cmd.Wait() // completes stderr
			return nil, fmt.Errorf("the worker ended: %s", w.stderr.Bytes())
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
		if a.Error != "" {
			return a.Trace, fmt.Errorf("libzmq: %s", a.Error)
		}
		return a.Trace, nil
	case <-time.After(scenarioTime):
		return nil, fmt.Errorf("no answer from the worker in %v", scenarioTime)
	}
}

// python is Debian's Python, for which python3-zmq is installed.
const python = "/usr/bin/python3"

// noPython returns the reason why pyzmq is unavailable, or an empty string.
var noPython = sync.OnceValue(func() string {
	out, err := exec.Command(python, "-I", "-c", "import zmq").CombinedOutput()
	if err == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("no python3-zmq for %s: %v %s", python, err, out))
})
