// Package peer is the part that the Go peers of the benchmark share: their
// sub-commands, what they print, and the rules of a run. The loops that are
// measured stand in each peer itself, so that no indirection is timed. The C
// peer (peers/libzmq/peer.c) follows the same rules by hand.
//
// A peer is run as one of
//
//	version
//	pull ENDPOINT SIZE COUNT     binds, prints the endpoint, times COUNT messages from first to last
//	push ENDPOINT SIZE COUNT     connects, sends COUNT messages, drains
//	rep  ENDPOINT SIZE COUNT     binds, prints the endpoint, echoes COUNT rounds and the warm-up
//	req  ENDPOINT SIZE COUNT     connects, warms up, times COUNT round trips
//	inproc_thr SIZE COUNT        pull and push in one process, over inproc
//	inproc_lat SIZE COUNT        req and rep in one process, over inproc
//	idle_router ENDPOINT         binds, prints the endpoint, serves until standard input ends
//	pub  ENDPOINT SIZE COUNT     a PUB to many: see fanout.go; waits for slow subscribers
//	pub_drop ENDPOINT SIZE COUNT the same, but drops for them
//	subs ENDPOINT SIZE COUNT     connects [Subscribers] SUBs that receive what it sends
//	topic_pub ENDPOINT COUNT     a PUB for COUNT topics, told what to do: see topics.go
//
// and prints, but for version, idle_router and topic_pub, one line of JSON: a
// [Measurement]. A failed run says why on standard error and exits with 1.
//
// The package may not know any messaging library.
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

// Command does one sub-command and returns what it timed.
type Command func(Args) (time.Duration, error)

// Commands holds what a peer can do. A nil entry is something that its library
// lacks; the run then fails and says so.
type Commands struct {
	Pull, Push, Rep, Req Command
	InprocThr, InprocLat Command
	Pub, PubDrop         Command
	Subs                 func(Args) (*Tally, error)
	IdleRouter           func(endpoint string) error
	TopicPub             func(endpoint string, count int) error
}

// Measurement is the line of JSON that ends a run.
type Measurement struct {
	Messages int     `json:"messages"` // COUNT
	Seconds  float64 `json:"seconds"`  // what was timed
	PeakKiB  int     `json:"peak_kib"` // peak resident size, 0 where the system does not tell
}

// Main runs the sub-command named by args, the words after the program's name,
// and ends the process.
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
	case "idle_router":
		if c.IdleRouter == nil {
			return errors.New("idle_router: not supported by this library")
		}
		if len(args) != 2 {
			return errors.New("idle_router wants ENDPOINT")
		}
		return c.IdleRouter(args[1])
	case "topic_pub":
		return c.topicPub(args[1:])
	case "subs":
		return c.subs(args[1:])
	default:
		return timed(name, c.find(name), args[1:])
	}
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

// Bound tells the runner where this peer listens.
func Bound(endpoint string) { fmt.Println(endpoint) }

// Body returns a message body of size bytes.
func Body(size int) []byte { return bytes.Repeat([]byte{fill}, size) }

// Check verifies a received body: its size, and its last byte, which touches it.
func Check(body []byte, size int) error {
	if len(body) != size || body[size-1] != fill {
		return fmt.Errorf("wrong message of %d bytes, want %d", len(body), size)
	}
	return nil
}

// Serve ends when standard input does. Each line of it asks for all free memory
// to be given back to the system, and is answered by a line.
func Serve() error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		debug.FreeOSMemory() // collects first
		fmt.Println("settled")
	}
	return lines.Err()
}

// Version is the version of the module at path that this program was built with.
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

// peakKiB is the peak resident size of this program image. It is not
// rusage.Maxrss: Linux carries that over from the process that ran before exec,
// so that a peer would show at least the runner's size.
func peakKiB() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	kib, _ := StatusKiB(status, "VmHWM")
	return kib
}

// StatusKiB finds a size such as VmRSS in the text of /proc/PID/status.
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
