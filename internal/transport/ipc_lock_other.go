//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package transport

// lockDir does nothing: package syscall has no Flock on this system.
func lockDir(string) (unlock func()) { return func() {} }
