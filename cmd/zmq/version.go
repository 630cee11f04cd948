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

// versionLine says what was built, of what, and for what. The go command knows
// the version if it built from a repository or a published module.
func versionLine() string {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return fmt.Sprintf("zmq %s, ZMTP 3.1, %s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
