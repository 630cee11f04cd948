package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Library is a measured library: a peer program and its flags.
type Library struct {
	Name    string   `json:"name"`
	Peer    string   `json:"peer"` // directory under peers/, and name of the program
	Flags   []string `json:"flags,omitempty"`
	Far     string   `json:"far,omitempty"` // peer of the other side, if it differs
	Version string   `json:"version,omitempty"`
	Failed  string   `json:"failed,omitempty"` // reason why the build failed
	path    string
	farPath string
	ends    string // program at both ends of a proxy; empty for ours next to path
	cpu     string // CPU to which the process is pinned; empty if it is not
}

// isLimit reports whether a library is a limit instead of a messaging library.
func isLimit(name string) bool { return name == limit || name == limitCopy }

// on returns the library with its process pinned to a CPU.
func (l Library) on(cpu string) Library {
	l.cpu = cpu
	return l
}

// far returns the library of the other side.
func (l Library) far() Library {
	if l.Far != "" {
		l.path = l.farPath
	}
	return l
}

// command returns the command line of the peer without the sub-command.
func (l Library) command() []string {
	words := append([]string{l.path}, l.Flags...)
	if l.cpu != "" {
		words = append([]string{"taskset", "-c", l.cpu}, words...)
	}
	return words
}

// deepHWM is the high-water mark of the libraries that do not have the default.
const deepHWM = "100000"

func allLibraries() []Library {
	return []Library{
		{Name: "ours", Peer: "ours"},
		{Name: "ours-spin", Peer: "ours", Flags: []string{"-spin", "200us"}},
		{Name: "ours-release", Peer: "ours", Flags: []string{"-release"}},
		{Name: "ours-own-release", Peer: "ours", Flags: []string{"-own", "-release"}},
		{Name: "ours-batch", Peer: "ours", Flags: []string{"-batch"}},
		{Name: "ours-iterate", Peer: "ours", Flags: []string{"-iterate"}},
		{Name: "ours-hwm", Peer: "ours", Flags: []string{"-hwm", deepHWM}},
		{Name: "ours-batch-hwm", Peer: "ours", Flags: []string{"-batch", "-hwm", deepHWM}},
		{Name: "ours-curve", Peer: "ours", Flags: []string{"-curve"}},
		{Name: "ours-perf", Peer: "zmqperf"},
		{Name: "libzmq", Peer: "libzmq"},
		{Name: "libzmq-curve", Peer: "libzmq", Flags: []string{"-curve"}},
		{Name: "libzmq-hwm", Peer: "libzmq", Flags: []string{"-hwm", deepHWM}},
		{Name: limit, Peer: "rawtcp"},
		{Name: limitCopy, Peer: "rawtcp", Flags: []string{"-copy"}},
		{Name: "pebbe", Peer: "pebbe"},
		{Name: "gozeromq", Peer: "gozeromq"},
		{Name: "ours-libzmq", Peer: "ours", Far: "libzmq"},
		{Name: "libzmq-ours", Peer: "libzmq", Far: "ours"},
	}
}

// build builds the peers of the rows in bin/. A library whose build fails stays
// in the result with the reason, so that its rows show it.
func build(ctx context.Context, dir string, rows []Row) []Library {
	needed := make(map[string]bool)
	for _, row := range rows {
		for _, name := range row.Libs {
			needed[name] = true
		}
	}
	b := builder{ctx: ctx, dir: dir, done: make(map[string]error)}
	var libs []Library
	for _, lib := range allLibraries() {
		if needed[lib.Name] {
			libs = append(libs, b.library(lib))
		}
	}
	return libs
}

// builder builds each peer once.
type builder struct {
	ctx  context.Context
	dir  string
	done map[string]error
}

func (b *builder) library(lib Library) Library {
	var err error
	if lib.path, err = b.peer(lib.Peer); err == nil {
		lib.Version, err = version(b.ctx, lib.path)
	}
	if err == nil && lib.Far != "" {
		var v string
		if lib.farPath, err = b.peer(lib.Far); err == nil {
			v, err = version(b.ctx, lib.farPath)
			lib.Version += "; other side " + v
		}
	}
	if err != nil {
		lib.Failed = err.Error()
		progress("%s: NOT BUILT: %v", lib.Name, err)
	}
	return lib
}

func (b *builder) peer(name string) (path string, err error) {
	path = filepath.Join(b.dir, "bin", name)
	err, done := b.done[name]
	if !done {
		progress("building %s", name)
		err = compile(b.ctx, b.dir, name, path)
		b.done[name] = err
	}
	return path, err
}

func compile(ctx context.Context, dir, peer, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	args := []string{"go", "build", "-o", target, "./peers/" + peer}
	switch peer {
	case "zmqperf":
		zmq := filepath.Join(filepath.Dir(target), "zmq")
		if err := runBuild(ctx, dir, "go", "build", "-o", zmq, "github.com/zerobroker/zmq/cmd/zmq"); err != nil {
			return err
		}
	case "libzmq":
		flags, err := exec.CommandContext(ctx, "pkg-config", "--cflags", "--libs", "libzmq").Output()
		if err != nil {
			return fmt.Errorf("pkg-config libzmq (package libzmq3-dev): %w", err)
		}
		args = []string{"cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", target, "peers/libzmq/peer.c", "peers/libzmq/pubsub.c"}
		args = append(append(args, strings.Fields(string(flags))...), "-lpthread")
	}
	return runBuild(ctx, dir, args...)
}

func runBuild(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.Join(strings.Fields(string(out)), " "))
	}
	return nil
}

func version(ctx context.Context, program string) (string, error) {
	out, err := exec.CommandContext(ctx, program, "version").Output()
	if err != nil {
		return "", fmt.Errorf("no version: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
