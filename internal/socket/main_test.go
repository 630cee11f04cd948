package socket_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/zerobroker/zmq/internal/transport/transporttest"
)

// childVar is the environment variable that makes the test binary run one of
// children instead of tests.
const childVar = "ZMQ_TEST_CHILD"

// children are the programs that tests run in a process of their own.
var children = map[string]func() error{}

func TestMain(m *testing.M) {
	if name := os.Getenv(childVar); name != "" {
		if err := children[name](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	transporttest.Main(m)
}
