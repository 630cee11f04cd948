package faults

import (
	"fmt"

	"github.com/zerobroker/zmq"
)

// The checks compare the public counters of all sockets with the messages that the
// actors sent and received, and with those that the network carried. A message is
//
//	written  if all its bytes were accepted by the network,
//	arrived  if all its bytes were read from the network,
//	lost     if it was written and has not arrived.
//
// For each socket these equations must hold:
//
//	accepted = written + queued to send + dropped, by reason
//	arrived  = received + queued to receive + dropped, by reason
//
// and so for all sockets:
//
//	accepted = received + queued + dropped, by reason + lost + unexplained
//
// where unexplained is 0. Sockets cannot count lost messages; the network does.

// afterSend are the reasons for drops of accepted messages that were not written.
var afterSend = []zmq.DropReason{
	zmq.DropHWM, zmq.DropNoRoute, zmq.DropInFlight, zmq.DropConnLost, zmq.DropLinger, zmq.DropRequester,
	zmq.DropConflated, zmq.DropTooLarge, zmq.DropUnreachable,
}

// afterArrival are the reasons for drops of messages that have arrived. DropRefused
// is not among them, because the bytes of a refused peer need not be decoded.
var afterArrival = []zmq.DropReason{
	zmq.DropUnread, zmq.DropStaleReply, zmq.DropMalformed, zmq.DropUpstream, zmq.DropFiltered,
}

func sum(drops map[zmq.DropReason]uint64, reasons []zmq.DropReason) (n int) {
	for _, why := range reasons {
		n += int(drops[why])
	}
	return n
}

// account has both sides of the equations of a socket.
type account struct {
	l                *instance
	st               zmq.Stats
	dropped          int // after Send
	droppedIn        int // after arrival
	written, arrived int // by the network
	tornOut, tornIn  int
	fromRefused      int // arrived on connections that this socket refused
	lost             int // of the written ones
}

// conflatesIn reports whether the socket drops arrived messages as conflated.
func (l *instance) conflatesIn() bool { return l.sc.conflate && is(l.node.typ, receivers...) }

// accounts returns the account of each socket.
func (sc *script) accounts() []*account {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	list := make([]*account, len(sc.instances))
	for i, l := range sc.instances {
		a := &account{l: l, st: l.Stats()}
		in := afterArrival
		if l.conflatesIn() {
			in = append([]zmq.DropReason{zmq.DropConflated}, in...)
		} else {
			a.dropped = sum(a.st.Drops, afterSend)
		}
		a.droppedIn = sum(a.st.Drops, in)
		list[i] = a
	}
	for n, k := range sc.links {
		if k == nil {
			continue
		}
		for _, d := range k.directions() {
			if d.from != nil {
				a := list[d.from.id]
				a.written += d.written
				a.lost += d.written - d.arrived
				if d.tornOut {
					a.tornOut++
				}
			}
			if d.to == nil {
				continue
			}
			a := list[d.to.id]
			if d.to.isRefused(n) {
				a.fromRefused += d.arrived
				continue
			}
			a.arrived += d.arrived
			if d.tornIn {
				a.tornIn++
			}
		}
	}
	return list
}

func (l *instance) isRefused(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused[n]
}

// sendsCopies reports whether the socket sends a copy to each peer.
func (l *instance) sendsCopies() bool { return is(l.node.typ, publishers...) }

// checkMoment checks what holds at every moment at which no goroutine runs.
func (sc *script) checkMoment() {
	for _, a := range sc.accounts() {
		l, st := a.l, a.st
		if sum := int(st.MessagesWritten) + st.QueuedSend + a.dropped; !l.sendsCopies() && !l.sc.inproc && int(st.MessagesSent) != sum {
			sc.errorf("%v, after %v: accepted %d, but written %d + queued %d + dropped %d: %v %+v",
				l, sc.injected[len(sc.injected)-1], st.MessagesSent, st.MessagesWritten, st.QueuedSend, a.dropped, st.Drops, l.PeerStats())
		}
		if in := int(st.MessagesReceived) + st.QueuedRecv + a.droppedIn; !l.generates() && !sc.inproc && in > a.arrived+a.fromRefused {
			sc.errorf("%v, meanwhile: arrived %d, but received %d + queued %d + dropped %d", l, a.arrived, st.MessagesReceived, st.QueuedRecv, a.droppedIn)
		}
		if !sc.inproc && int(st.MessagesWritten) > a.written {
			sc.errorf("%v, meanwhile: counted %d written messages of %d", l, st.MessagesWritten, a.written)
		}
		var queued, written, received int
		for _, p := range l.PeerStats() {
			queued += p.QueuedSend
			written += int(p.MessagesWritten)
			received += int(p.MessagesReceived)
		}
		// A message of an earlier connection that a loop has taken and not reached is
		// queued, and counts as taken from the queue of the peer.
		if queued > st.QueuedSend || written > int(st.MessagesWritten) || received > int(st.MessagesReceived)+st.QueuedRecv+a.droppedIn {
			sc.errorf("%v, meanwhile: all peers have %d queued, %d written, %d received: %+v", l, queued, written, received, st)
		}
	}
}

// generates reports whether the socket receives messages that no peer sent.
func (l *instance) generates() bool { return l.node.typ == zmq.TypeXPub }

func (l *instance) String() string {
	return fmt.Sprintf("socket %d (%v %d)", l.id, l.node.typ, l.node.n)
}

// check checks what holds when no message is in flight, with the sockets of the
// nodes open or closed.
func (sc *script) check(open bool) {
	list := sc.accounts()
	for _, a := range list {
		a.checkSent()
		a.checkReceived()
		if sc.events {
			a.l.checkEvents(a.st)
		}
		if open && !a.l.closed {
			a.l.checkPeers(a.st)
		}
	}
	sc.checkTotal(list)
	if sc.publishes() && !sc.inproc {
		sc.checkGaps(list)
		if open && sc.lossless {
			sc.checkCopies(list)
		}
	}
}

func (a *account) checkSent() {
	l, sc, st := a.l, a.l.sc, a.st
	l.mu.Lock()
	sent, most := l.sent, l.sent+l.maybeSent
	l.mu.Unlock()
	if n := int(st.MessagesSent); n < sent || n > most {
		sc.errorf("%v: counted %d messages sent, want %d to %d", l, n, sent, most)
	}
	if st.QueuedSend != 0 {
		sc.errorf("%v: %d messages are still queued", l, st.QueuedSend)
	}
	if n := int(st.MessagesWritten) + st.QueuedSend + a.dropped; !l.sendsCopies() && int(st.MessagesSent) != n {
		sc.errorf("%v: accepted %d = written %d + dropped %d + unexplained %d; drops %v",
			l, st.MessagesSent, st.MessagesWritten, a.dropped, int(st.MessagesSent)-n, st.Drops)
	}
	if sc.inproc {
		return
	}
	if int(st.MessagesWritten) != a.written {
		sc.errorf("%v: counted %d messages written, the network %d", l, st.MessagesWritten, a.written)
	}
	if n := int(st.Drops[zmq.DropInFlight]); n != a.tornOut && sc.security != curveSecurity {
		sc.errorf("%v: counted %d messages in flight, the network %d", l, n, a.tornOut)
	}
}

func (a *account) checkReceived() {
	l, sc, st := a.l, a.l.sc, a.st
	l.mu.Lock()
	got := l.got
	l.mu.Unlock()
	if int(st.MessagesReceived) != got {
		sc.errorf("%v: counted %d messages received, want %d", l, st.MessagesReceived, got)
	}
	if l.closed && st.QueuedRecv != 0 {
		sc.errorf("%v: %d messages are in the queues of a closed socket", l, st.QueuedRecv)
	}
	if sc.inproc || l.generates() {
		return
	}
	if n := int(st.MessagesReceived) + st.QueuedRecv + a.droppedIn; n != a.arrived {
		sc.errorf("%v: arrived %d = received %d + queued %d + dropped %d + unexplained %d; drops %v",
			l, a.arrived, st.MessagesReceived, st.QueuedRecv, a.droppedIn, a.arrived-n, st.Drops)
	}
	if n := int(st.Drops[zmq.DropPartial]); n != a.tornIn && sc.security != curveSecurity {
		sc.errorf("%v: counted %d messages received in part, the network %d", l, n, a.tornIn)
	}
	if n := int(st.Drops[zmq.DropRefused]); n > a.fromRefused {
		sc.errorf("%v: counted %d messages of refused peers, the network %d", l, n, a.fromRefused)
	}
}

// checkPeers compares the counters of each connected peer with the messages on its
// connections.
func (l *instance) checkPeers(st zmq.Stats) {
	sc := l.sc
	peers := l.PeerStats()
	if len(peers) != st.Peers {
		sc.errorf("%v: PeerStats has %d peers, Stats %d", l, len(peers), st.Peers)
	}
	if sc.inproc {
		return
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	for _, p := range peers {
		written, arrived := l.carried(p)
		in := afterArrival
		if l.conflatesIn() {
			in = append([]zmq.DropReason{zmq.DropConflated}, in...)
		}
		if int(p.MessagesWritten) != written && !(l.rejoined && int(p.MessagesWritten) < written) {
			sc.problems = append(sc.problems, fmt.Sprintf("%v, peer %v: counted %d messages written, the network %d",
				l, p.Peer, p.MessagesWritten, written))
		}
		if n := int(p.MessagesReceived) + p.QueuedRecv + sum(p.Drops, in); n != arrived && !(l.rejoined && n < arrived) && !l.generates() {
			sc.problems = append(sc.problems, fmt.Sprintf("%v, peer %v: arrived %d = received %d + queued %d + dropped %v + unexplained %d",
				l, p.Peer, arrived, p.MessagesReceived, p.QueuedRecv, p.Drops, arrived-n))
		}
	}
}

// carried returns the numbers of messages that the network carried to and from a
// peer: for an accepted peer those of its connection, for a connected endpoint those
// of all connections since Connect, and after a Disconnect perhaps also those that the
// earlier endpoint made for its queue. The caller holds sc.mu.
func (l *instance) carried(p zmq.PeerStats) (written, arrived int) {
	add := func(k *link) {
		for _, d := range k.directions() {
			if d.from == l {
				written += d.written
			}
			if d.to == l {
				arrived += d.arrived
			}
		}
	}
	if n := ordinal(p.Peer.RemoteAddr()); n >= 0 {
		add(l.sc.links[n])
		return written, arrived
	}
	for n := range len(l.sc.links) {
		k := l.sc.links[n]
		if k == nil || k.dialer != l || k.epoch != l.epoch || k.Addr() != p.Peer.RemoteAddr().String() {
			continue
		}
		if l.sc.immediate {
			written, arrived = 0, 0 // a queue for each connection
		}
		add(k)
	}
	return written, arrived
}

// checkEvents compares the events with the counters.
func (l *instance) checkEvents(st zmq.Stats) {
	sc := l.sc
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := make(map[zmq.EventKind]uint64)
	for _, ev := range l.events {
		counts[ev.Kind]++
		if ev.Missed > 0 {
			sc.errorf("%v: %d events are missing before %v", l, ev.Missed, ev.Kind)
		}
	}
	for kind, n := range st.Events {
		if counts[kind] != n {
			sc.errorf("%v: counted %d events %v, want %d", l, n, kind, counts[kind])
		}
	}
	if n := int(counts[zmq.EventReady]) - int(counts[zmq.EventDisconnected]); n != st.Peers {
		sc.errorf("%v: %d events ready and %d disconnected, but %d peers",
			l, counts[zmq.EventReady], counts[zmq.EventDisconnected], st.Peers)
	}
}

// totals are the sums over all sockets of a script, or of all scripts.
type totals struct {
	scripts                      int
	accepted, received, moved    int
	queued, lost, drops, refused int
	unexplained                  int
	reasons                      map[zmq.DropReason]int
}

// checkTotal checks the equation of all sockets, with what the actors recorded on
// one side, and the public counters and the network on the other.
func (sc *script) checkTotal(list []*account) {
	var t totals
	t.reasons = make(map[zmq.DropReason]int)
	maybe := 0
	seen := make(map[uint32]int)
	for _, a := range list {
		l := a.l
		l.mu.Lock()
		t.accepted += l.sent
		maybe += l.maybeSent
		t.received += l.got - l.generated
		for sender, set := range l.seen {
			from := list[sender].l
			for i, word := range *set {
				for b := range uint32(64) {
					seq := uint32(i)*64 + b
					if word&(1<<b) == 0 {
						continue
					}
					seen[sender]++
					if from == l || !from.accepted.has(seq) && !from.maybe.has(seq) {
						sc.errorf("%v: message %v was delivered, but never sent", l, label{sender, seq})
					}
				}
			}
		}
		l.mu.Unlock()
		if l.generates() { // the subscriptions in its queue are not those of peers
			a.st.QueuedRecv, a.droppedIn = 0, 0
		}
		t.queued += a.st.QueuedSend + a.st.QueuedRecv
		t.lost += a.lost
		t.refused += a.fromRefused
		t.moved += a.arrived
		t.drops += a.dropped + a.droppedIn
		for why, n := range a.st.Drops {
			t.reasons[why] += int(n)
		}
	}
	if sc.publishes() {
		t.accepted = 0 // copies
		for _, a := range list {
			t.accepted += int(a.st.MessagesWritten) + a.st.QueuedSend + a.dropped
		}
	}
	t.unexplained = t.accepted - t.received - t.queued - t.drops - t.lost - t.refused
	if t.unexplained > 0 || t.unexplained < -maybe {
		sc.errorf("accepted %d (and %d perhaps) = received %d + queued %d + dropped %d + lost on the network %d + of refused peers %d + unexplained %d; drops %v",
			t.accepted, maybe, t.received, t.queued, t.drops, t.lost, t.refused, t.unexplained, t.reasons)
	}
	t.unexplained = max(t.unexplained, 0)
	sc.result = t
}

// checkGaps checks that between two messages that a subscriber received over a
// connection that a publisher accepted, no other is missing that was not dropped.
func (sc *script) checkGaps(list []*account) {
	gaps, dropped := 0, 0
	for _, a := range list {
		dropped += int(a.st.Drops[zmq.DropHWM] + a.st.Drops[zmq.DropConflated])
		for s, v := range a.l.last {
			from := list[s.sender].l
			if from.sendsCopies() && from.node.connects() == nil {
				gaps += from.matches(a.l.topic, v.first, v.last+1) - v.n
			}
		}
	}
	if gaps > dropped {
		sc.errorf("%d messages are missing between others, but only %d were dropped", gaps, dropped)
	}
}

// checkCopies checks a script in which the publishers waited for their subscribers
// and no connection was lost: each subscriber has each message, unless it was
// dropped.
func (sc *script) checkCopies(list []*account) {
	copies, received, dropped := 0, 0, 0
	for _, a := range list {
		dropped += a.dropped + a.droppedIn
		if a.l.sendsCopies() {
			continue
		}
		received += a.l.got
		for _, b := range list {
			if b.l.sendsCopies() {
				copies += b.l.matches(a.l.topic, 0, b.l.seq)
			}
		}
	}
	if copies != received+dropped {
		sc.errorf("without lost connections, %d copies = received %d + dropped %d + unexplained %d",
			copies, received, dropped, copies-received-dropped)
	}
}

// matches returns the number of accepted messages in a range that match a topic.
func (l *instance) matches(topic string, from, to uint32) (n int) {
	for seq := from; seq < to; seq++ {
		if l.accepted.has(seq) && (topic == "" || l.matching.has(seq)) {
			n++
		}
	}
	return n
}
