package socket_test

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

// hostileSession is a whole connection of a hostile peer.
type hostileSession struct {
	name   string
	run    func(p *st.Peer)
	kind   session.Kind
	reason engine.CloseReason
}

// hostileSessions are connections to a PULL with the security of the place.
func hostileSessions(pl place) (list []hostileSession) {
	opening := len(st.Greeting()) + len(st.Ready("Socket-Type", "PUSH"))
	for _, in := range badInputs() {
		traffic := in.bytes
		if in.ready {
			traffic = traffic[opening:]
		} else if in.reason != engine.CloseMechanism && in.reason != engine.CloseMalformed || len(traffic) > 64 {
			continue // inside the handshake of NULL
		}
		if in.ready {
			traffic = aboveSealedLimit(pl, in.name, traffic)
		}
		h := hostileSession{name: in.name, kind: session.HandshakeFailed, reason: in.reason}
		h.run = func(p *st.Peer) {
			if in.ready {
				p.HandshakeWith(pl.hostile(), "PUSH")
			}
			p.Write(p.Seal(traffic))
		}
		if in.ready {
			h.kind = session.Disconnected
		}
		switch in.name {
		case "mechanism":
			if pl.sec.Name == "CURVE" {
				continue // it names this mechanism
			}
		case "zeros", "HTTP", "SSH", "TLS": // like ZMTP 1.0, which has no security
			if pl.sec.Name != "NULL" || pl.server {
				h.reason = engine.CloseVersion
			}
		}
		list = append(list, h)
	}
	if pl.sec.Name == "NULL" {
		return list
	}
	for _, step := range handshakeSteps(pl.sec.Name, !pl.server) {
		if step.timeout {
			continue
		}
		list = append(list, hostileSession{step.name, func(p *st.Peer) {
			p.TryHandshakeWith(func(md []byte) mechanism.Mechanism {
				return &edited{Mechanism: pl.hostile()(md), edit: func(name string, body []byte) [][]byte {
					if name == step.command {
						return step.send(body)
					}
					return [][]byte{body}
				}}
			}, "PUSH")
		}, session.HandshakeFailed, step.reason})
	}
	return list
}

// Over tcp and ipc, in real time, a hostile peer is disconnected for the same
// reasons as in the memory network, and a good peer keeps its connection.
func TestHostilePeersOverTCPAndIPC(t *testing.T) {
	for _, sec := range st.Securities() {
		for _, server := range []bool{true, false} {
			pl := place{sec, server, true}
			for scheme, endpoint := range map[string]string{
				"tcp": "tcp://127.0.0.1:*", "ipc": "ipc://" + filepath.Join(t.TempDir(), "s"),
			} {
				t.Run(pl.String()+" "+scheme, func(t *testing.T) {
					testHostileSessions(t, pl, scheme, endpoint)
				})
			}
		}
	}
}

func testHostileSessions(t *testing.T, pl place, scheme, endpoint string) {
	over := func(o *socket.Options) { o.Transports["ipc"] = transport.IPC }
	pull, push := overTCP(t, pattern.PULL, pl.ours, over), overTCP(t, pattern.PUSH, pl.good, over)
	watcher := pull.Watch()
	ep, err := pull.Bind(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := push.Connect(ep); err != nil {
		t.Fatal(err)
	}
	w := st.New(t, 1)
	want := pull.Stats().CloseReasons
	for _, h := range hostileSessions(pl) {
		c, err := net.Dial(map[string]string{"tcp": "tcp", "ipc": "unix"}[scheme], strings.TrimPrefix(ep, scheme+"://"))
		if err != nil {
			t.Fatal(err)
		}
		h.run(w.Peer(c))
		io.Copy(io.Discard, c)
		c.Close()
		ev := await(t, watcher, session.HandshakeFailed, session.Disconnected)
		if ev.Reason != h.reason || ev.Kind != h.kind {
			t.Errorf("%s: event %+v, want reason %v", h.name, ev, h.reason)
		}
		want[h.reason]++
		wantDelivered(t, push, pull, h.name)
	}
	if got := pull.Stats().CloseReasons; got != want {
		t.Errorf("faults %v, want %v", got, want)
	}
}
