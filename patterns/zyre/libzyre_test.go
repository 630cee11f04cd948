package zyre_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/patterns/zbeacon"
	"github.com/zerobroker/zmq/patterns/zyre"
)

// startZyre starts a node of libzyre, whose path is in ZYRE_LIBRARY. Without it the test is
// skipped, also with ZMQ_INTEROP_REQUIRED=1: Debian has no package of libzyre.
func startZyre(t *testing.T, args ...string) (p *process, uuid string) {
	t.Helper()
	if os.Getenv("ZYRE_LIBRARY") == "" {
		t.Skip("ZYRE_LIBRARY is not set to the path of libzyre")
	}
	cmd := exec.Command(interpreter, append([]string{"-I", "testdata/zyre.py"}, args...)...)
	p = run(t, cmd)
	return p, p.next()
}

// talk exchanges everything with a node of libzyre that has the name "zyre".
func talk(t *testing.T, n *zyre.Node, p *process, uuid string) {
	t.Helper()
	ours := n.UUID().String() + " ours"
	p.want("ENTER " + ours + " " + n.Endpoint())
	p.want("JOIN " + ours + " own")
	want(t, n, "enter zyre")
	peer := n.Peers()[0]
	if peer.UUID.String() != uuid || peer.Headers["X-FROM"] != "libzyre" {
		t.Fatalf("%+v", peer)
	}
	p.command("join g")
	want(t, n, "join zyre g")
	must(t, n.Join("g"))
	p.want("JOIN " + ours + " g")
	_, err := n.Shout("g", []byte("to all"))
	must(t, err)
	p.want("SHOUT " + ours + " g to all")
	must(t, n.Whisper(peer.UUID, []byte("to one"), []byte("more")))
	p.want("WHISPER " + ours + " to one more")
	p.command("shout g answer to all")
	p.command("whisper %s answer", n.UUID())
	p.command("leave g")
	want(t, n, "shout zyre g answer to all", "whisper zyre answer", "leave zyre g")
	must(t, n.Leave("g"))
	p.want("LEAVE " + ours + " g")
}

func TestLibzyreOverBeacons(t *testing.T) {
	t.Parallel()
	for _, leaves := range []string{"ours", "zyre"} {
		p, uuid := startZyre(t, "zyre", "beacon", "45695")
		d, err := zyre.NewBeaconDiscovery(&zyre.BeaconOptions{Beacon: zbeacon.Options{Port: 45695}})
		if err != nil {
			t.Skip(err)
		}
		n, err := zyre.New(&zyre.Options{Name: "ours", Discovery: d})
		must(t, err)
		t.Cleanup(func() { n.Close() })
		must(t, n.Join("own"))
		ours := n.UUID().String() + " ours"
		talk(t, n, p, uuid)
		if leaves == "ours" {
			must(t, n.Close())
			p.want("EXIT " + ours)
			p.end()
			continue
		}
		p.end()
		until(t, n, "exit zyre left")
		if s := n.Stats(); s.Lost+s.StatusErrors+s.Drops.Malformed+s.Drops.BeforeHello != 0 {
			t.Errorf("%+v", s)
		}
		must(t, n.Close())
	}
}

func TestLibzyreOverGossip(t *testing.T) {
	t.Parallel()
	for _, binds := range []string{"ours", "zyre"} {
		o := zyre.GossipOptions{Host: "127.0.0.1"}
		args := []string{"zyre", "gossip", "tcp://127.0.0.1:*"}
		if binds == "ours" {
			o.Bind = []string{"tcp://127.0.0.1:45696"}
			args = append(args, "connect", "tcp://127.0.0.1:45696")
		} else {
			o.Connect = []string{"tcp://127.0.0.1:45697"}
			args = append(args, "bind", "tcp://127.0.0.1:45697")
		}
		d, err := zyre.NewGossipDiscovery(&o)
		must(t, err)
		n, err := zyre.New(&zyre.Options{Name: "ours", Discovery: d})
		must(t, err)
		t.Cleanup(func() { n.Close() })
		must(t, n.Join("own"))
		p, uuid := startZyre(t, args...)
		talk(t, n, p, strings.TrimSpace(uuid))
		p.end()
		until(t, n, "exit zyre left")
		if s := n.Stats(); s.Lost+s.StatusErrors+s.Drops.Malformed != 0 {
			t.Errorf("%+v", s)
		}
		must(t, n.Close())
	}
}
