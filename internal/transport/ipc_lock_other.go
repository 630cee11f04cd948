//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package transport

func lockDir(string) (unlock func()) { return func() {} }
