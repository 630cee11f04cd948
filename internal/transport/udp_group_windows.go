package transport

import "syscall"

const dualOptions = false

func handle(fd uintptr) syscall.Handle { return syscall.Handle(fd) }

func setByte(fd uintptr, level, name, value int) error { return setInt(fd, level, name, value) }

// setShared lets others bind the port too.
func setShared(fd uintptr) error { return setInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) }

// onlyJoined does nothing: Windows delivers no other groups.
func onlyJoined(uintptr, bool) {}
