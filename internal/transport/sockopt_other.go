//go:build !(linux || windows || darwin || dragonfly || freebsd || netbsd || openbsd)

package transport

func setInt(uintptr, int, int, int) error { return nil }

func setReuse(uintptr) error { return nil }

// setBacklog does nothing: the queue keeps the length that package net has set.
func setBacklog(uintptr, int) error { return nil }

func (o *Options) setBuffers(uintptr) error { return nil }

func (o *Options) setTCP(uintptr) error { return nil }

func (o *Options) setIP(uintptr, bool) error {
	if o.Device != "" {
		return errNoDevice
	}
	return nil
}
