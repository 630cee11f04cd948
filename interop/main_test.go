package interop

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/interop/internal/harness"
)

// waitLimit bounds every wait of the tests. It only ends tests that hang:
// normal waits are much shorter.
const waitLimit = time.Minute

func TestMain(m *testing.M) {
	if why := missing(); why != "" && os.Getenv(harness.Required) != "1" {
		fmt.Println("interop: SKIPPED all tests against libzmq:", why)
	}
	flag.Parse()
	harness.Parallel(4)
	code := m.Run()
	if commandDir != "" {
		os.RemoveAll(commandDir)
	}
	if leaked := harness.Leaked(); leaked != "" && code == 0 {
		fmt.Println("goroutines of the library still run after all sockets were closed:\n" + leaked)
		code = 1
	}
	os.Exit(code)
}

// interpreter is Debian's Python, for which python3-zmq is installed.
const interpreter = "/usr/bin/python3"

// missing returns the reason why libzmq is unavailable, or an empty string.
var missing = sync.OnceValue(func() string {
	out, err := exec.Command(interpreter, "-I", "-c", "import zmq").CombinedOutput()
	if err == nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return strings.TrimSpace(fmt.Sprintf("no python3-zmq for %s: %v %s", interpreter, err, lines[len(lines)-1]))
})

// requireLibzmq skips the test if libzmq is unavailable. With
// ZMQ_INTEROP_REQUIRED=1 it fails the test instead.
func requireLibzmq(t *testing.T) {
	t.Helper()
	why := missing()
	switch {
	case why == "":
	case os.Getenv(harness.Required) == "1":
		t.Fatalf("%s=1, but %s", harness.Required, why)
	default:
		t.Skip(why)
	}
}

// TestLibzmqIsAvailable logs the versions of libzmq and pyzmq. Run it alone to
// find out whether the complete suite can run.
func TestLibzmqIsAvailable(t *testing.T) {
	requireLibzmq(t)
	t.Logf("libzmq and pyzmq: %v", startPython(t).call(command{"do": "version"}).Names)
}
