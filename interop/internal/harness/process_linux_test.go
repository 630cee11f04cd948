package harness

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// The test kills a process that has started a peer with Command. The peer holds
// the write end of a pipe; the read end reaches EOF when the peer has ended.
func TestPeerIsKilledWithItsParent(t *testing.T) {
	if os.Getenv("ZMQ_TEST_PARENT") != "" {
		peer := Command("sleep", "1000")
		peer.Stdout = os.Stdout
		if err := peer.Start(); err != nil {
			t.Fatal(err)
		}
		fmt.Println("started")
		peer.Wait()
		return
	}
	if _, err := exec.LookPath("sleep"); err != nil {
		t.Skip(err)
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestPeerIsKilledWithItsParent$")
	parent.Env = append(os.Environ(), "ZMQ_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Wait()
	in := bufio.NewReader(out)
	if line, err := in.ReadString('\n'); err != nil || line != "started\n" {
		t.Errorf("output of the parent: %q, %v", line, err)
	}
	parent.Process.Kill()
	io.Copy(io.Discard, in) // returns when the peer has also ended
}
