package socket_test

import (
	"fmt"
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// The oracle compares the counters of all sockets with the recorded bytes of all
// connections (the tapes). A message is
//
//	written    if it is whole on a tape's Written,
//	in flight  if only a part of it is,
//	arrived    if it is whole on a tape's Read,
//	destroyed  if it was written and has not arrived.
//
// For the sending and for the receiving socket these equations must hold:
//
//	accepted = written + in flight + dropped by the sender, for its reasons
//	arrived  = delivered + dropped by the receiver, for its reasons
//
// A message in flight counts as one drop, and so does a message received in
// part. The sockets cannot count destroyed messages. The tapes show them: they
// end after the last byte read.

// wireCounts counts the messages of one socket on its connections.
type wireCounts struct {
	written  map[label]int
	inFlight int
	arrived  map[label]int
	partial  int
}

var senderReasons = []pipe.Drop{pipe.DropHWM, pipe.DropNoRoute, pipe.DropConnLost, pipe.DropLinger, pipe.DropRequester}

var receiverReasons = []pipe.Drop{pipe.DropUnread, pipe.DropStaleReply, pipe.DropFiltered, pipe.DropUpstream}

// check compares the counters of all sockets after a script.
func (sc *script) check() {
	counts := sc.read()
	for _, l := range sc.instances {
		b := counts[l]
		l.checkSent(b)
		l.checkReceived(b)
		l.checkOrder()
	}
	if sc.lossless {
		sc.checkLossless(counts)
	}
}

// read counts the messages of every socket in the recorded bytes.
func (sc *script) read() map[*instance]*wireCounts {
	counts := make(map[*instance]*wireCounts)
	for _, l := range sc.instances {
		counts[l] = &wireCounts{written: make(map[label]int), arrived: make(map[label]int)}
	}
	for _, w := range sc.tap.Wires() {
		dialer, _ := w.Dialer.(*instance)
		acceptor, _ := w.Acceptor.(*instance)
		sc.readTape(counts, w.Ordinal, &w.Up, dialer, acceptor)
		sc.readTape(counts, w.Ordinal, &w.Down, acceptor, dialer)
	}
	return counts
}

func (sc *script) readTape(counts map[*instance]*wireCounts, ordinal int, t *st.Tape, from, to *instance) {
	what := fmt.Sprintf("connection %d", ordinal)
	if len(t.Read) > len(t.Written) || string(t.Read) != string(t.Written[:len(t.Read)]) {
		sc.Errorf("%s: the network altered bytes", what)
	}
	if from != nil {
		whole, cut := st.Parse(t.Written)
		last := uint32(0)
		for _, m := range whole {
			l, err := examine(m.Frames)
			switch {
			case err != nil:
				sc.Errorf("%s, byte %d: %v", what, m.Start, err)
			case l.sender != from.id:
				sc.Errorf("%s: socket %d sent a message of socket %d", what, from.id, l.sender)
			case l.seq <= last && !from.concurrent():
				sc.Errorf("%s: message %v written after %d", what, l, last)
			}
			last = l.seq
			counts[from].written[l]++
		}
		if cut != nil {
			counts[from].inFlight++
		}
	}
	if to == nil || to.refused[ordinal] {
		return
	}
	whole, cut := st.Parse(t.Read)
	for _, m := range whole {
		l, _ := examine(m.Frames)
		counts[to].arrived[l]++
	}
	if cut != nil {
		counts[to].partial++
	}
}

func (l *instance) count(reasons ...pipe.Drop) (n int) {
	drops := l.Stats().Drops
	for _, why := range reasons {
		n += int(drops[why])
	}
	return n
}

// checkSent checks the counters of a socket as a sender.
func (l *instance) checkSent(b *wireCounts) {
	sc := l.sc
	total := 0
	for this, n := range b.written {
		total += n
		switch {
		case l.failed[this]:
			sc.Errorf("socket %d: message %v was written although Send failed", l.id, this)
		case !l.accepted[this] && !l.maybeSent[this]:
			sc.Errorf("socket %d: message %v was written but never sent", l.id, this)
		case n > 1 && l.Type() != pattern.PUB:
			sc.Errorf("socket %d: message %v was written %d times", l.id, this, n)
		}
	}
	s := l.Stats()
	if got := l.count(pipe.DropInFlight); got != b.inFlight {
		sc.Errorf("socket %d: counted %d messages in flight, want %d", l.id, got, b.inFlight)
	}
	if len(l.maybeSent) == 0 && int(s.MsgsSent) != len(l.accepted) {
		sc.Errorf("socket %d: counted %d messages sent, want %d", l.id, s.MsgsSent, len(l.accepted))
	}
	if s.QueuedSend != 0 {
		sc.Errorf("socket %d: %d messages queued after Close", l.id, s.QueuedSend)
	}
	if l.Type() == pattern.PUB {
		return // the number of copies is not known
	}
	if lost := l.count(senderReasons...); int(s.MsgsSent) != total+b.inFlight+lost {
		sc.Errorf("socket %d (%s): accepted %d = written %d + in flight %d + dropped %d + unexplained %d\n\tdrops %v",
			l.id, pattern.Types[l.Type()].Name, s.MsgsSent, total, b.inFlight, lost, int(s.MsgsSent)-total-b.inFlight-lost, s.Drops)
	}
}

// checkReceived checks the counters of a socket as a receiver.
func (l *instance) checkReceived(b *wireCounts) {
	sc := l.sc
	seen := make(map[delivery]bool)
	for _, d := range l.delivered {
		key := d
		if l.Type() != pattern.SUB || !l.rejoined {
			key.from = nil // otherwise two connections may have had the subscription at the same time
		}
		if seen[key] {
			sc.Errorf("socket %d: message %v delivered twice", l.id, d.label)
		}
		seen[key] = true
		if b.arrived[d.label] == 0 {
			sc.Errorf("socket %d: message %v delivered but never read from a connection", l.id, d.label)
		}
	}
	s := l.Stats()
	if int(s.MsgsReceived) != len(l.delivered) {
		sc.Errorf("socket %d: counted %d messages received, want %d", l.id, s.MsgsReceived, len(l.delivered))
	}
	if got := l.count(pipe.DropPartial); got != b.partial {
		sc.Errorf("socket %d: counted %d messages received in part, want %d", l.id, got, b.partial)
	}
	arrived := 0
	for _, n := range b.arrived {
		arrived += n
	}
	if lost := l.count(receiverReasons...); arrived != len(l.delivered)+lost {
		sc.Errorf("socket %d (%s): arrived %d = delivered %d + dropped %d + unexplained %d\n\tdrops %v",
			l.id, pattern.Types[l.Type()].Name, arrived, len(l.delivered), lost, arrived-len(l.delivered)-lost, s.Drops)
	}
}

// checkOrder checks that messages of one sender over one connection were
// received in order. Concurrent calls of a REQ have no order.
func (l *instance) checkOrder() {
	if l.concurrent() {
		return
	}
	type stream struct {
		from   *msg.Peer
		sender uint32
	}
	last := make(map[stream]uint32)
	overall := make(map[uint32]uint32)
	for _, d := range l.delivered {
		s := stream{d.from, d.sender}
		if d.seq <= last[s] {
			l.sc.Errorf("socket %d: message %v delivered after %d of the same connection", l.id, d.label, last[s])
		}
		last[s] = d.seq
		// A connecting socket keeps one pipe to its peer across reconnections.
		connected := (l.node.n == 0) != l.sc.hubBinds
		if connected && d.seq <= overall[d.sender] && !l.rejoined {
			l.sc.Errorf("socket %d: message %v delivered after %d", l.id, d.label, overall[d.sender])
		}
		overall[d.sender] = d.seq
	}
}

// checkLossless checks a script in which no fault drops a message.
func (sc *script) checkLossless(counts map[*instance]*wireCounts) {
	var sent, got, lost int
	for _, l := range sc.instances {
		s := l.Stats()
		n := int(s.MsgsSent)
		if l.Type() == pattern.PUB {
			n = len(l.accepted) * sc.spokes
		}
		sent += n
		got += len(l.delivered)
		lost += l.count(pipe.DropHWM, pipe.DropStaleReply, pipe.DropUnread, pipe.DropInFlight, pipe.DropLinger, pipe.DropConnLost)
		for why := range pipe.NumDrops {
			var allowed []pipe.Drop
			switch l.Type() {
			case pattern.REQ: // of cancelled Calls, also with replies received in part
				allowed = []pipe.Drop{pipe.DropStaleReply, pipe.DropUnread, pipe.DropPartial}
			case pattern.REP:
				allowed = []pipe.Drop{pipe.DropHWM, pipe.DropInFlight, pipe.DropLinger, pipe.DropConnLost}
			case pattern.PUB:
				allowed = []pipe.Drop{pipe.DropHWM}
			}
			if n := l.count(why); n > 0 && !slices.Contains(allowed, why) {
				sc.Errorf("socket %d: %d messages dropped for %v on a network without faults", l.id, n, why)
			}
		}
	}
	if replies := sc.hub == pattern.REQ || sc.hub == pattern.REP; sent < got+lost || sent > got+lost && !replies {
		// A reply to a cancelled Call may be in flight when its REQ closes.
		sc.Errorf("without faults %d messages were accepted, %d delivered, %d dropped", sent, got, lost)
	}
}

// concurrent reports whether the messages of the socket are sent or caused by
// concurrent callers of a REQ, which have no order.
func (l *instance) concurrent() bool {
	return l.Type() == pattern.REQ || l.Type() == pattern.REP
}
