//go:build unix && !(darwin || dragonfly || freebsd || netbsd || openbsd)

package zbeacon

import "syscall"

var reuseOptions = []int{syscall.SO_REUSEADDR}
