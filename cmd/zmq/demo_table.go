package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// The load of the measurements.
const (
	demoSize       = 64
	demoMessages   = 2_000_000
	demoRoundTrips = 10_000
)

// table measures and prints the throughput and latency of each transport.
func (d *demo) table(ctx context.Context) error {
	if err := d.printf("\nMeasured with messages of %d bytes:\n\n%-9s %19s %18s\n", demoSize, "transport", "throughput", "one-way latency"); err != nil {
		return err
	}
	for _, t := range d.transports {
		perSecond, err := d.measure(ctx, t.endpoint, "thr", demoMessages/d.scale, "mean throughput: ", " [msg/s]")
		if err == nil {
			err = d.printf("%-9s %13s msg/s", t.name, group(int(perSecond)))
		}
		if err != nil {
			return fmt.Errorf("throughput over %s: %w", t.name, err)
		}
		micros, err := d.measure(ctx, t.endpoint, "lat", demoRoundTrips/d.scale, "average latency: ", " [us]")
		if err == nil {
			err = d.printf(" %15.1f us\n", micros)
		}
		if err != nil {
			return fmt.Errorf("latency over %s: %w", t.name, err)
		}
	}
	return nil
}

// measure runs the two commands of a zmq perf measurement, or the one for
// inproc, and returns the number between before and after in their output.
func (d *demo) measure(ctx context.Context, endpoint, kind string, count int, before, after string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	start := func(program string, args ...string) *running {
		return d.exe.start(ctx, append([]string{"perf", program + "_" + kind}, args...), "")
	}
	size, n := fmt.Sprint(demoSize), fmt.Sprint(count)
	if strings.HasPrefix(endpoint, "inproc:") {
		out, err := start("inproc", size, n).wait()
		return figure(out, before, after, err)
	}
	local := start("local", endpoint, size, n)
	bound, err := local.endpoint(endpoint)
	if err != nil {
		_, err := local.wait()
		return 0, err
	}
	remote := start("remote", bound, size, n)
	remoteOut, err := remote.wait()
	if err != nil {
		return 0, err
	}
	localOut, err := local.wait()
	return figure(localOut+remoteOut, before, after, err)
}

// figure returns the number between two texts.
func figure(out, before, after string, err error) (float64, error) {
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(out, before)
	number, _, _ := strings.Cut(rest, after)
	return strconv.ParseFloat(number, 64)
}
