package mdp

import (
	"bytes"
	"testing"

	"github.com/zerobroker/zmq"
)

// The grammars of RFC 7 and RFC 18, and messages that violate them.
func TestDecodeAcceptsExactlyTheCommandsOfTheRFCs(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // version, command, body; empty if malformed
	}{
		{"|MDPC01|echo|x", "client MDP/0.1 request 3"},
		{"|MDPC01|echo|x|y", "client MDP/0.1 request 3"},
		{"id||MDPC01|echo|x", "client MDP/0.1 request 4"},
		{"MDPC02|\\1|echo|x", "client MDP/0.2 request 3"},
		{"MDPC02|\\2|echo|x", "client MDP/0.2 partial 3"},
		{"MDPC02|\\3|echo|x", "client MDP/0.2 final 3"},
		{"id||MDPC02|\\1|echo|x", "client MDP/0.2 request 5"},
		{"|MDPW01|\\1|echo", "worker MDP/0.1 ready 0"},
		{"|MDPW01|\\2|c1||x", "worker MDP/0.1 request 5"},
		{"|MDPW01|\\3|c1||x", "worker MDP/0.1 final 5"},
		{"|MDPW01|\\4", "worker MDP/0.1 heartbeat 0"},
		{"|MDPW01|\\5", "worker MDP/0.1 disconnect 0"},
		{"MDPW02|\\1|echo", "worker MDP/0.2 ready 0"},
		{"MDPW02|\\2|c1||x", "worker MDP/0.2 request 4"},
		{"MDPW02|\\3|c1||x", "worker MDP/0.2 partial 4"},
		{"MDPW02|\\4|c1||x", "worker MDP/0.2 final 4"},
		{"MDPW02|\\5", "worker MDP/0.2 heartbeat 0"},
		{"MDPW02|\\6", "worker MDP/0.2 disconnect 0"},

		{"", ""}, {"|", ""}, {"x", ""}, {"||", ""}, {"MDPC01|echo|x", ""}, {"MDPC03|\\1|echo|x", ""},
		{"|MDPC01", ""}, {"|MDPC01|echo", ""}, {"MDPC02", ""}, {"MDPC02|\\1", ""}, {"MDPC02|\\1|echo", ""},
		{"MDPC02|\\4|echo|x", ""}, {"MDPC02|\\0|echo|x", ""}, {"MDPC02||echo|x", ""}, {"MDPC02|\\1\\1|echo|x", ""},
		{"a|b|c|d|e||MDPC01|echo|x", ""}, {"id||MDPW01|\\4", ""}, {"id||MDPW02|\\5", ""}, {"|MDPW02|\\5", ""},
		{"|MDPW01", ""}, {"|MDPW01|\\6", ""}, {"|MDPW01|\\1", ""}, {"|MDPW01|\\1|echo|x", ""}, {"|MDPW01|\\4|x", ""},
		{"MDPW02", ""}, {"MDPW02|\\7", ""}, {"MDPW02|\\4|c1||", "worker MDP/0.2 final 4"}, {"MDPW02|\\4|c1|x|y", ""},
		{"MDPW02|\\4|||y", ""}, {"MDPW02|\\4|c1|", ""}, {"MDPW02|\\6|x", ""},
	} {
		k, err := decode(parse(c.text))
		got := ""
		if err == nil {
			got = describe(k)
		}
		if got != c.want {
			t.Errorf("%q is decoded as %q, %v; want %q", c.text, got, err, c.want)
		}
	}
}

func describe(k packet) string {
	role := "client "
	if k.worker {
		role = "worker "
	}
	name := map[command]string{cmdReady: "ready", cmdRequest: "request", cmdPartial: "partial", cmdFinal: "final", cmdHeartbeat: "heartbeat", cmdDisconnect: "disconnect"}
	return role + k.version.String() + " " + name[k.cmd] + " " + string(rune('0'+k.body))
}

func TestDecodeRefusesOversizedEnvelope(t *testing.T) {
	m := zmq.NewMessage(make([]byte, maxEnvelopeSize+1), nil, []byte("MDPC01"), []byte("echo"), nil)
	m.Frame(0)[0] = 1
	if _, err := decode(m); err == nil {
		t.Error("an envelope above the limit is accepted")
	}
}

func TestServiceNamesArePrintableAndShort(t *testing.T) {
	for name, want := range map[string]bool{
		"echo": true, "größe": true, "a b": true, "": false, "a\nb": false, "a\x00": false, "\x7f": false,
		string(bytes.Repeat([]byte("x"), 255)): true, string(bytes.Repeat([]byte("x"), 256)): false,
	} {
		if validService([]byte(name)) != want {
			t.Errorf("validService(%q) is %t", name, !want)
		}
	}
}

// FuzzDecode checks that no message makes decode panic, and that the parts of a decoded
// one are frames of the message.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"|MDPC01|echo|x", "id||MDPC02|\\1|echo|x", "MDPC02|\\1|echo|x", "|MDPW01|\\3|c1||x", "MDPW02|\\1|echo", "MDPW02|\\5", "|||", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := parse(string(b))
		k, err := decode(m)
		if err != nil {
			return
		}
		if k.body >= m.NumFrames() || k.envelope >= m.NumFrames() {
			t.Fatalf("%q: body %d and envelope %d of %d frames", b, k.body, k.envelope, m.NumFrames())
		}
		if k.body == 0 && (!k.worker || k.address != nil) {
			t.Fatalf("%q has no body", b)
		}
		if k.version != V01 && k.version != V02 || k.cmd == 0 {
			t.Fatalf("%q is decoded as %+v", b, k)
		}
	})
}

// FuzzCore passes random messages of three peers to the broker: it must not panic or
// violate its invariants.
func FuzzCore(f *testing.F) {
	f.Add([]byte("1MDPW02|\\1|echo\n2MDPC02|\\1|echo|x\n1MDPW02|\\4|2#0.1||x\n2|MDPC01|echo|x\n1MDPW02|\\6\n3|MDPW01|\\1|echo\n2!\n+"))
	f.Add([]byte("2MDPC02|\\1|echo|x\n2MDPC02|\\1|b|x\n1MDPW02|\\1|echo\n1MDPW02|\\3|2#0.1||x\n+\n+\n1!\n3MDPC02|\\1|mmi.service|echo"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newScript(t, func(c *coreConfig) { c.maxServices, c.maxRequests, c.redispatch = 3, 5, 1 })
		s.concurrency = len(b) % 3
		for line := range bytes.Lines(b) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			switch {
			case len(line) == 0:
				continue
			case line[0] == '+':
				s.now = s.now.Add(s.core.cfg.heartbeat)
				s.core.tick(s.now)
			case len(line) == 2 && line[1] == '!':
				s.core.disconnected(s.now, string(line[:1]))
			default:
				s.core.handle(s.now, string(line[:1]), parse(string(line[1:])))
			}
			for _, p := range s.core.changed {
				s.core.takeOut(p)
			}
			s.core.changed = s.core.changed[:0]
			s.check()
		}
	})
}
