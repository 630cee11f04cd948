package transport

import (
	"context"
	"errors"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUDPDialReportsMissingRoute dials in a network namespace without routes.
func TestUDPDialReportsMissingRoute(t *testing.T) {
	for _, addr := range []string{
		"[ff0e::7]:5555", "[ff02::7]:5555", "*;[ff0e::7]:5555", "239.1.2.3:5555", "*;239.1.2.3:5555",
		"10.1.2.3:5555", "[2001:db8::1]:5555",
	} {
		t.Run(addr, func(t *testing.T) {
			done := make(chan error, 1)
			skip := make(chan error, 1)
			go func() {
				runtime.LockOSThread() // never unlocked, so the thread ends with the goroutine
				if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
					skip <- err
					return
				}
				pc, _, err := UDP.DialPackets(context.Background(), addr, nil)
				if err == nil {
					pc.Close()
				}
				done <- err
			}()
			select {
			case err := <-skip:
				t.Skipf("no network namespace: %v", err)
			case err := <-done:
				if !errors.Is(err, syscall.ENETUNREACH) && !errors.Is(err, syscall.EADDRNOTAVAIL) {
					t.Errorf("DialPackets returns %v, want ENETUNREACH or EADDRNOTAVAIL", err)
				}
			}
		})
	}
}
