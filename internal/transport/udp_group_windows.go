package transport

import "syscall"

// dualOptions is false: an IPv6 socket does not have the multicast options of
// IPv4.
const dualOptions = false

func handle(fd uintptr) syscall.Handle { return syscall.Handle(fd) }

func setByte(fd uintptr, level, name, value int) error { return setInt(fd, level, name, value) }

// setShared permits other sockets to bind the same port.
func setShared(fd uintptr) error { return setInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) }

// onlyJoined does nothing: Windows delivers only datagrams of groups that the
// socket has joined.
func onlyJoined(uintptr, bool) {}
