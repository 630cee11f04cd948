package mdp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// script drives a core. Messages are texts: frames separated by "|", in which \1 is a byte,
// and c1#2.3 is the address of a request of client c1 in slot 2 with number 3.
type script struct {
	t           *testing.T
	core        *core
	now         time.Time
	concurrency int // of the workers that register
}

func testConfig() coreConfig {
	cfg, err := new(BrokerOptions).config(&zmq.Options{SendHWM: defaultSendHWM})
	if err != nil {
		panic(err)
	}
	return cfg
}

func newScript(t *testing.T, change func(*coreConfig)) *script {
	s := &script{t: t, now: time.Unix(1000, 0)}
	cfg := testConfig()
	cfg.concurrency = func(zmq.Message) int { return s.concurrency }
	if change != nil {
		change(&cfg)
	}
	s.core = newCore(cfg)
	return s
}

// say passes a message of a peer to the core, and checks what the core sends: lines of
// "peer: message".
func (s *script) say(peer, message string, want ...string) {
	s.t.Helper()
	s.core.handle(s.now, peer, parse(message))
	s.expect(peer+": "+message, want...)
}

// leave ends the connection of a peer.
func (s *script) leave(peer string, want ...string) {
	s.t.Helper()
	s.core.disconnected(s.now, peer)
	s.expect(peer+" disconnects", want...)
}

// pass lets time pass.
func (s *script) pass(d time.Duration, want ...string) {
	s.t.Helper()
	s.now = s.now.Add(d)
	s.core.tick(s.now)
	s.expect(fmt.Sprint("after ", d), want...)
}

func (s *script) expect(after string, want ...string) {
	s.t.Helper()
	var got []string
	for _, p := range s.core.changed {
		for _, m := range s.core.takeOut(p) {
			got = append(got, p.id+": "+format(m))
		}
	}
	s.core.changed = s.core.changed[:0]
	if !slices.Equal(got, want) {
		s.t.Fatalf("after %s the broker sent\n%s\nwant\n%s", after, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	s.check()
}

// check checks the invariants of the core.
func (s *script) check() {
	s.t.Helper()
	c := s.core
	queued, inFlight, workers := 0, 0, 0
	for _, sv := range c.services {
		if sv.queue.n > 0 && sv.free.n > 0 {
			s.t.Fatalf("service %q has %d queued requests and %d free workers", sv.name, sv.queue.n, sv.free.n)
		}
		if sv.queue.n == 0 && sv.workers == 0 {
			s.t.Fatalf("service %q is not used", sv.name)
		}
		queued += sv.queue.n
		inFlight += sv.inFlight
		workers += sv.workers
	}
	if queued != c.queued || inFlight != c.inFlight || workers != c.workers.n {
		s.t.Fatalf("services have %d queued and %d in flight and %d workers, the core %d, %d and %d", queued, inFlight, workers, c.queued, c.inFlight, c.workers.n)
	}
	if queued+inFlight == 0 && c.bytes != 0 {
		s.t.Fatalf("the core has %d bytes and no request", c.bytes)
	}
	s.accounted()
}

// accounted checks that each accepted request has a reply, is held or was dropped.
func (s *script) accounted() {
	s.t.Helper()
	st := s.core.snapshot()
	var dropped uint64
	for _, r := range []DropReason{DropExpired, DropWorkerLost, DropClientLost, DropClosing} {
		dropped += st.Drops[r]
	}
	// DropClosing has refused requests too, and DropClientLost partial replies.
	if st.Requests > st.Replies+uint64(st.Queued+st.InFlight)+dropped {
		s.t.Fatalf("%d requests, of which %d replies, %d queued, %d in flight, %d dropped", st.Requests, st.Replies, st.Queued, st.InFlight, dropped)
	}
}

// dropped checks the counters of drops.
func (s *script) dropped(want map[DropReason]uint64) {
	s.t.Helper()
	got := s.core.snapshot().Drops
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Fatalf("drops %v, want %v", got, want)
	}
}

func parse(text string) zmq.Message {
	var frames [][]byte
	for _, f := range strings.Split(text, "|") {
		frames = append(frames, parseFrame(f))
	}
	return zmq.NewMessage(frames...)
}

func parseFrame(f string) []byte {
	if len(f) == 2 && f[0] == '\\' {
		return []byte{f[1] - '0'}
	}
	client, slot, ok := strings.Cut(f, "#")
	var i, n uint32
	if ok {
		if _, err := fmt.Sscanf(slot, "%d.%d", &i, &n); err == nil {
			return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte(client), i), n)
		}
	}
	return []byte(f)
}

func format(m zmq.Message) string {
	var parts []string
	for _, f := range m.Frames() {
		switch n := len(f); {
		case n == 1 && f[0] < 10:
			parts = append(parts, fmt.Sprintf(`\%d`, f[0]))
		case n >= slotSize && f[n-slotSize] == 0:
			parts = append(parts, fmt.Sprintf("%s#%d.%d", f[:n-slotSize], binary.BigEndian.Uint32(f[n-8:]), binary.BigEndian.Uint32(f[n-4:])))
		default:
			parts = append(parts, string(f))
		}
	}
	return strings.Join(parts, "|")
}
