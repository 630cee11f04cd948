package main

import (
	"os/exec"
	"syscall"
)

// endWithUs has the kernel kill a peer when this process ends for any reason.
func endWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
