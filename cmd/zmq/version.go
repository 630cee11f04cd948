package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(_ context.Context, e *env) error {
	_, err := fmt.Fprintln(e.stdout, versionLine())
	return outputError(err)
}

// versionLine returns the version of the command, of ZMTP and of Go, and the
// platform. The go command sets the version if it builds from a repository or a
// published module.
func versionLine() string {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return fmt.Sprintf("zmq %s, ZMTP 3.1, %s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
