// Package peer is shared by the Go peers of the benchmark. It implements their
// sub-commands and their output. The measured loops are in each peer, so that
// no indirection is timed. The C peer (peers/libzmq/peer.c) has its own
// implementation of the same sub-commands.
//
// A peer is run as one of
//
//	version
//	pull ENDPOINT SIZE COUNT     binds, prints the endpoint, measures COUNT messages from first to last
//	push ENDPOINT SIZE COUNT     connects, sends COUNT messages, waits until they are sent
//	rep  ENDPOINT SIZE COUNT     binds, prints the endpoint, echoes COUNT messages and those of the warm-up
//	req  ENDPOINT SIZE COUNT     connects, warms up, measures COUNT round trips
//	inproc_thr SIZE COUNT        pull and push in one process, over inproc
//	inproc_lat SIZE COUNT        req and rep in one process, over inproc
//	idle_router ENDPOINT         binds, prints the endpoint, receives until standard input ends
//	beat_router ENDPOINT         the same with heartbeats (crowd.go)
//	crowd ENDPOINT COUNT         connects COUNT DEALERs, which send nothing but heartbeats (crowd.go)
//	pub  ENDPOINT SIZE COUNT     publishes to many subscribers (fanout.go); blocks for full subscribers
//	pub_drop ENDPOINT SIZE COUNT the same, but drops messages for full subscribers
//	subs ENDPOINT SIZE COUNT     connects [Subscribers] SUBs that receive the messages of pub
//	topic_pub ENDPOINT COUNT     publishes COUNT topics on command (topics.go)
//	proxy KIND                   forwards between two sockets (proxy.go)
//	proxy_send KIND ENDPOINT SIZE COUNT, proxy_recv KIND ENDPOINT SIZE COUNT
//	                             send to a proxy and receive from it
//
// All except version, idle_router, beat_router, crowd, topic_pub and proxy print one line of JSON, a
// [Measurement]. A failed run prints the reason to standard error and exits
// with status 1.
//
// The package must not import a messaging library.
package peer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// WarmRounds is the number of round trips before the timed ones in req and
// inproc_lat. peer.c has the same constant.
const WarmRounds = 1000

// fill is every byte of every message body.
const fill = 'x'

// Args are the operands of a sub-command.
type Args struct {
	Endpoint string
	Size     int // bytes of each message
	Count    int // messages, or timed round trips
}

// Command runs a sub-command and returns the measured time.
type Command func(Args) (time.Duration, error)

// Commands holds the sub-commands of a peer. An entry is nil if the library
// does not support it; the run then fails with this reason.
type Commands struct {
	Pull, Push, Rep, Req Command
	InprocThr, InprocLat Command
	Pub, PubDrop         Command
	Subs                 func(Args) (*Tally, error)
	IdleRouter           func(endpoint string) error
	BeatRouter           func(endpoint string) error
	Crowd                func(endpoint string, count int) error
	TopicPub             func(endpoint string, count int) error
	Proxy                func(kind string) error
	ProxySend, ProxyRecv func(kind string, a Args) (time.Duration, error)
}

// Measurement is the line of JSON that ends a run.
type Measurement struct {
	Messages int     `json:"messages"` // COUNT
	Seconds  float64 `json:"seconds"`  // measured time
	PeakKiB  int     `json:"peak_kib"` // peak resident size, 0 if unknown
}

// Main runs the sub-command in args, which are the arguments after the program
// name, and exits.
func Main(version string, c Commands, args []string) {
	if err := run(version, c, args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(version string, c Commands, args []string) error {
	if len(args) == 0 {
		return errors.New("no sub-command; bench/internal/peer lists them")
	}
	switch name := args[0]; name {
	case "version":
		fmt.Println(version)
		return nil
	case "proxy", "proxy_send", "proxy_recv":
		return c.proxy(name, args[1:])
	case "idle_router":
		return router(name, c.IdleRouter, args[1:])
	case "beat_router":
		return router(name, c.BeatRouter, args[1:])
	case "crowd":
		return c.crowd(args[1:])
	case "topic_pub":
		return c.topicPub(args[1:])
	case "subs":
		return c.subs(args[1:])
	default:
		return timed(name, c.find(name), args[1:])
	}
}

func router(name string, serve func(endpoint string) error, operands []string) error {
	if serve == nil {
		return fmt.Errorf("%s: not supported by this library", name)
	}
	if len(operands) != 1 {
		return fmt.Errorf("%s needs ENDPOINT", name)
	}
	return serve(operands[0])
}

func (c Commands) find(name string) Command {
	return map[string]Command{
		"pull": c.Pull, "push": c.Push, "rep": c.Rep, "req": c.Req,
		"inproc_thr": c.InprocThr, "inproc_lat": c.InprocLat,
		"pub": c.Pub, "pub_drop": c.PubDrop,
	}[name]
}

func timed(name string, c Command, operands []string) error {
	if c == nil {
		return fmt.Errorf("%s: not supported by this library", name)
	}
	a, err := parse(name, operands)
	if err != nil {
		return err
	}
	d, err := c(a)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return report(a.Count, d)
}

func report(messages int, d time.Duration) error {
	return json.NewEncoder(os.Stdout).Encode(Measurement{
		Messages: messages, Seconds: d.Seconds(), PeakKiB: peakKiB(),
	})
}

func parse(name string, operands []string) (a Args, err error) {
	if !strings.HasPrefix(name, "inproc_") && len(operands) > 0 {
		a.Endpoint, operands = operands[0], operands[1:]
	}
	if len(operands) != 2 {
		return a, fmt.Errorf("%s: wrong number of operands", name)
	}
	if a.Size, err = strconv.Atoi(operands[0]); err != nil || a.Size < 1 {
		return a, fmt.Errorf("%s: bad SIZE %q", name, operands[0])
	}
	if a.Count, err = strconv.Atoi(operands[1]); err != nil || a.Count < 2 {
		return a, fmt.Errorf("%s: bad COUNT %q, at least 2", name, operands[1])
	}
	return a, nil
}

// Bound prints the endpoint at which this peer listens.
func Bound(endpoint string) { fmt.Println(endpoint) }

// Body returns a message body of size bytes.
func Body(size int) []byte { return bytes.Repeat([]byte{fill}, size) }

// Check verifies the size and the last byte of a received body.
func Check(body []byte, size int) error {
	if len(body) != size || body[size-1] != fill {
		return fmt.Errorf("wrong message of %d bytes, want %d", len(body), size)
	}
	return nil
}

// Serve returns at the end of standard input. For each line of input it returns
// all free memory to the system and prints a line.
func Serve() error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		debug.FreeOSMemory() // runs a garbage collection first
		fmt.Println("settled")
	}
	return lines.Err()
}

// Version returns the version of a module in this program.
func Version(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown version"
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "unknown version"
}

// peakKiB returns the peak resident size of this process since exec. It does
// not use rusage.Maxrss, because on Linux that includes the size before exec,
// which is the size of the bench command.
func peakKiB() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	kib, _ := StatusKiB(status, "VmHWM")
	return kib
}

// StatusKiB returns a size such as VmRSS from the text of /proc/PID/status.
func StatusKiB(status []byte, field string) (int, bool) {
	for line := range strings.Lines(string(status)) {
		name, value, ok := strings.Cut(line, ":")
		if !ok || name != field {
			continue
		}
		kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		return kib, err == nil
	}
	return 0, false
}
