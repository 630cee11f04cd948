package mdp

import (
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

const (
	beat    = defaultHeartbeat
	expired = defaultHeartbeat * defaultLiveness
)

// RFC 7 and 18, Request and Reply Processing; versions can be combined.
func TestBrokerTranslatesBetweenVersions(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "|MDPW01|\\1|echo")
	s.say("c1", "|MDPC01|echo|hello|you", "w1: |MDPW01|\\2|c1#0.1||hello|you")
	s.say("w1", "|MDPW01|\\3|c1#0.1||HELLO", "c1: |MDPC01|echo|HELLO")
	s.say("c2", "MDPC02|\\1|echo|a", "w1: |MDPW01|\\2|c2#0.2||a")
	s.say("w1", "|MDPW01|\\3|c2#0.2||A", "c2: MDPC02|\\3|echo|A")

	s.say("w2", "MDPW02|\\1|count")
	s.say("c2", "MDPC02|\\1|count|3", "w2: MDPW02|\\2|c2#0.1||3")
	s.say("w2", "MDPW02|\\3|c2#0.1||1", "c2: MDPC02|\\2|count|1")
	s.say("w2", "MDPW02|\\4|c2#0.1||2", "c2: MDPC02|\\3|count|2")
	s.say("c1", "|MDPC01|count|3", "w2: MDPW02|\\2|c1#0.2||3")
	s.say("w2", "MDPW02|\\3|c1#0.2||1") // 0.1 has exactly one reply
	s.say("w2", "MDPW02|\\4|c1#0.2||2", "c1: |MDPC01|count|2")
	s.dropped(map[DropReason]uint64{DropPartial: 1})
}

// "In that case the clients MUST create the empty frame 0"; frames before it are returned.
func TestBrokerReturnsEnvelopeOfRequest(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "7||MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("w1", "MDPW02|\\4|c1#0.1||A", "c1: 7||MDPC02|\\3|echo|A")
	s.say("c1", "7|8||MDPC01|echo|a", "w1: MDPW02|\\2|c1#0.2||a")
	s.say("w1", "MDPW02|\\4|c1#0.2||A", "c1: 7|8||MDPC01|echo|A")
}

// RFC 7: "Workers will handle at most one request a time".
func TestBrokerSendsOneRequestAtATimeToWorkerWithoutExtension(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("c1", "MDPC02|\\1|echo|b")
	s.say("w1", "MDPW02|\\4|c1#0.1||A", "c1: MDPC02|\\3|echo|A", "w1: MDPW02|\\2|c1#0.2||b")
}

func TestBrokerSendsAnnouncedNumberOfRequestsAndAcceptsRepliesInAnyOrder(t *testing.T) {
	s := newScript(t, nil)
	s.concurrency = 2
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("c1", "MDPC02|\\1|echo|b", "w1: MDPW02|\\2|c1#1.1||b")
	s.say("c1", "MDPC02|\\1|echo|c")
	s.say("w1", "MDPW02|\\4|c1#1.1||B", "c1: MDPC02|\\3|echo|B", "w1: MDPW02|\\2|c1#1.2||c")
	s.say("w1", "MDPW02|\\4|c1#0.1||A", "c1: MDPC02|\\3|echo|A")
}

// "least recently used": free workers get their turns.
func TestBrokerSendsRequestsToFreeWorkersInTurn(t *testing.T) {
	s := newScript(t, nil)
	s.concurrency = 2
	s.say("w1", "MDPW02|\\1|echo")
	s.say("w2", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("c1", "MDPC02|\\1|echo|b", "w2: MDPW02|\\2|c1#0.1||b")
	s.say("c1", "MDPC02|\\1|echo|c", "w1: MDPW02|\\2|c1#1.1||c")
}

// "The broker SHOULD serve clients on a fair basis."
func TestBrokerServesQueuedClientsInTurn(t *testing.T) {
	s := newScript(t, nil)
	for _, body := range []string{"1", "2", "3"} {
		s.say("c1", "MDPC02|\\1|echo|"+body)
	}
	s.say("c2", "MDPC02|\\1|echo|4")
	s.concurrency = 4
	s.say("w1", "MDPW02|\\1|echo", "w1: MDPW02|\\2|c1#0.1||1", "w1: MDPW02|\\2|c2#1.1||4", "w1: MDPW02|\\2|c1#2.1||2", "w1: MDPW02|\\2|c1#3.1||3")
}

// "The broker SHOULD queue client requests for which no service has been registered and
// SHOULD expire these requests after a reasonable and configurable time".
func TestBrokerExpiresQueuedRequests(t *testing.T) {
	s := newScript(t, func(c *coreConfig) { c.requestTimeout = 10 * time.Second })
	s.say("c1", "MDPC02|\\1|echo|a")
	s.pass(6 * time.Second)
	s.say("c1", "MDPC02|\\1|echo|b")
	s.pass(6 * time.Second)
	s.dropped(map[DropReason]uint64{DropExpired: 1})
	s.say("w1", "MDPW02|\\1|echo", "w1: MDPW02|\\2|c1#0.1||b")
}

// "The worker MUST NOT send a further READY"; "The broker MUST respond to any valid but
// unexpected command by sending DISCONNECT and then no further commands to that worker."
func TestBrokerDisconnectsWorkerAfterUnexpectedCommand(t *testing.T) {
	for _, c := range []struct{ version, ready, command string }{
		{"MDPW02|\\6", "", "MDPW02|\\5"},
		{"MDPW02|\\6", "", "MDPW02|\\4|c1#0.1||x"},
		{"|MDPW01|\\5", "", "|MDPW01|\\4"},
		{"MDPW02|\\6", "MDPW02|\\1|echo", "MDPW02|\\1|echo"},
		{"MDPW02|\\6", "MDPW02|\\1|echo", "MDPW02|\\2|c1||x"},
		{"MDPW02|\\6", "MDPW02|\\1|echo", "MDPW02|\\4|c1#0.1||x"},
		{"MDPW02|\\6", "MDPW02|\\1|echo", "MDPW02|\\4|x||x"},
		{"|MDPW01|\\5", "MDPW02|\\1|echo", "|MDPW01|\\4"},
	} {
		s := newScript(t, nil)
		if c.ready != "" {
			s.say("w1", c.ready)
		}
		s.say("w1", c.command, "w1: "+c.version)
		s.dropped(map[DropReason]uint64{DropUnexpected: 1})
		s.say("w1", c.command)
		s.say("w1", "MDPW02|\\1|echo") // on the same connection
		s.say("c1", "MDPC02|\\1|echo|a")
		s.dropped(map[DropReason]uint64{DropUnexpected: 1, DropDisconnected: 2})
		s.leave("w1")
		s.say("w1", "MDPW02|\\1|echo", "w1: MDPW02|\\2|c1#0.1||a")
	}
}

// A reply is accepted once.
func TestBrokerRefusesSecondFinalReply(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("w1", "MDPW02|\\4|c1#0.1||A", "c1: MDPC02|\\3|echo|A")
	s.say("w1", "MDPW02|\\4|c1#0.1||A", "w1: MDPW02|\\6")
}

// A worker cannot answer the requests of another worker.
func TestBrokerRefusesReplyToRequestOfAnotherWorker(t *testing.T) {
	s := newScript(t, nil)
	s.concurrency = 2
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("w2", "MDPW02|\\1|evil")
	s.say("w2", "MDPW02|\\4|c1#0.1||evil", "w2: MDPW02|\\6")
	s.say("w1", "MDPW02|\\4|c1#0.1||A", "c1: MDPC02|\\3|echo|A")
}

// "The broker SHOULD respond to invalid messages by dropping them and treating that peer as
// invalid."
func TestBrokerRemovesWorkerAfterInvalidMessage(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.say("w1", "MDPW02|\\9", "w1: MDPW02|\\6")
	s.say("c1", "hello")
	s.say("c1", "MDPC02|\\3|echo|x") // a reply
	s.say("c1", "MDPC02|\\1|a\x01|x")
	s.say("c1", "MDPC02|\\1|echo|a")
	s.dropped(map[DropReason]uint64{DropMalformed: 4})
}

// "When the broker receives DISCONNECT from a worker it MUST send no further commands to
// that worker"; "The worker MAY send DISCONNECT at any time, including before READY."
func TestBrokerSendsNothingAfterDisconnect(t *testing.T) {
	s := newScript(t, nil)
	s.say("w0", "MDPW02|\\6")
	s.say("w1", "MDPW02|\\1|echo")
	s.say("w1", "MDPW02|\\6")
	s.say("c1", "MDPC02|\\1|echo|a")
	s.pass(beat)
	s.say("w1", "MDPW02|\\5")
	s.dropped(map[DropReason]uint64{DropDisconnected: 1})
}

// "Both broker and worker MUST send heartbeats at regular and agreed-upon intervals"; "Peers
// SHOULD NOT send HEARTBEAT commands while also sending other commands."
func TestBrokerSendsHeartbeatToIdleWorkers(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.say("w2", "|MDPW01|\\1|other")
	s.pass(beat-time.Second, nil...)
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.pass(time.Second, "w2: |MDPW01|\\4")
	s.pass(beat-time.Second, "w1: MDPW02|\\5")
}

// "A peer MUST consider the other peer disconnected if no heartbeat arrives within some
// multiple of that interval"; "If the broker detects that the worked has disconnected, it
// SHOULD stop sending it messages of any type."
func TestBrokerRemovesSilentWorker(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.pass(expired-time.Millisecond, "w1: MDPW02|\\5")
	s.say("w1", "MDPW02|\\5")
	s.pass(expired-time.Millisecond, "w1: MDPW02|\\5")
	s.pass(time.Millisecond)
	s.say("c1", "MDPC02|\\1|echo|a")
	// It must register again, on a new connection.
	s.say("w1", "MDPW02|\\5", "w1: MDPW02|\\6")
	if n := s.core.snapshot().WorkersLost; n != 1 {
		t.Errorf("%d workers lost, want 1", n)
	}
}

func TestBrokerDropsRequestOfLostWorkerByDefault(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.leave("w1")
	s.say("w2", "MDPW02|\\1|echo")
	s.dropped(map[DropReason]uint64{DropWorkerLost: 1})
}

// RFC 7, Goals: "Allow the broker to recover from dead or disconnected workers by resending
// requests to other workers."
func TestBrokerReturnsRequestToQueueWhenWorkerDies(t *testing.T) {
	s := newScript(t, func(c *coreConfig) { c.redispatch = 1 })
	s.concurrency = 3
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("c1", "MDPC02|\\1|echo|b", "w1: MDPW02|\\2|c1#1.1||b")
	s.say("w1", "MDPW02|\\3|c1#1.1||1", "c1: MDPC02|\\2|echo|1")
	s.say("w2", "MDPW02|\\1|echo")
	s.leave("w1", "w2: MDPW02|\\2|c1#0.1||a") // b has a partial reply
	s.dropped(map[DropReason]uint64{DropWorkerLost: 1})
	s.leave("w2")
	s.dropped(map[DropReason]uint64{DropWorkerLost: 2}) // a was sent again once
	if n := s.core.snapshot().Redispatched; n != 1 {
		t.Errorf("%d requests were sent again, want 1", n)
	}
}

// A worker with the extension has not begun the requests that it has when it sends
// DISCONNECT.
func TestBrokerSendsUnbegunRequestsOfLeavingWorkerToAnother(t *testing.T) {
	s := newScript(t, nil)
	s.concurrency = 2
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("w1", "MDPW02|\\6")
	s.say("w2", "MDPW02|\\1|echo", "w2: MDPW02|\\2|c1#0.1||a")

	s = newScript(t, nil) // without the extension, it may have begun them
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("w1", "MDPW02|\\6")
	s.dropped(map[DropReason]uint64{DropWorkerLost: 1})
}

func TestBrokerDropsRequestsAndRepliesOfLostClient(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("c1", "MDPC02|\\1|echo|b")
	s.say("c1", "MDPC02|\\1|absent|c")
	s.leave("c1")
	s.say("c1", "MDPC02|\\1|echo|d") // another peer with the same routing ID
	s.say("w1", "MDPW02|\\4|c1#0.1||A", "w1: MDPW02|\\2|c1#0.2||d")
	s.say("w1", "MDPW02|\\4|c1#0.2||D", "c1: MDPC02|\\3|echo|D")
	s.dropped(map[DropReason]uint64{DropClientLost: 3})
	if len(s.core.services) != 1 {
		t.Errorf("%d services, want 1", len(s.core.services))
	}
}

// https://rfc.zeromq.org/spec/8/
func TestBrokerAnswersManagementRequests(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.say("c0", "MDPC02|\\1|absent|a")
	for request, answer := range map[string]string{
		"mmi.service|echo": "200", "mmi.service|absent": "404", "mmi.service|x": "404", "mmi.service|mmi.service": "200",
		"mmi.service|mmi.x": "404", "mmi.x|a": "501", "mmi.|a": "501",
		"mmi.workers|echo": "200|1", "mmi.workers|absent": "200|0", "mmi.workers|x": "404", "mmi.services|": "200|echo",
	} {
		service, _, _ := strings.Cut(request, "|")
		s.say("c1", "MDPC02|\\1|"+request, "c1: MDPC02|\\3|"+service+"|"+answer)
		s.say("c1", "|MDPC01|"+request, "c1: |MDPC01|"+service+"|"+answer)
		s.say("c1", "9||MDPC02|\\1|"+request, "c1: 9||MDPC02|\\3|"+service+"|"+answer)
	}
}

// "It MUST disconnect any workers that attempt to register services in this namespace."
func TestBrokerDisconnectsWorkerThatRegistersManagementService(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|mmi.service", "w1: MDPW02|\\6")
	s.say("w2", "|MDPW01|\\1|mmi.x", "w2: |MDPW01|\\5")
	s.say("w3", "MDPW02|\\1|", "w3: MDPW02|\\6")
	s.dropped(map[DropReason]uint64{DropUnexpected: 2, DropMalformed: 1})
}

func TestBrokerEnforcesLimits(t *testing.T) {
	s := newScript(t, func(c *coreConfig) {
		c.maxServices, c.maxWorkers, c.maxConcurrency = 2, 1, 2
		c.maxRequests, c.requestsPerClient, c.maxRequestBytes = 4, 3, 900
		c.maxFrames, c.maxSize = 10, 500
	})
	s.say("c1", "MDPC02|\\1|a|1")
	s.say("c1", "MDPC02|\\1|b|1")
	s.say("c2", "MDPC02|\\1|c|1") // services
	s.say("c1", "MDPC02|\\1|a|2")
	s.say("c1", "MDPC02|\\1|a|3") // requests of the client
	s.say("c2", "MDPC02|\\1|a|1")
	s.say("c2", "MDPC02|\\1|a|1") // requests
	s.dropped(map[DropReason]uint64{DropServiceLimit: 1, DropClientLimit: 1, DropRequestLimit: 1})
	s.leave("c1")
	s.leave("c2")

	s.concurrency = 1 << 40
	s.say("w1", "MDPW02|\\1|d")
	s.say("w2", "MDPW02|\\1|d", "w2: MDPW02|\\6")
	s.say("c3", "MDPC02|\\1|d|1", "w1: MDPW02|\\2|c3#0.1||1")
	s.say("c3", "MDPC02|\\1|d|2", "w1: MDPW02|\\2|c3#1.1||2")
	s.say("c3", "MDPC02|\\1|d|3")
	s.say("c4", "MDPC02|\\1|d|"+strings.Repeat("x", 600))
	s.say("c4", "MDPC02|\\1|d|1|2|3|4|5|6|7|8")
	s.leave("c3")
	s.say("c4", "MDPC02|\\1|d|"+strings.Repeat("x", 480))
	s.say("c5", "MDPC02|\\1|d|"+strings.Repeat("x", 480))
	st := s.core.snapshot().Drops
	if st[DropWorkerLimit] != 1 || st[DropMalformed] != 2 || st[DropRequestLimit] != 2 {
		t.Errorf("drops %v", st)
	}
}

// A flood of peers that register, request and disconnect leaves nothing behind.
func TestBrokerForgetsDisconnectedPeers(t *testing.T) {
	s := newScript(t, nil)
	for i := range 500 {
		id := string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		s.core.handle(s.now, id, parse("MDPW02|\\1|s"+id))
		s.core.handle(s.now, id, parse("MDPC02|\\1|t"+id+"|x"))
		s.core.handle(s.now, id, parse("junk"))
		s.core.disconnected(s.now, id)
	}
	c := s.core
	if len(c.peers)+len(c.services)+c.workers.n+c.queued+c.inFlight+c.bytes != 0 {
		t.Errorf("%d peers, %d services, %d workers, %d + %d requests, %d bytes", len(c.peers), len(c.services), c.workers.n, c.queued, c.inFlight, c.bytes)
	}
}

// "The broker MAY send DISCONNECT at any time".
func TestBrokerSendsDisconnectWhenItCloses(t *testing.T) {
	s := newScript(t, func(c *coreConfig) { c.redispatch = 5 })
	s.say("w1", "MDPW02|\\1|echo")
	s.say("w2", "|MDPW01|\\1|echo")
	s.say("c1", "MDPC02|\\1|echo|a", "w1: MDPW02|\\2|c1#0.1||a")
	s.say("c1", "MDPC02|\\1|x|a")
	s.core.close(s.now)
	s.expect("close", "w1: MDPW02|\\6", "w2: |MDPW01|\\5")
	s.say("w3", "MDPW02|\\1|echo", "w3: MDPW02|\\6")
	s.say("c1", "MDPC02|\\1|x|a")
	s.dropped(map[DropReason]uint64{DropClosing: 4})
}

func TestBrokerRemovesWorkerWhoseQueueIsFull(t *testing.T) {
	s := newScript(t, nil)
	s.say("w1", "MDPW02|\\1|echo")
	s.core.handle(s.now, "c1", parse("MDPC02|\\1|echo|a"))
	w := s.core.peers["w1"]
	out := s.core.takeOut(w)
	s.core.changed = s.core.changed[:0]
	s.core.unsent(s.now, w, out, DropClientFull)
	s.expect("full queue")
	s.dropped(map[DropReason]uint64{DropWorkerLost: 1})
	s.core.unsent(s.now, s.core.peers["c1"], []zmq.Message{parse("MDPC02|\\2|echo|A"), parse("|MDPC01|echo|A")}, DropClientFull)
	s.dropped(map[DropReason]uint64{DropWorkerLost: 1, DropClientFull: 2})
}

// The memory of messages and requests is used again.
func TestBrokerAllocatesLittleForEachRequest(t *testing.T) {
	s := newScript(t, nil)
	s.core.handle(s.now, "w1", parse("MDPW02|\\1|echo"))
	request := parse("MDPC02|\\1|echo|a")
	var reply zmq.Message
	n := uint32(0)
	perRequest := testing.AllocsPerRun(2000, func() {
		n++
		s.core.handle(s.now, "c1", request)
		reply = parseReply(n)
		s.core.handle(s.now, "w1", reply)
		for _, p := range s.core.changed {
			s.core.recycle(s.core.takeOut(p))
		}
		s.core.changed = s.core.changed[:0]
		s.core.build.reset()
	})
	if own := testing.AllocsPerRun(100, func() { reply = parseReply(1) }); perRequest > own+0.5 {
		t.Errorf("%.1f allocations for each request, besides %.1f of the test", perRequest, own)
	}
	if got := s.core.snapshot().Replies; got != uint64(n) {
		t.Errorf("%d replies to %d requests", got, n)
	}
}

// parseReply returns the reply to the request that is the n-th of its slot.
func parseReply(n uint32) zmq.Message {
	return zmq.NewMessage([]byte("MDPW02"), []byte{4}, []byte{'c', '1', 0, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, nil, []byte("A"))
}

func TestUnlimitedRemovesLimits(t *testing.T) {
	const u = zmq.Unlimited
	o := BrokerOptions{MaxWorkers: u, MaxConcurrency: u, MaxServices: u, MaxRequests: u, MaxRequestBytes: u, MaxRequestsPerClient: u,
		RequestTimeout: zmq.Forever, Heartbeat: zmq.Forever}
	so := &zmq.Options{SendHWM: u, Limits: zmq.Limits{MaxMessageSize: u, MaxMessageFrames: u}}
	cfg, err := o.config(so)
	if err != nil {
		t.Fatal(err)
	}
	s := newScript(t, func(c *coreConfig) {
		cfg.concurrency = c.concurrency
		*c = cfg
	})
	s.say("c1", "MDPC02|\\1|echo|a")
	s.pass(1000 * time.Hour)
	s.say("w1", "MDPW02|\\1|echo", "w1: MDPW02|\\2|c1#0.1||a")
	s.dropped(map[DropReason]uint64{})
}
