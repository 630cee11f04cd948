// Package harness contains code shared by the test suites against other
// implementations.
package harness

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// Required is the environment variable that makes a test fail, instead of being
// skipped, when its peer is missing.
const Required = "ZMQ_INTEROP_REQUIRED"

// Parallel sets the -parallel flag to n unless the command line sets it. The
// tests mostly wait for their peers.
func Parallel(n int) {
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == "test.parallel" })
	if !set {
		flag.Set("test.parallel", fmt.Sprint(n))
	}
}

// Leaked returns the stacks of goroutines of the library that still run. Close
// waits for its goroutines, but a goroutine that has reported its end may need
// to be scheduled once more, so Leaked waits for some seconds.
func Leaked() (leaked string) {
	for range 10_000 {
		if leaked = libraryGoroutines(); leaked == "" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return leaked
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

// Open creates a socket of the type with the given ZMTP name.
func Open(typ string, o *zmq.Options) (zmq.Socket, error) {
	switch typ {
	case "PAIR":
		return zmq.NewPair(o)
	case "PUB":
		return zmq.NewPub(o)
	case "SUB":
		return zmq.NewSub(o)
	case "REQ":
		return zmq.NewReq(o)
	case "REP":
		return zmq.NewRep(o)
	case "DEALER":
		return zmq.NewDealer(o)
	case "ROUTER":
		return zmq.NewRouter(o)
	case "PULL":
		return zmq.NewPull(o)
	case "PUSH":
		return zmq.NewPush(o)
	case "XPUB":
		return zmq.NewXPub(o)
	case "XSUB":
		return zmq.NewXSub(o)
	case "STREAM":
		return zmq.NewStream(o)
	case "SERVER":
		return zmq.NewServer(o)
	case "CLIENT":
		return zmq.NewClient(o)
	case "RADIO":
		return zmq.NewRadio(o)
	case "DISH":
		return zmq.NewDish(o)
	case "GATHER":
		return zmq.NewGather(o)
	case "SCATTER":
		return zmq.NewScatter(o)
	case "PEER":
		return zmq.NewPeer(o)
	case "CHANNEL":
		return zmq.NewChannel(o)
	}
	return nil, fmt.Errorf("socket type %q", typ)
}
