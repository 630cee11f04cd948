package main

import "syscall"

// dieWithParent has the system kill this process when its parent ends: also a
// test that is killed, or that panics, leaves no command behind.
func dieWithParent() {
	syscall.RawSyscall6(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0, 0)
}
