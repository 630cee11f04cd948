// Command zmqperf is the peer that runs the command "zmq perf" of this
// repository, which must be in the same directory as "zmq". So its figures can be compared
// with those of the peer ours. It has the sub-commands version, pull, push, rep
// and req.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/zerobroker/zmq/bench/internal/peer"
)

func main() {
	runtime.LockOSThread() // see Pdeathsig below
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tools are the sub-commands of zmq perf.
var tools = map[string]string{"pull": "local_thr", "push": "remote_thr", "rep": "local_lat", "req": "remote_lat"}

func run(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	zmq := filepath.Join(filepath.Dir(self), "zmq")
	if len(args) == 1 && args[0] == "version" {
		out, err := exec.Command(zmq, "--version").Output()
		fmt.Print(string(out))
		return err
	}
	if len(args) != 4 || tools[args[0]] == "" {
		return fmt.Errorf("%s: not supported by this library", strings.Join(args, " "))
	}
	command, endpoint, size := args[0], args[1], args[2]
	count, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	rounds := count
	if command == "rep" || command == "req" {
		rounds += peer.WarmRounds // which zmq perf also measures
	}
	// The timeout ends this side if the other one has failed.
	cmd := exec.Command(zmq, "perf", tools[command], "--timeout=60s", endpoint, size, strconv.Itoa(rounds))
	// The kernel kills it when the thread that started it ends.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := output(cmd, peer.Bound)
	if err != nil {
		return err
	}
	m, err := parse(command, out, count)
	if err != nil {
		return err
	}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.PeakKiB = int(u.Maxrss)
	}
	return json.NewEncoder(os.Stdout).Encode(m)
}

// output runs zmq perf and returns its standard output. It calls bound with the
// endpoint that the command reports on standard error, and copies all other
// lines to the standard error of this process.
func output(cmd *exec.Cmd, bound func(endpoint string)) (string, error) {
	var out strings.Builder
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if endpoint, ok := strings.CutPrefix(lines.Text(), "zmq: listening on "); ok {
			bound(endpoint)
		} else {
			fmt.Fprintln(os.Stderr, lines.Text())
		}
	}
	err = cmd.Wait()
	return out.String(), err
}

var (
	throughput = regexp.MustCompile(`mean throughput: (\d+) \[msg/s\]`)
	latency    = regexp.MustCompile(`average latency: ([\d.]+) \[us\]`)
)

// parse returns the time for count messages or round trips from the output of
// zmq perf. The sides that do not measure print nothing, and have 1 second.
func parse(command, out string, count int) (peer.Measurement, error) {
	m := peer.Measurement{Messages: count, Seconds: 1}
	var form *regexp.Regexp
	switch command {
	case "pull":
		form = throughput
	case "req":
		form = latency
	default:
		return m, nil
	}
	found := form.FindStringSubmatch(out)
	if found == nil {
		return m, fmt.Errorf("unexpected output %q", out)
	}
	figure, err := strconv.ParseFloat(found[1], 64)
	if err == nil && figure <= 0 {
		err = errors.New("the figure is 0")
	}
	if m.Seconds = float64(count) / figure; command == "req" {
		m.Seconds = figure * 1e-6 * 2 * float64(count)
	}
	return m, err
}
