package main

import (
	"os/exec"
	"syscall"
)

// endWithUs has the system kill a peer when this process ends, however it does.
func endWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
