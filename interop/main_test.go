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

// patience bounds every wait of the tests. It is no expectation: what arrives
// arrives long before.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if why := missing(); why != "" && os.Getenv(harness.Required) != "1" {
		fmt.Println("interop: SKIPPED all cases against libzmq:", why)
	}
	flag.Parse()
	harness.Parallel(4)
	code := m.Run()
	if left := harness.Leaked(); left != "" && code == 0 {
		fmt.Println("goroutines of the library outlived their sockets:\n" + left)
		code = 1
	}
	os.Exit(code)
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
	case os.Getenv(harness.Required) == "1":
		t.Fatalf("%s=1, but %s", harness.Required, why)
	default:
		t.Skip(why)
	}
}

// TestLibzmqIsHere is the one to ask whether the suite runs in full.
func TestLibzmqIsHere(t *testing.T) {
	needLibzmq(t)
	t.Logf("libzmq and pyzmq: %v", startPython(t).call(command{"do": "version"}).Names)
}
