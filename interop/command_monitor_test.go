package interop

import "testing"

// The restart of a libzmq socket is visible in the events: the connection ends, is
// tried again, and is ready again.
func TestMonitorShowsRestartOfLibzmqSocket(t *testing.T) {
	for _, typ := range []string{"REP", "PUB"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			ep := freeEndpoint(t, "tcp")
			first := newTheirs(t, typ, nil)
			first.bind(ep)
			p := startZmq(t, "monitor", ep, "--json")
			p.await(&p.stdout, `"event":"ready".*"peer":"`+typ+`","mechanism":"NULL","version":"3\.[01]"`)
			first.p.kill()
			p.await(&p.stdout, `"event":"disconnected"`)
			p.await(&p.stdout, `"event":"retrying".*"delay":0\.`)
			newTheirs(t, typ, nil).bind(ep)
			p.await(&p.stdout, `"event":"disconnected"(.*\n)*.*"event":"ready".*"peer":"`+typ+`"`)
		})
	}
}

// A refused authentication has its status code.
func TestMonitorShowsStatusOfLibzmqServer(t *testing.T) {
	p := startPython(t)
	p.call(command{"do": "zap", "policy": map[string]any{"Status": "400"}})
	ep := p.socket("REP", options{"PLAIN_SERVER": 1, "ZAP_DOMAIN": "global"}).bind(freeEndpoint(t, "tcp"))
	m := startZmq(t, "monitor", ep, "--json", "--plain-user", "alice", "--plain-password-file", secretFile(t, "x\n"))
	m.await(&m.stdout, `"event":"handshake_failed".*"mechanism":"PLAIN",.*"status":"400".*"advice":"check the name and the password"`)
}
