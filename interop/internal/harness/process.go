package harness

import "os/exec"

// Command is exec.Command for a peer that must not outlive this process. On
// Linux the kernel kills the peer; elsewhere the peer ends at the end of its
// standard input. So no peer remains when the test process panics, as with
// go test's -timeout, or is killed.
func Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	endWithUs(cmd)
	return cmd
}
