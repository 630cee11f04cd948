package interop

import (
	"strings"
	"testing"
)

// startSniff starts zmq sniff in front of an endpoint, and returns its endpoint.
func startSniff(t *testing.T, to string, args ...string) (p *process, endpoint string) {
	t.Helper()
	p = startZmq(t, append([]string{"sniff", "--listen", "tcp://127.0.0.1:*", "--to", to}, args...)...)
	return p, p.await(&p.stderr, "listening on (.*)$")[1]
}

// What two libzmq sockets exchange is shown with NULL and PLAIN, without the
// password, and with CURVE by its length. It arrives unchanged.
func TestSniffShowsLibzmqTraffic(t *testing.T) {
	for _, c := range []struct {
		name           string
		client, server options
		want, not      []string
	}{
		{
			"NULL", nil, nil,
			[]string{`> greeting ZMTP 3\.[01], mechanism NULL$`, `> command READY Socket-Type="REQ"`, `< command READY Socket-Type="REP"`, `> frame 5 bytes: "hello"$`, `< frame 5 bytes: "world"$`},
			nil,
		},
		{
			"PLAIN", options{"PLAIN_USERNAME": "alice", "PLAIN_PASSWORD": "opensesame"}, options{"PLAIN_SERVER": 1},
			[]string{`< greeting ZMTP 3\.[01], mechanism PLAIN$`, `> command HELLO username="alice" password=\*\*\*$`, `> frame 5 bytes: "hello"$`, `< frame 5 bytes: "world"$`},
			[]string{"opensesame"},
		},
		{
			"CURVE", nil, options{"CURVE": "server"},
			[]string{`< greeting ZMTP 3\.[01], mechanism CURVE$`, `> sealed 38 bytes$`, `< sealed 38 bytes$`},
			[]string{"hello", "world"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := startPython(t)
			p.call(command{"do": "zap", "policy": map[string]any{"Status": "200"}})
			rep := p.socket("REP", c.server)
			sniff, ep := startSniff(t, rep.bind(freeEndpoint(t, "tcp")))
			client := options{}
			for name, value := range c.client {
				client[name] = value
			}
			if c.name == "CURVE" {
				client["SERVERKEY"] = rep.do("key", nil).Names[0]
			}
			req := p.socket("REQ", client)
			req.connect(ep)
			req.send(text("hello"))
			rep.expect(text("hello"))
			rep.send(text("world"))
			req.expect(text("world"))
			for _, want := range c.want {
				sniff.await(&sniff.stdout, want)
			}
			for _, not := range c.not {
				if out := sniff.stdout.String(); len(out) == 0 || strings.Contains(out, not) {
					t.Errorf("it shows %q", not)
				}
			}
		})
	}
}

// Peers of old versions are shown with their version.
func TestSniffShowsOldVersions(t *testing.T) {
	for _, v := range oldVersions {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			r := roles{ours: "PULL", theirs: "PUSH"}
			pull, w := newTheirs(t, "PULL", nil), newWire(t, v, r)
			sniff, ep := startSniff(t, pull.bind(freeEndpoint(t, "tcp")))
			w.connect(ep)
			w.send(text("hello"))
			pull.expect(text("hello"))
			sniff.await(&sniff.stdout, `> greeting ZMTP `+map[version]string{v1: `1\.0`, v2: `2\.0`, v3_0: `3\.0`}[v])
			sniff.await(&sniff.stdout, `> frame 5 bytes: "hello"$`)
		})
	}
}
