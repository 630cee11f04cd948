// Package harness contains code shared by the test suites against other
// implementations.
package harness

import (
	"context"
	"flag"
	"fmt"
	"iter"
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

// Socket is a socket of any type but DGRAM.
type Socket interface {
	Bind(endpoint string) (string, error)
	Unbind(endpoint string) error
	Connect(endpoint string) error
	Disconnect(endpoint string) error
	WaitConnected(ctx context.Context) error
	Events(ctx context.Context) iter.Seq[zmq.Event]
	Stats() zmq.Stats
	Peers() []zmq.PeerInfo
	Shutdown(ctx context.Context) error
	Close() error
}

// Sender is a socket that sends messages of any number of frames to the peers
// that its type selects.
type Sender interface {
	Send(ctx context.Context, frames ...[]byte) error
	TrySend(frames ...[]byte) error
	SendMessage(ctx context.Context, m zmq.Message) error
	TrySendMessage(m zmq.Message) error
}

// Receiver is a socket that receives messages without a group or an address.
type Receiver interface {
	Recv(ctx context.Context) (zmq.Message, error)
	TryRecv() (zmq.Message, error)
}

// Open creates a socket of the type with the given ZMTP name.
func Open(typ string, o *zmq.Options) (Socket, error) {
	switch typ {
	case "PAIR":
		return socket(zmq.NewPair(o))
	case "PUB":
		return socket(zmq.NewPub(o))
	case "SUB":
		return socket(zmq.NewSub(o))
	case "REQ":
		return socket(zmq.NewReq(o))
	case "REP":
		return socket(zmq.NewRep(o))
	case "DEALER":
		return socket(zmq.NewDealer(o))
	case "ROUTER":
		return socket(zmq.NewRouter(o))
	case "PULL":
		return socket(zmq.NewPull(o))
	case "PUSH":
		return socket(zmq.NewPush(o))
	case "XPUB":
		return socket(zmq.NewXPub(o))
	case "XSUB":
		return socket(zmq.NewXSub(o))
	case "STREAM":
		return socket(zmq.NewStream(o))
	case "SERVER":
		return socket(zmq.NewServer(o))
	case "CLIENT":
		return socket(zmq.NewClient(o))
	case "RADIO":
		return socket(zmq.NewRadio(o))
	case "DISH":
		return socket(zmq.NewDish(o))
	case "GATHER":
		return socket(zmq.NewGather(o))
	case "SCATTER":
		return socket(zmq.NewScatter(o))
	case "PEER":
		return socket(zmq.NewPeer(o))
	case "CHANNEL":
		return socket(zmq.NewChannel(o))
	}
	return nil, fmt.Errorf("socket type %q", typ)
}

// socket returns the results of a constructor: no socket with an error.
func socket(s Socket, err error) (Socket, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
