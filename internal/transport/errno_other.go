//go:build !windows

package transport

// portable has nothing to do where system errors are the portable ones.
func portable(err error) error { return err }

// isCut reports nothing: a datagram that was cut comes without an error here.
func isCut(error) bool { return false }
