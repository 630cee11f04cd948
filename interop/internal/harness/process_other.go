//go:build !linux

package harness

import "os/exec"

func endWithUs(*exec.Cmd) {}
