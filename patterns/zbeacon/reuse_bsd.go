//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package zbeacon

import "syscall"

// reuseOptions has SO_REUSEPORT too, without which these systems permit one socket.
var reuseOptions = []int{syscall.SO_REUSEADDR, syscall.SO_REUSEPORT}
