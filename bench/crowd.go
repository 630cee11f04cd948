package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The crowd scenario measures a ROUTER process to which many DEALERs of another
// process are connected, which send nothing. Both sides send heartbeats every 10 s.
// First it measures the processor time of the ROUTER process. Then that process is
// restarted at the same address. The DEALERs are those of this library in all runs,
// with default options. internal/peer/crowd.go documents the two peers.

// Names of the figures.
const (
	crowdCPU   = "CPU of one core, %"
	crowdFifth = "a fifth is back, s"
	crowdAll   = "all are back, s"
)

const (
	// crowdSettle is the pause between the last handshake and the measurement of
	// processor time: each peer has sent a heartbeat.
	crowdSettle = 12 * time.Second
	// crowdWatch is how long the processor time is measured: three intervals of
	// heartbeats.
	crowdWatch = 30 * time.Second
	// crowdDown is the time between the end of the ROUTER process and its restart.
	// The reconnect interval of every DEALER has reached its maximum.
	crowdDown = 5 * time.Second
	// spareFiles is the number of descriptors of a process for other purposes than
	// connections.
	spareFiles = 100
)

func doCrowd(ctx context.Context, lib Library, row Row) (Sample, error) {
	if err := allowFiles(uint64(row.Count) + spareFiles); err != nil {
		return Sample{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := Sample{figures: make(map[string]float64)}
	var c crowd
	err := c.measure(ctx, lib, row.Count, &s)
	if err != nil {
		cancel()
	}
	for _, p := range []*process{c.router, c.dealers} {
		if p != nil {
			p.stdin.Close() // ends the peer
			o, end := p.wait()
			s.CPU += o.cpu
			err = errors.Join(err, end)
		}
	}
	return s, err
}

// crowd has the running processes of the scenario.
type crowd struct {
	router, dealers *process
}

func (c *crowd) measure(ctx context.Context, lib Library, count int, s *Sample) (err error) {
	endpoint, err := c.startRouter(ctx, lib, anyPort)
	if err != nil {
		return err
	}
	ours := Library{Name: "ours", path: filepath.Join(filepath.Dir(lib.path), "ours")}
	if c.dealers, err = start(ctx, ours, "crowd", endpoint, strconv.Itoa(count)); err != nil {
		return err
	}
	if err := c.await(fmt.Sprintf("connected %d", count)); err != nil {
		return err
	}
	time.Sleep(crowdSettle)
	before, began, err := cpuSeconds(c.router)
	if err != nil {
		return err
	}
	time.Sleep(crowdWatch)
	after, ended, err := cpuSeconds(c.router)
	if err != nil {
		return err
	}
	s.figures[crowdCPU] = 100 * (after - before) / ended.Sub(began).Seconds()
	// Fewer peers would need less processor time.
	if err := c.await(fmt.Sprintf("connected %d", count)); err != nil {
		return err
	}
	peak, err := statusOf(c.router, "VmHWM")
	if err != nil {
		return err
	}
	s.PeakKiB = []int{peak}

	c.router.stdin.Close()
	o, err := c.router.wait()
	s.CPU += o.cpu
	c.router = nil
	if err != nil {
		return err
	}
	if err := c.await("lost"); err != nil {
		return err
	}
	time.Sleep(crowdDown)
	restart := time.Now()
	if _, err := c.startRouter(ctx, lib, endpoint); err != nil {
		return err
	}
	if err := c.await(fmt.Sprintf("connected %d", (count+4)/5)); err != nil {
		return err
	}
	s.figures[crowdFifth] = time.Since(restart).Seconds()
	if err := c.await(fmt.Sprintf("connected %d", count)); err != nil {
		return err
	}
	s.figures[crowdAll] = time.Since(restart).Seconds()
	return nil
}

func (c *crowd) startRouter(ctx context.Context, lib Library, at string) (endpoint string, err error) {
	if c.router, err = start(ctx, lib, "beat_router", at); err != nil {
		return "", err
	}
	if endpoint, err = c.router.line(); err != nil {
		return "", fmt.Errorf("the ROUTER printed no endpoint: %w", err)
	}
	return endpoint, nil
}

// await sends a command to the DEALERs and waits until it has ended.
func (c *crowd) await(command string) error {
	if _, err := io.WriteString(c.dealers.stdin, command+"\n"); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if answer, err := c.dealers.line(); err != nil {
		return fmt.Errorf("%s: %q, %w", command, answer, err)
	}
	return nil
}

// allowFiles raises the limit of open files of this process, which the peers
// inherit, to n at least.
func allowFiles(n uint64) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	// Also without a change: os/exec would restore the soft limit that this process
	// was started with.
	want := syscall.Rlimit{Cur: max(l.Cur, n), Max: max(l.Max, n)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &want); err != nil {
		return fmt.Errorf("this machine permits %d open files in a process, %d are needed (ulimit -Hn): %w", l.Max, n, err)
	}
	return nil
}

// cpuSeconds returns the processor time of a running peer, user and system, to a
// hundredth of a second, and when it was read.
func cpuSeconds(p *process) (float64, time.Time, error) {
	at := time.Now()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, at, err
	}
	ticks, err := parseTicks(string(stat))
	return float64(ticks) / ticksPerSecond, at, err
}

// parseTicks returns utime and stime from the text of /proc/PID/stat: the twelfth
// and thirteenth field after the name, which is in parentheses.
func parseTicks(stat string) (uint64, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("unexpected /proc/PID/stat %q", stat)
	}
	user, err := strconv.ParseUint(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseUint(fields[12], 10, 64)
	return user + system, err
}
