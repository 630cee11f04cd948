package capi

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/interop/internal/harness"
)

// waitLimit bounds every wait. It only ends tests that hang.
const waitLimit = time.Minute

func TestMain(m *testing.M) {
	flag.Parse()
	harness.Parallel(4)
	for _, l := range libraries {
		if why := l.missing(); why != "" && !l.optional && os.Getenv(harness.Required) != "1" {
			fmt.Println("interop/diff/capi: SKIPPED all tests against libzmq", l.version+":", why)
		}
	}
	code := m.Run()
	for _, l := range libraries {
		for _, p := range l.idle {
			p.stop()
		}
		if l.stub != "" {
			os.RemoveAll(filepath.Dir(l.stub))
		}
	}
	if leaked := harness.Leaked(); leaked != "" && code == 0 {
		fmt.Println("goroutines of the library still run after all sockets were closed:\n" + leaked)
		code = 1
	}
	os.Exit(code)
}

// library is one version of libzmq.
type library struct {
	version  string
	drafts   bool // it was built with the draft API
	optional bool // tests are skipped without it, also with ZMQ_INTEROP_REQUIRED
	find     func() (path, stub string, err error)

	once       sync.Once
	path, stub string
	why        string

	mu   sync.Mutex
	idle []*process // that tests have returned
}

var (
	libzmq434 = &library{version: "4.3.4", find: systemLibrary}
	libzmq435 = &library{version: "4.3.5", drafts: true, optional: true, find: nodeLibrary}
)

var libraries = []*library{libzmq434, libzmq435}

// python is Debian's Python.
const python = "/usr/bin/python3"

// missing returns why the library cannot be used, or an empty string.
func (l *library) missing() string {
	l.once.Do(func() {
		var err error
		if l.path, l.stub, err = l.find(); err == nil {
			err = l.checkVersion()
		}
		if err != nil {
			l.why = err.Error()
		}
	})
	return l.why
}

func (l *library) checkVersion() error {
	p, err := l.start()
	if err != nil {
		return err
	}
	defer p.stop()
	answers, err := p.calls(call{"do": "version"})
	if err != nil {
		return err
	}
	if got := answers[0].Value; got != l.version {
		return fmt.Errorf("%s is libzmq %s, not %s", l.path, got, l.version)
	}
	return nil
}

// systemLibrary returns the libzmq that Debian's Python uses.
func systemLibrary() (path, stub string, err error) {
	out, err := exec.Command(python, "-I", "-c", "import ctypes; ctypes.CDLL('libzmq.so.5')").CombinedOutput()
	if err != nil {
		return "", "", fmt.Errorf("no libzmq.so.5 for %s (libzmq5): %w %s", python, err, bytes.TrimSpace(out))
	}
	return "libzmq.so.5", "", nil
}

// nodeLibrary returns the addon of npm's zeromq, which contains libzmq with the
// draft API and exports its functions. It needs functions of Node.js, which a
// library made here has; none of them is called.
func nodeLibrary() (path, stub string, err error) {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	found, _ := filepath.Glob(filepath.Join(harness.NodeModules(), "node_modules/zeromq/build", runtime.GOOS, arch, "node/glibc-127-*/addon.node"))
	if len(found) == 0 {
		return "", "", fmt.Errorf("npm's zeromq is not in %s (.ci/deps installs it)", harness.NodeModules())
	}
	file, err := elf.Open(found[0])
	if err != nil {
		return "", "", err
	}
	defer file.Close()
	symbols, err := file.ImportedSymbols()
	if err != nil {
		return "", "", err
	}
	var source strings.Builder
	for _, s := range symbols {
		if strings.HasPrefix(s.Name, "napi_") || strings.HasPrefix(s.Name, "uv_") {
			fmt.Fprintf(&source, "void %s(void) { __builtin_trap(); }\n", s.Name)
		}
	}
	dir, err := os.MkdirTemp("", "zmqcapi")
	if err != nil {
		return "", "", err
	}
	stub = filepath.Join(dir, "stub.so")
	cc := exec.Command("cc", "-shared", "-fPIC", "-x", "c", "-o", stub, "-")
	cc.Stdin = strings.NewReader(source.String())
	if out, err := cc.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", "", fmt.Errorf("no C compiler (gcc): %w %s", err, out)
	}
	return found[0], stub, nil
}

// process is a running capi.py.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan []byte // closed when the process ends
	stderr bytes.Buffer
}

// call is one call of capi.py, with its arguments.
type call map[string]any

// answer is the result of a call.
type answer struct {
	Err        string
	Value      string
	Frames     []string
	Properties map[string]string
	Results    []*string
}

func (l *library) start() (*process, error) {
	args := []string{"-I", "capi.py", l.path}
	if l.stub != "" {
		args = append(args, l.stub)
	}
	p := &process{cmd: harness.Command(python, args...), lines: make(chan []byte)}
	p.cmd.Stderr = &p.stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		in := bufio.NewReader(stdout)
		for {
			line, err := in.ReadBytes('\n')
			if err != nil {
				return
			}
			p.lines <- line
		}
	}()
	return p, nil
}

// skipWithout skips a test if the library is missing.
func (l *library) skipWithout(t *testing.T) {
	t.Helper()
	if why := l.missing(); why != "" {
		if os.Getenv(harness.Required) == "1" && !l.optional {
			t.Fatalf("%s=1, but %s", harness.Required, why)
		}
		t.Skip(why)
	}
}

// open starts a process for a test, or skips the test.
func (l *library) open(t *testing.T) *process {
	t.Helper()
	l.skipWithout(t)
	p, err := l.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

// borrow is open for a test that leaves the process as it was, except for sockets.
func (l *library) borrow(t *testing.T) *process {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var p *process
	if n := len(l.idle); n > 0 {
		p, l.idle = l.idle[n-1], l.idle[:n-1]
	} else {
		l.skipWithout(t)
		var err error
		if p, err = l.start(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := p.calls(call{"do": "reset"}); err != nil || t.Failed() {
			p.stop()
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.idle = append(l.idle, p)
	})
	return p
}

func (p *process) stop() {
	p.cmd.Process.Kill()
	for range p.lines {
	}
	p.cmd.Wait()
}

// calls makes calls and returns their results.
func (p *process) calls(list ...call) ([]answer, error) {
	line, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.cmd.Wait() // completes stderr
			return nil, fmt.Errorf("the process ended: %s", p.stderr.Bytes())
		}
		var answers []answer
		if err := json.Unmarshal(line, &answers); err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
		return answers, nil
	case <-time.After(2 * waitLimit):
		return nil, fmt.Errorf("no answer in %v", 2*waitLimit)
	}
}

// nextPort numbers the ports that tests bind to.
var nextPort atomic.Int32

// address returns a TCP address of this process alone, which no connection of the
// system uses as its local address.
func address() string {
	n := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d:%d", 1+n>>14&0xfe, n>>7&0xff, 1+n&0x7f, 10_000+nextPort.Add(1))
}

// do makes one call, which must be answered.
func (p *process) do(t *testing.T, name string, arguments call) answer {
	t.Helper()
	c := call{"do": name}
	for k, v := range arguments {
		c[k] = v
	}
	answers, err := p.calls(c)
	if err != nil {
		t.Fatalf("%v: %v", c, err)
	}
	return answers[0]
}

// must is do for a call that must succeed.
func (p *process) must(t *testing.T, name string, arguments call) answer {
	t.Helper()
	a := p.do(t, name, arguments)
	if a.Err != "" {
		t.Fatalf("libzmq: %s %v: %s", name, arguments, a.Err)
	}
	return a
}

// unhex returns the bytes of an answer.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
