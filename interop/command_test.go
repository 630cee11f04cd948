package interop

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/interop/internal/harness"
)

// commandDir is where the zmq command is built, or empty before that.
var commandDir string

// zmqCommand builds the zmq command and returns its path.
var zmqCommand = sync.OnceValues(func() (path string, err error) {
	if commandDir, err = os.MkdirTemp("", "zmq"); err != nil {
		return "", err
	}
	path = filepath.Join(commandDir, "zmq")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", path, "github.com/zerobroker/zmq/cmd/zmq")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// printed is what a command has printed so far.
type printed struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // closed by the next Write
}

func (o *printed) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return o.text.Write(b)
}

func (o *printed) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a running zmq command.
type process struct {
	t              *testing.T
	cmd            *exec.Cmd
	args           []string
	stdout, stderr printed
	done           chan struct{} // closed when it has ended
}

// startZmq runs the zmq command. The process is killed at the end of the test.
func startZmq(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := zmqCommand()
	if err != nil {
		t.Fatalf("build the zmq command: %v", err)
	}
	p := &process{t: t, cmd: harness.Command(path, args...), args: args, done: make(chan struct{})}
	// Pipes of our own: Wait of the command would wait for the ends of its output.
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	stdin, err := p.cmd.StdinPipe() // open until the end of the test: the command reads nothing
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.done
		io.Closer(stdin).Close()
		if t.Failed() {
			t.Logf("zmq %q printed\n%s%s", args, &p.stdout, &p.stderr)
		}
	})
	return p
}

// runZmq runs the zmq command to its end, and returns its standard output and its
// exit status.
func runZmq(t *testing.T, args ...string) (stdout string, status int) {
	t.Helper()
	p := startZmq(t, args...)
	status = p.wait()
	return p.stdout.String(), status
}

// await waits until a text that the command prints matches a pattern, and returns its
// groups.
func (p *process) await(from *printed, pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	deadline := time.After(waitLimit)
	for ended := false; ; {
		from.mu.Lock()
		if m := re.FindStringSubmatch(from.text.String()); m != nil {
			from.mu.Unlock()
			return m
		}
		if from.changed == nil {
			from.changed = make(chan struct{})
		}
		changed := from.changed
		from.mu.Unlock()
		if ended {
			p.t.Fatalf("zmq %q ended and has not printed %q", p.args, pattern)
		}
		select {
		case <-changed:
		case <-p.done:
			ended = true
		case <-deadline:
			p.t.Fatalf("zmq %q has not printed %q", p.args, pattern)
		}
	}
}

// stop sends SIGTERM.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits for the end, and returns the exit status.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(waitLimit):
		p.t.Fatalf("zmq %q has not ended", p.args)
	}
	return p.cmd.ProcessState.ExitCode()
}
