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

// versionLine says what was built, of what, and for what.
func versionLine() string {
	version := "(devel)"
	var revision, dirty string
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = " " + s.Value[:min(12, len(s.Value))]
			case "vcs.modified":
				if s.Value == "true" {
					dirty = "+changes"
				}
			}
		}
	}
	return fmt.Sprintf("zmq %s%s%s ZMTP 3.1 %s %s/%s",
		version, revision, dirty, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
