//go:build !linux

package main

// dieWithParent does nothing: after its parent has ended, a command runs at
// most scriptTime.
func dieWithParent() {}
