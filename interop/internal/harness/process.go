package harness

import "os/exec"

// Command is exec.Command for a peer that ends with this process: where the
// system can see to that it is killed, elsewhere its input ends. Also a suite
// that panics, as with go test's -timeout, or is killed leaves no peer behind.
func Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	endWithUs(cmd)
	return cmd
}
