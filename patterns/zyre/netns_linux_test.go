package zyre_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/patterns/zyre"
)

// nodeVariable makes the test binary run as a node with its value as the name.
const nodeVariable = "ZYRE_TEST_NODE"

// TestNamespaceNode is the program of TestNodesInNetworkNamespaces: a node with the defaults
// that prints its events and answers each WHISPER.
func TestNamespaceNode(t *testing.T) {
	name := os.Getenv(nodeVariable)
	if name == "" {
		t.Skip("this is the program of another test")
	}
	n, err := zyre.New(&zyre.Options{Name: name})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		os.Stdin.Read(make([]byte, 1))
		cancel()
	}()
	fmt.Println("node at", n.Endpoint()[:strings.LastIndex(n.Endpoint(), ":")])
	for e, err := range n.Events(ctx) {
		if err != nil {
			break
		}
		fmt.Println("node", text(e))
		if enter, ok := e.(zyre.Enter); ok {
			n.Whisper(enter.Peer.UUID, []byte("hello"))
		}
	}
	must(t, n.Close())
}

// ip runs a command of iproute2, and skips the test if that is not permitted.
func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Skipf("ip %s: %v %s", strings.Join(args, " "), err, out)
	}
}

// Two processes with the default options in network namespaces of their own, which a pair
// of virtual interfaces connects.
func TestNodesInNetworkNamespaces(t *testing.T) {
	t.Parallel()
	var names [2]string
	for i := range names {
		names[i] = fmt.Sprintf("zyretest-%d-%d", os.Getpid(), i)
		ip(t, "netns", "add", names[i])
		t.Cleanup(func() { exec.Command("ip", "netns", "delete", names[i]).Run() })
	}
	ip(t, "link", "add", "name", "zv0", "netns", names[0], "type", "veth", "peer", "name", "zv0", "netns", names[1])
	for i, ns := range names {
		ip(t, "-n", ns, "addr", "add", fmt.Sprintf("198.18.77.%d/24", i+1), "brd", "+", "dev", "zv0")
		ip(t, "-n", ns, "link", "set", "zv0", "up")
	}
	var nodes [2]*process
	for i, ns := range names {
		cmd := exec.Command("ip", "netns", "exec", ns, os.Args[0], "-test.run=^TestNamespaceNode$", "-test.timeout=60s")
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=n%d", nodeVariable, i))
		nodes[i] = run(t, cmd)
		nodes[i].want(fmt.Sprintf("node at tcp://198.18.77.%d", i+1))
	}
	nodes[0].want("node enter n1", "node whisper n1 hello")
	nodes[1].want("node enter n0", "node whisper n0 hello")
	nodes[1].end()
	nodes[0].want("node exit n1 left")
}
