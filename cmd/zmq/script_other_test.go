//go:build !linux

package main

// dieWithParent: only scriptTime ends a command whose parent is gone.
func dieWithParent() {}
