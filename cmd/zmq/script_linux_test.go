package main

import "syscall"

// dieWithParent makes the system kill this process when its parent ends, so
// that no command remains when a test is killed or panics.
func dieWithParent() {
	syscall.RawSyscall6(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0, 0)
}
