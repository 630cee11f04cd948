package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/zerobroker/zmq"
)

// version reports the version of the library (chapter 1).
//
// The C program asks the library. In Go the version of a module is part of the build
// information of the program. The version that matters to peers is that of the protocol.
func version(ctx context.Context, out io.Writer, args []string) error {
	fmt.Fprintf(out, "The newest protocol of this library is ZMTP %s\n", zmq.ZMTP31)
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/zerobroker/zmq" {
			fmt.Fprintf(out, "%s %s\n", module.Path, module.Version)
		}
	}
	return nil
}
