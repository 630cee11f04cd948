// Command mdpbench compares the broker of package mdp with testdata/broker.c, which
// does the same over libzmq. It runs the brokers in turn, each in a process of its own,
// under the same load of asynchronous clients and workers, and prints the requests per
// second of each pair.
//
//	go run ./internal/mdpbench -pairs 5
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/zerobroker/zmq/patterns/mdp"
)

func main() {
	log.SetFlags(0)
	var l load
	pairs := flag.Int("pairs", 5, "number of pairs")
	source := flag.String("c", "mdp/testdata/broker.c", "source of the broker in C")
	broker := flag.Bool("broker", false, "run the broker of package mdp")
	profile := flag.String("profile", "", "with -broker, write a CPU profile to this file; otherwise pass it to the broker")
	flag.IntVar(&l.clients, "clients", 4, "clients")
	flag.IntVar(&l.window, "window", 500, "requests in flight of each client")
	flag.IntVar(&l.workers, "workers", 4, "workers")
	flag.IntVar(&l.concurrency, "concurrency", 500, "requests in flight of each worker; 0 announces none, so that it is 1")
	flag.IntVar(&l.size, "size", 10, "bytes of a request and its reply")
	flag.IntVar(&l.version, "version", 2, "1 for MDP/0.1, 2 for MDP/0.2")
	flag.DurationVar(&l.duration, "duration", 1500*time.Millisecond, "time of one run")
	flag.Parse()
	var err error
	if *broker {
		err = serve(*profile)
	} else {
		err = compare(&l, *pairs, *source, *profile)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// serve runs the broker until standard input ends.
func serve(profile string) error {
	b, err := mdp.NewBroker(nil)
	if err != nil {
		return err
	}
	defer b.Close()
	endpoint, err := b.Bind("tcp://127.0.0.1:*")
	if err != nil {
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Println(endpoint)
	bufio.NewReader(os.Stdin).ReadByte()
	if drops := b.Stats().Drops; len(drops) > 0 {
		log.Printf("dropped: %v", drops)
	}
	return nil
}

// result is the result of one run: requests per second, and the processor time of the
// broker for one request.
type result struct {
	rate float64
	cpu  time.Duration
}

// compare runs pairs of both brokers under a load.
func compare(l *load, pairs int, source, profile string) error {
	dir, err := os.MkdirTemp("", "mdpbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	other := filepath.Join(dir, "broker")
	if out, err := exec.Command("gcc", "-O2", "-o", other, source, "-lzmq").CombinedOutput(); err != nil {
		return fmt.Errorf("gcc: %w\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ours := []string{self, "-broker"}
	if profile != "" {
		ours = append(ours, "-profile", profile)
	}
	var ratios []float64
	for range pairs {
		a, err := measure(l, ours...)
		if err != nil {
			return fmt.Errorf("package mdp: %w", err)
		}
		b, err := measure(l, other, "tcp://127.0.0.1:*")
		if err != nil {
			return fmt.Errorf("libzmq: %w", err)
		}
		ratios = append(ratios, a.rate/b.rate)
		fmt.Printf("package mdp %9.0f requests/s (%v of processor time for each)   libzmq %9.0f (%v)   %.2fx\n",
			a.rate, a.cpu, b.rate, b.cpu, a.rate/b.rate)
	}
	slices.Sort(ratios)
	fmt.Printf("median %.2fx [%.2f .. %.2f]\n", ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
	return nil
}

// measure starts a broker, which prints its endpoint, and applies a load.
func measure(l *load, command ...string) (r result, err error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return r, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	if err := cmd.Start(); err != nil {
		return r, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil {
		r.rate, err = l.run(strings.Trim(line, "\x00\n"))
	}
	stdin.Close() // ends the broker of package mdp
	kill := time.AfterFunc(300*time.Millisecond, func() { cmd.Process.Kill() })
	cmd.Wait()
	kill.Stop()
	requests := r.rate * (l.duration + warmUp).Seconds()
	r.cpu = time.Duration(float64(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()) / requests)
	return r, err
}
