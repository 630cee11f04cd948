package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zerobroker/zmq/bench/internal/peer"
)

// outcome is the output of a peer process and its CPU time.
type outcome struct {
	peer.Measurement
	cpu float64 // user and system seconds
}

// process is a running peer.
type process struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer
}

// start starts the peer of lib. The peer is killed when ctx ends.
func start(ctx context.Context, lib Library, args ...string) (*process, error) {
	p := &process{name: args[0]}
	words := slices.Concat(lib.command(), args)
	p.cmd = exec.CommandContext(ctx, words[0], words[1:]...)
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = time.Second
	endWithUs(p.cmd)
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = bufio.NewReader(stdout)
	return p, p.cmd.Start()
}

// line reads one line of the peer's output.
func (p *process) line() (string, error) {
	s, err := p.stdout.ReadString('\n')
	return strings.TrimSpace(s), err
}

// wait reads the remaining output of the peer and waits for its end.
func (p *process) wait() (outcome, error) {
	rest, _ := io.ReadAll(p.stdout) // a broken pipe shows as a missing measurement
	if err := p.cmd.Wait(); err != nil {
		stderr := ""
		if text := bytes.TrimSpace(p.stderr.Bytes()); len(text) > 0 {
			stderr = fmt.Sprintf(", standard error: %q", text)
		}
		return outcome{}, fmt.Errorf("%s: %w%s", p.name, err, stderr)
	}
	state := p.cmd.ProcessState
	o := outcome{cpu: (state.UserTime() + state.SystemTime()).Seconds()}
	if len(bytes.TrimSpace(rest)) == 0 {
		return o, nil
	}
	if err := json.Unmarshal(rest, &o.Measurement); err != nil {
		return outcome{}, fmt.Errorf("%s: unexpected output %q", p.name, rest)
	}
	return o, nil
}

// measured waits for a peer that must print a measurement.
func (p *process) measured() (outcome, error) {
	o, err := p.wait()
	if err == nil && (o.Messages < 2 || o.Seconds <= 0) {
		err = fmt.Errorf("%s: ended without a measurement", p.name)
	}
	return o, err
}

// runPair starts the binding side, reads its endpoint, and starts the
// connecting side. If one process fails, the other is killed.
func runPair(ctx context.Context, bindingLib Library, binding string, connectingLib Library, connecting string, row Row,
) (bound, connected outcome, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	size, count := strconv.Itoa(row.Size), strconv.Itoa(row.Count)

	server, err := start(ctx, bindingLib, binding, anyPort, size, count)
	if err != nil {
		return bound, connected, err
	}
	endpoint, lineErr := server.line()
	if lineErr != nil {
		cancel()
		_, err := server.wait()
		return bound, connected, errors.Join(errors.New("the peer printed no endpoint"), err)
	}
	served := make(chan error, 1)
	go func() {
		var err error
		bound, err = server.measured()
		if err != nil {
			cancel()
		}
		served <- err
	}()
	client, err := start(ctx, connectingLib, connecting, endpoint, size, count)
	if err == nil {
		connected, err = client.measured()
	}
	if err != nil {
		cancel()
	}
	err = errors.Join(<-served, err)
	return bound, connected, err
}

// runAlone runs a sub-command with both sides in one process.
func runAlone(ctx context.Context, lib Library, command string, row Row) (outcome, error) {
	p, err := start(ctx, lib, command, strconv.Itoa(row.Size), strconv.Itoa(row.Count))
	if err != nil {
		return outcome{}, err
	}
	return p.measured()
}
