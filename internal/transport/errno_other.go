//go:build !windows

package transport

// portable has nothing to do where system errors are the portable ones.
func portable(err error) error { return err }
