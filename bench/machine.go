package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine describes the environment of the measurements.
type Machine struct {
	Date       string `json:"date"`
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Memory     string `json:"memory"`
	Kernel     string `json:"kernel"`
	Congestion string `json:"tcp_congestion_control"`
	TCPRmem    string `json:"tcp_rmem"`
	TCPWmem    string `json:"tcp_wmem"`
	Go         string `json:"go"`
	CC         string `json:"cc"`
	Commit     string `json:"commit"`
	LoadBefore string `json:"load_before"`
	LoadAfter  string `json:"load_after"`
}

func machine(dir string) Machine {
	return Machine{
		Date:       time.Now().UTC().Format(time.RFC3339),
		CPU:        procField("/proc/cpuinfo", "model name"),
		Cores:      runtime.NumCPU(),
		Memory:     procField("/proc/meminfo", "MemTotal"),
		Kernel:     procText("/proc/sys/kernel/osrelease"),
		Congestion: procText("/proc/sys/net/ipv4/tcp_congestion_control"),
		TCPRmem:    procText("/proc/sys/net/ipv4/tcp_rmem"),
		TCPWmem:    procText("/proc/sys/net/ipv4/tcp_wmem"),
		Go:         runtime.Version(),
		CC:         firstLine("", "cc", "--version"),
		Commit:     commit(dir),
		LoadBefore: loadAverage(),
	}
}

// facts returns names and values for the report.
func (m Machine) facts() [][2]string {
	return [][2]string{
		{"date", m.Date},
		{"commit", m.Commit},
		{"cpu", fmt.Sprintf("%s, %d cores", m.CPU, m.Cores)},
		{"memory", m.Memory},
		{"kernel", m.Kernel},
		{"tcp congestion control", m.Congestion},
		{"tcp_rmem, tcp_wmem", m.TCPRmem + "; " + m.TCPWmem},
		{"go, cc", m.Go + "; " + m.CC},
		{"load average", fmt.Sprintf("%s before, %s after", m.LoadBefore, m.LoadAfter)},
	}
}

const unknown = "unknown"

// dirtySuffix ends the commit of a work tree that differs from it.
const dirtySuffix = "-dirty"

// commit returns the commit of the work tree that contains dir, with dirtySuffix
// if a file was changed, added or removed. Files of bench/results do not count,
// because an earlier run writes them.
func commit(dir string) string {
	c := firstLine(dir, "git", "rev-parse", "--short=12", "HEAD")
	if c == unknown {
		return c
	}
	if firstLine(dir, "git", "status", "--porcelain", "--", ":/", ":(top,exclude)bench/results") != "" {
		c += dirtySuffix
	}
	return c
}

func procText(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return unknown
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

// procField returns the value of the first "name : value" line of a /proc file.
func procField(path, name string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return unknown
	}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return unknown
}

func firstLine(dir, name string, args ...string) string {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return unknown
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// loadAverage returns the load averages over 1, 5 and 15 minutes.
func loadAverage() string {
	f := strings.Fields(procText("/proc/loadavg"))
	return strings.Join(f[:min(3, len(f))], " ")
}

// busySeconds returns the processor time of the whole machine without idle
// time. Time taken by the hypervisor (steal) is included. Interrupts are
// included, because the kernel charges most interrupt work of a loopback
// connection to the interrupted process; without them that process would appear
// to use more time than the machine. The result is 0 if /proc/stat is missing.
func busySeconds() float64 {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	return parseBusy(string(b))
}

// ticksPerSecond is USER_HZ, which is 100 on all Linux ports of Go.
const ticksPerSecond = 100

// parseBusy adds user, nice, system, irq, softirq and steal of the first line
// of /proc/stat.
func parseBusy(stat string) float64 {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	var ticks float64
	for _, i := range []int{1, 2, 3, 6, 7, 8} {
		if i < len(fields) {
			n, _ := strconv.ParseFloat(fields[i], 64)
			ticks += n
		}
	}
	return ticks / ticksPerSecond
}
