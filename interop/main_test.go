package interop

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// required is the variable that turns a missing peer from a skip into a
// failure.
const required = "ZMQ_INTEROP_REQUIRED"

// patience bounds every wait of the tests. It is no expectation: what arrives
// arrives long before.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if why := missing(); why != "" && os.Getenv(required) != "1" {
		fmt.Println("interop: SKIPPED all cases against libzmq:", why)
	}
	flag.Parse()
	if !isSet("test.parallel") {
		flag.Set("test.parallel", "4") // cases mostly wait for their peers
	}
	code := m.Run()
	if left := leaked(); left != "" && code == 0 {
		fmt.Println("goroutines of the library outlived their sockets:\n" + left)
		code = 1
	}
	os.Exit(code)
}

func isSet(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// leaked is the goroutines of the library that are left. Close has waited for
// all of them, but one that has said so may have to be scheduled once more to
// end.
func leaked() (left string) {
	for range 1000 {
		if left = libraryGoroutines(); left == "" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return left
}

func libraryGoroutines() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var found []string
	for _, s := range strings.Split(string(stacks), "\n\n") {
		if strings.Contains(s, "zerobroker/zmq/internal/") {
			found = append(found, s)
		}
	}
	return strings.Join(found, "\n\n")
}

// interpreter is Debian's own Python, the one that python3-zmq belongs to.
const interpreter = "/usr/bin/python3"

// missing is why there is no libzmq to test against, or empty.
var missing = sync.OnceValue(func() string {
	out, err := exec.Command(interpreter, "-I", "-c", "import zmq").CombinedOutput()
	if err == nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return strings.TrimSpace(fmt.Sprintf("no python3-zmq for %s: %v %s", interpreter, err, lines[len(lines)-1]))
})

// needLibzmq skips a test, or fails it where the peer is required, if there is
// no libzmq.
func needLibzmq(t *testing.T) {
	t.Helper()
	why := missing()
	switch {
	case why == "":
	case os.Getenv(required) == "1":
		t.Fatalf("%s=1, but %s", required, why)
	default:
		t.Skip(why)
	}
}

// TestLibzmqIsHere is the one to ask whether the suite runs in full.
func TestLibzmqIsHere(t *testing.T) {
	needLibzmq(t)
	t.Logf("libzmq and pyzmq: %v", startPython(t).call(command{"do": "version"}).Names)
}
