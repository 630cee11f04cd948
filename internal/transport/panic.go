package transport

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// RecoverHook converts a panic of a function of the application, described by what,
// to an error. It must be deferred.
func RecoverHook(err *error, what string) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s %w", what, PanicError(p))
	}
}

// PanicError returns the error for the value p of a panic. The deferred function
// that has recovered it calls PanicError. The text names the functions that were
// running, the innermost first. Unlike debug.Stack it has one line and no
// arguments, which may be secrets.
func PanicError(p any) error {
	var running []string
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)]) // without this and the deferred function
	for more := true; more; {
		var f runtime.Frame
		if f, more = frames.Next(); !strings.HasPrefix(f.Function, "runtime.") {
			running = append(running, fmt.Sprintf("%s (%s:%d)", path.Base(f.Function), path.Base(f.File), f.Line))
		}
	}
	return fmt.Errorf("panicked: %v at %s", p, strings.Join(running, ", "))
}
